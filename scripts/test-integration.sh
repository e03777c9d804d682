#!/usr/bin/env bash
# Installs a real n8n once (ten minutes, 3 GB), then tries the built securechat against it, failures and a power cut included.
# N8N_APP_DIR names another folder in which npm has installed n8n.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
cd "$root"
. scripts/machine.sh
scripts/setup.sh

version=2.41.1
home=${XDG_CACHE_HOME:-$HOME/.cache}/securechat-n8n
export N8N_APP_DIR=${N8N_APP_DIR:-$home/app}

# n8n asks for Node 24, and its SQLite is built against that very Node's headers.
package=node-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
node_home=$home/node/node_modules/$package
export N8N_NODE=$node_home/bin/node
quietly() { npm "$@" --no-audit --no-fund --loglevel=error; }

if [ ! -x "$N8N_NODE" ]; then
  mkdir -p "$home/node"
  quietly install --prefix "$home/node" "$package@24"
fi
if [ ! -f "$N8N_APP_DIR/.installed" ]; then
  echo "test-integration: installing n8n $version into $N8N_APP_DIR" >&2
  mkdir -p "$N8N_APP_DIR"
  PATH=$node_home/bin:$PATH
  quietly install --prefix "$N8N_APP_DIR" "n8n@$version" --ignore-scripts
  (cd "$N8N_APP_DIR/node_modules/sqlite3" && npx node-gyp rebuild --nodedir="$node_home" >/dev/null)
  touch "$N8N_APP_DIR/.installed"
fi

[ -x apps/proxy-server/bin/securechat ] || make build
pnpm --filter tests run integration
