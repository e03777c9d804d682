#!/usr/bin/env bash
# Runs every check and test on what has been built, and closes with the sums; the work behind `make test`.
# What the machine lacks is installed where that is allowed, else left out and said; with CI=1 leaving out is a failure.
set -uo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
cd "$root"
. scripts/machine.sh
export NO_COLOR=1
log=$(mktemp -d "${TMPDIR:-/tmp}/securechat-test.XXXXXX")
trap 'rm -rf "$log"' EXIT

skips=()
broken=()
left_out() { skips+=("$1") && echo "left out: $1"; }

# Runs one part, keeping what it prints for the sums.
part() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  "$@" 2>&1 | tee "$log/$name"
  [ "${PIPESTATUS[0]}" = 0 ] || broken+=("$name")
}

race=()
export CGO_ENABLED=0
if find_compiler >/dev/null || { apt_install gcc libc6-dev && find_compiler >/dev/null; }; then
  race=(-race)
  export CGO_ENABLED=1
else
  left_out 'the race detector: no C compiler'
fi
[ -n "${TEST_POSTGRES_URL:-}" ] || left_out 'the contracts on PostgreSQL: no server'
[ -n "${TEST_REDIS:-}" ] || left_out 'the contracts on Redis: no server'
find_chromium >/dev/null || apt_install chromium
CHROMIUM=$(find_chromium) || left_out 'the widget in a browser: no Chromium'
export CHROMIUM

go_tests() {
  (cd apps/proxy-server && go test -json "${race[@]}" -timeout 20m ./...) | node scripts/go-tally.js
}
unit_tests() { pnpm -r --workspace-concurrency=1 --if-present run test; }
browser_tests() { pnpm --filter tests run e2e; }

part checks scripts/check.sh
part units unit_tests
part go go_tests
part infrastructure scripts/check-infra.sh
[ -z "$CHROMIUM" ] || part browser browser_tests

# Every runner closes with a line such as "Tests  1 failed | 41 passed (42)" or "go: 41 passed, 1 failed".
sum() {
  sed -E 's/\x1b\[[0-9;]*m//g' "$log"/* 2>/dev/null |
    grep -E '(^|[^a-z])(Tests  |go: |checks: )' | grep -oE "[0-9]+ $1" | awk '{ n += $1 } END { print n + 0 }'
}
passed=$(sum passed) failed=$(sum failed) skipped=$(($(sum skipped) + ${#skips[@]}))

echo
for name in "${broken[@]}"; do echo "failed: $name"; done
for reason in "${skips[@]}"; do echo "left out: $reason"; done
[ "${#broken[@]}" = 0 ] || [ "$failed" -gt 0 ] || failed=${#broken[@]}
if [ "$skipped" -gt 0 ]; then
  echo "$skipped skipped"
  case ${CI:-} in 1 | true) failed=$((failed + skipped)) ;; esac
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "${#broken[@]}" = 0 ]
