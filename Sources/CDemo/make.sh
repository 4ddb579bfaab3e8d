#!/usr/bin/env bash
# Packs the fixtures' benchmark_output into demo.tar.gz again: the same files, the same bytes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
  -C "$here/../../Fixtures/benchmark_output" -cf - runs | gzip -9n >"$here/demo.tar.gz"
