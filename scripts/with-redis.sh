#!/usr/bin/env bash
# Runs a command with TEST_REDIS naming a Redis 7 or Valkey as host:port: the one given, a running one, or a private one that ends with the command.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
. "$root/scripts/machine.sh"

if [ -n "${TEST_REDIS:-}" ]; then
  export TEST_REDIS
  exec "$@"
fi

# Older ones lack what the scripts use.
fits() { has redis-cli && redis-cli -h 127.0.0.1 -p "$1" info server 2>/dev/null | grep -qE '^redis_version:([7-9]|[1-9][0-9])\.'; }

if fits 6379; then
  export TEST_REDIS=127.0.0.1:6379
  exec "$@"
fi

if ! has redis-server && ! has valkey-server; then apt_install redis-server || true; fi
program=$(command -v redis-server || command -v valkey-server) || {
  echo "with-redis: no Redis here, and none can be installed" >&2
  exec "$@"
}

home=$(mktemp -d "${TMPDIR:-/tmp}/securechat-redis.XXXXXX")
port=$(free_port)
echo "with-redis: starting a private Redis on port $port" >&2
"$program" --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$home" >"$home/log" 2>&1 &
server=$!
end() {
  kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
  rm -rf "$home"
}
trap end EXIT
trap 'exit 130' INT TERM
for _ in $(seq 100); do
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  kill -0 "$server" 2>/dev/null || { cat "$home/log" >&2 && exit 1; }
  sleep 0.1
done
export TEST_REDIS=127.0.0.1:$port
"$@"
