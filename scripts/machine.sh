# What the other scripts ask of the machine and tell their tools; to be sourced where root names the clone.

export PATH=$root/.cache/tools/bin:$PATH GOTOOLCHAIN=auto TURBO_TELEMETRY_DISABLED=1

has() { command -v "$1" >/dev/null 2>&1; }

# Installs Debian packages, where that is allowed.
apt_install() {
  has apt-get && [ "$(id -u)" = 0 ] || return 1
  apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

# Prints the first of the named programs that is there.
first_of() {
  local name
  for name in "$@"; do
    if has "$name"; then
      command -v "$name"
      return
    fi
  done
  return 1
}

find_chromium() { first_of chromium chromium-browser google-chrome-stable google-chrome; }

find_compiler() { first_of "${CC:-cc}" gcc clang; }

# Prints a port that nobody listens on at this moment.
free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}
