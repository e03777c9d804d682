#!/bin/sh
# Starts Chromium as people have it: Playwright turns storage partitioning off, and that is what a frame's storage is.
for arg in "$@"; do
  shift
  set -- "$@" "$(printf %s "$arg" | sed 's/ThirdPartyStoragePartitioning,\{0,1\}//')"
done
exec "$CHROMIUM" "$@"
