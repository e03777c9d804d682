#!/usr/bin/env bash
# Makes the secrets that the compose files mount, once: in secrets/ beside this file, which only you may enter. What is there stays.
# The key file belongs to you alone; so .env says that the server runs as you. Back the folder up apart from the database.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
umask 077
mkdir -p secrets

# Mounted files keep their owner and mode, and most images run as users of their own: the folder's mode protects these.
put() {
  [ -e "secrets/$1" ] && cat >/dev/null && return
  cat >"secrets/$1"
  chmod 0444 "secrets/$1"
  echo "made secrets/$1"
}
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
content() { cat "secrets/$1"; }

random | put postgres_password
printf 'postgres://securechat:%s@postgres:5432/securechat?sslmode=disable' "$(content postgres_password)" | put database_url
printf 'requirepass %s\n' "$(random)" | put valkey.conf
printf 'redis://:%s@valkey:6379' "$(sed -n 's/^requirepass //p' secrets/valkey.conf)" | put redis_url
printf 'ROOT_ACCESS_KEY=securechat\nROOT_SECRET_KEY=%s\n' "$(random)" | put s3.env
s3_secret=$(sed -n 's/^ROOT_SECRET_KEY=//p' secrets/s3.env)
printf 'http://securechat:%s@s3:7070/securechat' "$s3_secret" | put s3_url
put bucket.conf <<END
url = "http://s3:7070/securechat"
request = PUT
user = "securechat:$s3_secret"
aws-sigv4 = "aws:amz:us-east-1:s3"
header = "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
retry = 30
retry-delay = 1
retry-all-errors
silent
show-error
END
random | put n8n_encryption_key
random | put n8n_jwt

# The server refuses a key file that others may read, so this one is yours alone.
if [ ! -e secrets/key.json ]; then
  binary=../../apps/proxy-server/bin/securechat
  if [ -x "$binary" ]; then
    "$binary" key >secrets/key.json.new
  else
    docker run --rm "${SECURECHAT_IMAGE:-securechat}" key >secrets/key.json.new
  fi
  chmod 0400 secrets/key.json.new
  mv secrets/key.json.new secrets/key.json
  echo "made secrets/key.json"
fi

touch .env
if ! grep -q '^SECURECHAT_USER=' .env; then
  echo "SECURECHAT_USER=$(id -u):$(id -g)" >>.env
  echo "added SECURECHAT_USER to .env"
fi
