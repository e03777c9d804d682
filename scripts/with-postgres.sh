#!/usr/bin/env bash
# Runs a command with TEST_POSTGRES_URL naming a PostgreSQL: the one given, a running one, or a private one that ends with the command.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
. "$root/scripts/machine.sh"

lets_us_in() { has psql && PGCONNECT_TIMEOUT=3 psql "$1" -Atqc 'select 1' >/dev/null 2>&1; }

if [ -n "${TEST_POSTGRES_URL:-}" ]; then
  lets_us_in "$TEST_POSTGRES_URL" || echo "with-postgres: TEST_POSTGRES_URL cannot be tried from here; taken as it is" >&2
  export TEST_POSTGRES_URL
  exec "$@"
fi

for candidate in "postgres://$(id -un)@127.0.0.1:5432/test" "postgres://postgres@127.0.0.1:5432/postgres"; do
  if lets_us_in "$candidate?sslmode=disable"; then
    export TEST_POSTGRES_URL="$candidate?sslmode=disable"
    exec "$@"
  fi
done

# Debian keeps the server's programs off the PATH.
shopt -s nullglob
programs() { printf '%s:' /usr/lib/postgresql/*/bin | sed 's/:$//'; }
export PATH=$PATH:$(programs)
if ! has initdb && apt_install postgresql; then PATH=$PATH:$(programs); fi
if ! has initdb; then
  echo "with-postgres: no PostgreSQL here, and none can be installed" >&2
  exec "$@"
fi

home=$(mktemp -d "${TMPDIR:-/tmp}/securechat-postgres.XXXXXX")
port=$(free_port)
# The server refuses to run as root.
as_owner() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  owner=nobody
  id postgres >/dev/null 2>&1 && owner=postgres
  chown "$owner" "$home"
  as_owner() { setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups env HOME="$home" PATH="$PATH" "$@"; }
fi
end() {
  (cd "$home" && as_owner pg_ctl -D "$home/data" -m immediate stop >/dev/null 2>&1) || true
  rm -rf "$home"
}
trap end EXIT
trap 'exit 130' INT TERM

echo "with-postgres: starting a private PostgreSQL on port $port" >&2
(
  cd "$home"
  as_owner initdb -D "$home/data" -U postgres -A trust -E UTF8 --no-sync >/dev/null
  # What is in it is thrown away, so it need not reach the disk.
  as_owner pg_ctl -D "$home/data" -l "$home/log" -w \
    -o "-p $port -k $home -h 127.0.0.1 -c fsync=off -c full_page_writes=off -c max_connections=300" start >/dev/null
) || {
  cat "$home/log" >&2 2>/dev/null || true
  exit 1
}
export TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
"$@"
