#!/bin/sh
# Builds .build-dist/magnet-VERSION-SYSTEM-MACHINE.tar.gz: one binary that needs glibc and nothing else, README and licence.
# Swift, SQLite, zlib, libyaml, simdjson and the C++ library are in it; libcurl is loaded by what uses the network. Called
# by make dist, and by make dist-test, which starts the binary in a root that has glibc alone.
set -eu
cd "$(dirname "$0")"
scratch=$PWD/.build-dist
static=$scratch/static
version=$(sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/magnet-cli/Magnet.swift)
name=magnet-$version-$(uname -s | tr A-Z a-z)-$(uname -m)
binary=$scratch/$name/magnet

build() {
  if [ "$(uname)" = Darwin ]; then
    echo "dist: on macOS, make install builds a binary that needs Homebrew's simdjson and libyaml" >&2
    exit 1
  fi
  rm -rf "$static"
  mkdir -p "$static"
  # The linker takes the first library of a name, and swift build asks pkg-config where to look first: here.
  for library in sqlite3 z yaml stdc++; do
    file=$(c++ -print-file-name="lib$library.a")
    [ -f "$file" ] || { echo "dist: lib$library.a is missing; install its -dev package" >&2; exit 1; }
    ln -s "$file" "$static"
  done
  for package in sqlite3=sqlite3 zlib=z yaml-0.1=yaml; do
    printf 'Name: %s\nDescription: static\nVersion: 1\nLibs: -L%s -l%s\n' \
      "${package%=*}" "$static" "${package#*=}" >"$static/${package%=*}.pc"
  done
  export PKG_CONFIG_PATH="$static"
  file=$(c++ -print-file-name=libsimdjson.a)
  if [ -f "$file" ]; then ln -s "$file" "$static"; else build_simdjson; fi
  swift build -c release --product magnet --static-swift-stdlib --scratch-path "${DIST_BUILD:-$scratch/build}" \
    -Xswiftc -L"$static" -Xswiftc -Xclang-linker -Xswiftc -static-libgcc -Xswiftc -lstdc++
  mkdir -p "$scratch/$name"
  cp "$(swift build -c release --static-swift-stdlib --scratch-path "${DIST_BUILD:-$scratch/build}" --show-bin-path)/magnet" "$binary"
  strip "$binary"
  cp README.md CHANGELOG.md LICENSE "$scratch/$name"
  date=$(git log -1 --format=%ct 2>/dev/null || date +%s)
  tar -C "$scratch" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$date" -czf "$scratch/$name.tar.gz" "$name"
  check
  ls -l "$binary" "$scratch/$name.tar.gz"
}

# Debian's simdjson is shared only: its source, of the version whose header is installed.
build_simdjson() {
  installed=$(sed -n 's/^#define SIMDJSON_VERSION *"\{0,1\}\([0-9.]*\)"\{0,1\}$/\1/p' /usr/include/simdjson.h | head -1)
  if ! ls "$scratch"/simdjson/simdjson-*/singleheader/simdjson.cpp >/dev/null 2>&1; then
    apt=$scratch/simdjson/apt
    mkdir -p "$apt/lists/partial" "$apt/sources"
    # The sources of packages are where the packages themselves come from.
    for list in $(grep -lE 'debian|ubuntu' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null); do
      sed -e 's/^Types: deb$/Types: deb-src/' -e 's/^deb /deb-src /' "$list" >"$apt/sources/$(basename "$list")"
    done
    options="-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$apt/sources -o Dir::State::lists=$apt/lists"
    options="$options -o APT::Sandbox::User=root"
    (cd "$scratch/simdjson" && apt-get $options -qq update && apt-get $options -qq source --download-only simdjson) || {
      echo "dist: the source of simdjson cannot be had from Debian; put a libsimdjson.a where the linker looks" >&2
      exit 1
    }
    tar -C "$scratch/simdjson" -xzf "$scratch"/simdjson/simdjson_*.orig.tar.gz
  fi
  source=$(ls -d "$scratch"/simdjson/simdjson-*/singleheader)
  grep -q "SIMDJSON_VERSION.*$installed" "$source/simdjson.h" || {
    echo "dist: simdjson $installed is installed, and Debian's source is another version" >&2
    exit 1
  }
  c++ -std=c++17 -O3 -DNDEBUG -fPIC -I "$source" -c "$source/simdjson.cpp" -o "$static/simdjson.o"
  ar rcs "$static/libsimdjson.a" "$static/simdjson.o"
}

