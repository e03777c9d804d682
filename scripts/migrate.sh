#!/usr/bin/env bash
# Brings the database that the environment names (SECURECHAT_DATABASE_URL, else SQLite in SECURECHAT_DATA) to the present schema.
set -euo pipefail
binary=$(dirname "$0")/../apps/proxy-server/bin/securechat
[ -x "$binary" ] || make -C "$(dirname "$0")/.." build
exec "$binary" migrate "$@"
