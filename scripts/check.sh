#!/usr/bin/env bash
# Runs the checks that need no running program, all of them, and says which failed; the work behind `make check`.
set -uo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
cd "$root"
. scripts/machine.sh
export NO_COLOR=1

passed=0 failed=0
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    printf '  ok    %s\n' "$name"
    passed=$((passed + 1))
  else
    printf '  FAIL  %s\n%s\n' "$name" "$output"
    failed=$((failed + 1))
  fi
}

in_server() { (cd apps/proxy-server && "$@"); }
gofmt_clean() {
  local files
  files=$(in_server gofmt -l cmd internal)
  [ -z "$files" ] || { printf 'not formatted:\n%s\n' "$files" && return 1; }
}
module_tidy() { in_server go mod tidy -diff; }
shell_parses() { local f && for f in scripts/*.sh .ci/run; do bash -n "$f" || return 1; done; }
# Evaluates how each script finds the clone, as if it were called by a link that lies elsewhere.
shell_follows_links() {
  local f there lost=0
  there=$(mktemp -d) || return 1
  for f in scripts/*.sh .ci/run; do
    [ -x "$f" ] || continue
    ln -sf "$root/$f" "$there/link"
    [ "$(bash -c "$(grep '^root=' "$f")"'; echo "$root"' "$there/link")" = "$root" ] || { echo "$f called by a link does not find the clone" && lost=1; }
  done
  rm -r "$there"
  return $lost
}

echo "checks"
check 'gofmt' gofmt_clean
check 'go vet' in_server go vet ./...
check 'go mod tidy' module_tidy
check 'types and TypeScript import directions' pnpm exec turbo run check --output-logs=errors-only
check 'biome' pnpm run lint
check 'unused code' pnpm run unused
check 'package versions' pnpm run versions
check 'shell scripts parse' shell_parses
check 'shell scripts are found by links' shell_follows_links
echo "checks: $passed passed, $failed failed"
[ "$failed" = 0 ]
