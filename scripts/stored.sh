# Where a server keeps what must not be lost, as its environment says; to be sourced where root names the clone.

stop() { echo "${0##*/}: $*" >&2 && exit 1; }

# The binary on the PATH, or the one that was built here.
securechat() {
  local binary
  binary=$(type -P securechat) || binary=$root/apps/proxy-server/bin/securechat
  "$binary" "$@"
}

# Prints a setting, given by itself or by a file.
setting() {
  local value=${!1:-} file=$1_FILE
  [ -n "$value" ] || [ -z "${!file:-}" ] || value=$(cat "${!file}")
  printf '%s' "$value"
}

data=$(setting SECURECHAT_DATA)
data=${data:-./data}

key_file() {
  local named
  named=$(setting SECURECHAT_KEY_FILE)
  printf '%s' "${named:-$data/key.json}"
}

# Says whether it is PostgreSQL, and sets url to its address, without the password: other users see a command's arguments.
database_url() {
  url=$(setting SECURECHAT_DATABASE_URL)
  [ -n "$url" ] || return 1
  if [[ $url =~ ^([a-z]+://[^:/@]*):([^@/]*)@(.*)$ ]]; then
    local password=${BASH_REMATCH[2]//\\/\\\\}
    PGPASSWORD=$(printf '%b' "${password//%/\\x}")
    export PGPASSWORD
    url=${BASH_REMATCH[1]}@${BASH_REMATCH[3]}
  fi
}
