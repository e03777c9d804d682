#!/usr/bin/env bash
# Finds Node and pnpm, or puts them into .cache/tools, and installs the packages that the lock file names.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
cd "$root"

tools=$PWD/.cache/tools
mkdir -p "$tools/bin"
export PATH=$tools/bin:$PATH

# What vite and vitest ask for.
node_is_new_enough() {
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 22 || (+a == 22 && +b >= 12) ? 0 : 1)' 2>/dev/null
}

# Each has a folder of its own: npm takes away what it did not put there itself.
# The links to them are relative, so that the clone may be moved.
fetch() {
  command -v npm >/dev/null || {
    echo "setup: npm is missing; it comes with Node, of which any version will do to begin with" >&2
    exit 1
  }
  echo "setup: taking $1 into .cache/tools" >&2
  mkdir -p "$tools/${1%@*}"
  npm install --prefix "$tools/${1%@*}" --no-save --no-package-lock --no-audit --no-fund --loglevel=error "$1" >&2
}

if ! node_is_new_enough; then
  system=$(uname -s | tr '[:upper:]' '[:lower:]')
  machine=$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
  fetch "node-$system-$machine@24"
  ln -sf "../node-$system-$machine/node_modules/node-$system-$machine/bin/node" "$tools/bin/node"
fi

# The version is the one that package.json pins.
pnpm_version=$(node -p 'require("./package.json").packageManager.split("@")[1]')
if [ "$(cd / && pnpm --version 2>/dev/null)" != "$pnpm_version" ]; then
  fetch "pnpm@$pnpm_version"
  ln -sf "../pnpm/node_modules/.bin/pnpm" "$tools/bin/pnpm"
fi

pnpm install --frozen-lockfile --reporter=append-only >"$tools/install.log" 2>&1 || {
  cat "$tools/install.log" >&2
  exit 1
}
