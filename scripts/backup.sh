#!/usr/bin/env bash
# Backs up what the environment names (SECURECHAT_DATABASE_URL, else SQLite in SECURECHAT_DATA) while servers are at work:
#   scripts/backup.sh FOLDER KEY_FOLDER
# The database and visitors' files go into a new folder in FOLDER, whose path is the last line printed; the key file goes into
# KEY_FOLDER. Neither is of use without the other, so let the two lie on different machines. scripts/restore.sh brings it back.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
. "$root/scripts/stored.sh"
umask 077

[ $# = 2 ] || stop 'usage: scripts/backup.sh FOLDER KEY_FOLDER'
mkdir -p "$1" "$2"
[ "$(cd "$1" && pwd -P)" != "$(cd "$2" && pwd -P)" ] || stop 'the key file must not lie beside the data that it opens: name two folders'

key=$(key_file)
[ -r "$key" ] || stop "the key file $key cannot be read"

backup=$(cd "$1" && pwd)/securechat-$(date -u +%Y%m%dT%H%M%SZ)
unfinished=$backup.unfinished
mkdir "$unfinished"
trap 'rm -rf "$unfinished"' EXIT

# The database first: a file is there before a message names it.
if database_url; then
  pg_dump --format=custom --no-owner --no-privileges --file="$unfinished/database.dump" --dbname="$url"
else
  securechat backup "$unfinished/database.db" >/dev/null
fi
if [ -d "$data/files" ]; then
  tar --create --file="$unfinished/files.tar" --directory="$data" files
fi
(cd "$unfinished" && sha256sum -- * >SHA256SUMS)
sync "$unfinished"/*

kept=$2/securechat-key-$(sha256sum <"$key" | cut -c1-16).json
[ -e "$kept" ] || cp "$key" "$kept"

mv "$unfinished" "$backup"
trap - EXIT
echo "the key file is $kept"
echo "$backup"
