#!/bin/sh
# Installs the system libraries that magnet is built with, where they are missing: simdjson, SQLite, zlib, libcurl and
# libyaml, from apt (Debian 12, Ubuntu); on macOS simdjson and libyaml from Homebrew, the others come with the system. Does
# nothing when all are there. Says what a swift that does not start may need. Called by make. `setup.sh tests` also installs what tests run: bubblewrap, archivers and others.
set -eu

if ! command -v swift >/dev/null 2>&1; then
  echo "setup: there is no swift on the PATH; install Swift 6.2 or later from https://www.swift.org/install" >&2
  exit 1
fi
if ! started=$(swift --version 2>&1); then
  echo "setup: the swift on the PATH does not start: $(echo "$started" | head -1)" >&2
  if [ -e /etc/debian_version ]; then
    echo "setup: what it needs itself may be missing. As root, run:" >&2
    echo "  apt-get update && apt-get install -y --no-install-recommends binutils-gold gcc git libcurl4-openssl-dev \\
    libedit-dev libncurses-dev libpython3-dev libsqlite3-dev libstdc++-12-dev libxml2-dev libz3-dev pkg-config tzdata \\
    zip zlib1g-dev" >&2
  else
    echo "setup: https://www.swift.org/install names the packages that it needs" >&2
  fi
  exit 1
fi

if [ "$(uname)" = Darwin ]; then
  brew list simdjson libyaml >/dev/null 2>&1 && exit 0
  echo "setup: brew install simdjson libyaml"
  exec brew install simdjson libyaml
fi

# Swift's own toolchain needs the C++ headers and library; the image it comes in has them, a bare one may not.
packages="libsimdjson-dev libsqlite3-dev zlib1g-dev libcurl4-openssl-dev libyaml-dev libstdc++-12-dev"
missing=
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ "${1:-}" = tests ]; then
  for tool in bwrap:bubblewrap zip:zip unzip:unzip bsdtar:libarchive-tools python3:python3 curl:curl openssl:openssl \
    script:bsdutils; do
    command -v "${tool%%:*}" >/dev/null 2>&1 || missing="$missing ${tool#*:}"
  done
fi
# Any release of the C++ library does.
ls -d /usr/include/c++/* >/dev/null 2>&1 && missing=$(echo "$missing" | sed 's/libstdc++-12-dev//')
missing=$(echo $missing)
[ -z "$missing" ] && exit 0

line="apt-get update && apt-get install -y --no-install-recommends $missing"
if [ "$(id -u)" = 0 ]; then
  run="sh -c"
elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
  run="sudo sh -c"
else
  echo "setup: magnet needs: $missing. As root, run:" >&2
  echo "  $line" >&2
  exit 1
fi
echo "setup: installing $missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! DEBIAN_FRONTEND=noninteractive $run "$line" >"$log" 2>&1; then
  cat "$log" >&2
  echo "setup: that failed. As root, run:" >&2
  echo "  $line" >&2
  exit 1
fi