# Nothing but glibc is needed.
check() {
  others=$(ldd "$binary" | grep -vE 'linux-vdso|ld-linux|lib(c|m|dl|pthread|rt)\.so' || true)
  [ -z "$others" ] || { echo "dist: the binary needs more than glibc:" >&2; echo "$others" >&2; exit 1; }
}

# Starts the binary where nothing else is: in a root of glibc alone, with the libgcc_s that glibc itself loads to end a
# thread, and in one that debootstrap made, where that is installed.
test_root() {
  [ -x "$binary" ] || build
  check
  if [ "$(id -u)" != 0 ]; then
    echo "dist: only root may start a program in another root; skipped" >&2
    exit 0
  fi
  root=$scratch/glibc-root
  if [ ! -d "$root/lib/$(uname -m)-linux-gnu" ]; then
    mkdir -p "$root"
    (cd "$scratch" && apt-get -o APT::Sandbox::User=root -qq download libc6 libgcc-s1 &&
      for file in libc6_*.deb libgcc-s1_*.deb; do dpkg-deb -x "$file" "$root"; done)
  fi
  roots=$root
  if command -v debootstrap >/dev/null 2>&1; then
    root=$scratch/debian-root
    [ -x "$root/bin/sh" ] || debootstrap --variant=minbase bookworm "$root" >"$scratch/debootstrap.log" 2>&1 || {
      tail -3 "$scratch/debootstrap.log" >&2
      exit 1
    }
    roots="$roots $root"
  fi
  for root in $roots; do
    echo "dist: in $(basename "$root")"
    mkdir -p "$root/data" "$root/tmp" "$root/proc"
    rm -rf "$root/data/"*
    cp "$binary" "$root/data/magnet"
    cp -r Fixtures/benchmark_output/runs/plain-v1 Fixtures/cards "$root/data/"
    # Swift reads a program's arguments from /proc.
    in_root() {
      env -i HOME=/ PATH="$PATH:/usr/sbin:/sbin" unshare --mount sh -c \
        'mount -t proc proc "$1/proc" && root=$1 && shift && exec chroot "$root" /data/magnet "$@"' sh "$root" "$@"
    }
    in_root --version
    in_root --help >/dev/null
    [ "$(in_root sql /data/plain-v1 'SELECT count(*) > 100 FROM scores' | tail -1)" = 1 ]
    in_root table stats /data/plain-v1 -o /data/stats.parquet
    in_root export sqlite /data/runs.db /data/plain-v1
    in_root export parquet /data/lake /data/plain-v1
    scores=$(in_root headline /data/plain-v1 --format csv 2>/dev/null)
    [ "$(in_root headline /data/lake --format csv 2>/dev/null)" = "$scores" ]
    in_root archive /data/plain-v1 -o /data/plain.zip 2>/dev/null
    [ "$(in_root sql /data/plain.zip 'SELECT count(*) FROM runs' | tail -1)" -gt 0 ]
    [ "$(in_root sql /data/stats.parquet 'SELECT count(*) > 100 FROM scores' | tail -1)" = 1 ]
    in_root predict random /data/plain-v1 --format csv >/dev/null
    rm -f "$root/mine.yaml"
    in_root card new mine >/dev/null
    status=0
    in_root card evaluate /mine.yaml /data/plain-v1 -o /data/results >/dev/null 2>&1 || status=$?
    [ $status -le 2 ] && [ -d "$root/data/results" ]
    # Without libcurl, downloads say what is missing.
    status=0
    message=$(in_root download helm /data/x --list-benchmarks 2>&1) || status=$?
    case "$status $message" in
      0*) ;;
      "2 error: libcurl cannot be loaded"*"install it"*) echo "dist: $message" ;;
      *) echo "dist: $message" >&2; exit 1 ;;
    esac
  done
  echo "dist: all is well"
}

case ${1:-build} in
  build) build ;;
  test) test_root ;;
  *) echo "dist: build or test" >&2; exit 64 ;;
esac
