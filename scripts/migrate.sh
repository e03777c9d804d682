#!/usr/bin/env bash
# Brings the database that the environment names (SECURECHAT_DATABASE_URL, else SQLite in SECURECHAT_DATA) to the present schema.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
binary=$root/apps/proxy-server/bin/securechat
[ -x "$binary" ] || make -C "$root" build
exec "$binary" migrate "$@"
