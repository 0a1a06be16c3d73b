# Sourced by scripts/quickstart and scripts/test: the Debian packages that Hob is built and tested with, and
# how one is installed when it is missing. Everything here prints to standard error.

hob_build_packages=(
  build-essential cmake ninja-build ccache pkg-config git
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libboost-filesystem1.81-dev
  liblua5.4-dev libcurl4-openssl-dev libyaml-cpp-dev libhowardhinnant-date-dev libsqlite3-dev libfmt-dev libssl-dev libcli11-dev
  libsodium-dev libmuparser-dev libstemmer-dev libutf8proc-dev libhnswlib-dev prometheus-cpp-dev libvalijson-dev libedit-dev libsystemd-dev libseccomp-dev
)
hob_test_packages=(catch2 curl systemd python3 abigail-tools)

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root to run: $* (become root, or install sudo)"
  fi
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_missing PACKAGE...: asks for root only when something is missing.
install_missing() {
  local missing=() package
  command -v dpkg-query >/dev/null || die "this needs Debian 12 or a relative of it; elsewhere build by hand, see README.md"
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "Installing ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 update </dev/null >&2 ||
    say "apt-get update failed; going on with the package lists that are there"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 \
    install "${missing[@]}" </dev/null >&2 || die "could not install: ${missing[*]}"
}

# How many compilers at once: one a core, but a large file takes more than 1 GiB.
build_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo 2>/dev/null)
  [ "${memory:-1}" -ge 1 ] || memory=1
  echo $((cores < memory ? cores : memory))
}
