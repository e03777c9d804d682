#!/usr/bin/env bash
# Brings back what scripts/backup.sh made, into the empty place that the environment names:
#   scripts/restore.sh BACKUP KEY_FILE
# That is SECURECHAT_DATABASE_URL, a database without tables, or else SECURECHAT_DATA. Nothing that is there is overwritten.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
. "$root/scripts/stored.sh"
umask 077

[ $# = 2 ] || stop 'usage: scripts/restore.sh BACKUP KEY_FILE'
backup=$1 key=$2
[ -r "$key" ] || stop "the key file $key cannot be read"
(cd "$backup" && sha256sum --check --quiet --strict SHA256SUMS) || stop "$backup is not as it was made"

mkdir -p "$data"
place=$(key_file)
[ ! -e "$place" ] || cmp -s "$key" "$place" || stop "$place is another key file than $key: move it away, if it opens nothing that you need"
[ ! -e "$data/files" ] || stop "there are files in $data already"

if database_url; then
  [ -e "$backup/database.dump" ] || stop "$backup is of SQLite, and SECURECHAT_DATABASE_URL names a PostgreSQL"
  tables=$(psql --dbname="$url" -Atqc "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
  [ "$tables" = 0 ] || stop "the database that SECURECHAT_DATABASE_URL names has $tables tables already: name an empty one"
  pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --dbname="$url" "$backup/database.dump"
else
  [ -e "$backup/database.db" ] || stop "$backup is of PostgreSQL: name one in SECURECHAT_DATABASE_URL"
  [ ! -e "$data/securechat.db" ] || stop "there is a database in $data already"
  cp "$backup/database.db" "$data/securechat.db"
fi
[ ! -e "$backup/files.tar" ] || tar --extract --file="$backup/files.tar" --directory="$data"
[ -e "$place" ] || cp "$key" "$place"
chmod go-rwx "$place" 2>/dev/null || true # a mounted one is as it is

# Reading the sites needs the right key: what each holds is sealed.
securechat site list >/dev/null || stop "the database is there again, but $key does not open it"
echo 'restored; securechat doctor looks at all of it'
