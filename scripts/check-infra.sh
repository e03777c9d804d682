#!/usr/bin/env bash
# Checks what deploys the server, as far as a machine without a cluster can: manifests, compose files, Dockerfile and workflows
# by the tools that read them; nginx and the backup scripts by using them. The work behind `make check-infra`.
# What the machine lacks is installed where that is allowed, else left out and said; with CI=1 leaving out is a failure.
set -uo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
cd "$root"
. scripts/machine.sh
export PATH=$PATH:/usr/sbin CHECKPOINT_DISABLE=1

has nginx || apt_install nginx-light || true
has pg_dump || apt_install postgresql-client || true
[ -x apps/proxy-server/bin/securechat ] || {
  echo 'check-infra: run `make build` first' >&2
  exit 1
}

# One package at a time: some are large to link.
check() {
  local stray
  cd infrastructure/check && stray=$(gofmt -l .) && go vet ./... || return 1
  [ -z "$stray" ] || { printf 'not formatted:\n%s\n' "$stray" && return 1; }
  go test -json -p 1 -timeout 15m -count=1 ./...
}
(check) | node scripts/go-tally.js
[ "${PIPESTATUS[0]}" = 0 ]
