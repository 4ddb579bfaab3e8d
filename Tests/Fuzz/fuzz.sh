#!/usr/bin/env bash
# Builds the fuzz target and runs it: fuzz.sh [SECONDS]. What it finds is kept in .build-fuzz/found, what it learns in
# .build-fuzz/corpus. With RUNS=N it makes N runs from a fixed seed and learns nothing: for CI. These are of a build that is
# not optimised, which is made sooner and has the checks of debug builds.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
scratch=$root/.build-fuzz
flags=(-c release --scratch-path "$scratch" -Xswiftc -enable-testing -Xswiftc -sanitize=fuzzer,address)
[ -z "${RUNS:-}" ] || flags+=(-Xswiftc -Onone)
# Debian's default linker fails on the sanitizers' symbols.
[ "$(uname)" = Darwin ] || flags+=(-Xswiftc -use-ld=lld)
# SwiftPM looks for new files of the package above only when this manifest is newer than its last plan.
touch Package.swift
swift build "${flags[@]}"

mkdir -p "$scratch/corpus" "$scratch/found" "$scratch/seeds"
# An input's first byte is its kind: a file of a run, a query, an archive, a card, or a Parquet file.
seed() { { printf "%b" "$1"; cat; } >"$scratch/seeds/$2"; }
for run in "$root"/Fixtures/odd/* "$root"/Fixtures/broken/whole; do
  name=$(basename "$run")
  seed '\x00' "$name-stats" <"$run/stats.json"
  seed '\x01' "$name-instances" <"$run/per_instance_stats.json"
  seed '\x02' "$name-state" <"$run/scenario_state.json"
  seed '\x03' "$name-spec" <"$run/run_spec.json"
done
number=0
while IFS= read -r query; do
  number=$((number + 1))
  seed '\x04' "query-$number" <<<"$query"
done <queries.txt

# Archives of a small folder, each packed by what is there.
packed=$scratch/packed
mkdir -p "$packed/a:1" && echo '[]' >"$packed/a:1/stats.json" && : >"$packed/empty"
tar cf "$scratch/seed.tar" -C "$packed" . && seed '\x05' tar <"$scratch/seed.tar"
gzip -c "$scratch/seed.tar" | seed '\x05' tar-gz
if command -v zip >/dev/null; then (cd "$packed" && zip -qr - .) | seed '\x05' zip; fi

for card in "$root"/Fixtures/cards/*.yaml; do seed '\x06' "card-$(basename "$card")" <"$card"; done
# Files of distribution shifts: a distribution, a specification, an evaluation.
head -c 900 "$root/Fixtures/distributions/capitals/test.json" | seed '\x07\x00' distribution-cut
printf '[{"prompt": "q", "responses": {"a": 1.0, "b": 0.0}}]' | seed '\x07\x00' distribution
seed '\x07\x01' shifts <"$root/Fixtures/distributions/shifts.json"
printf '{"eval_accuracy": 0.5, "eval_probabilities": [0.25, 0.75]}' | seed '\x07\x02' evaluation

for file in seeds/*.parquet; do seed '\x08' "parquet-$(basename "$file")" <"$file"; done

options=(-dict=json.dict -max_len=20000 -timeout=20 -rss_limit_mb=4000 -artifact_prefix="$scratch/found/")
if [ -n "${RUNS:-}" ]; then
  options+=(-runs="$RUNS" -seed=1 "$scratch/seeds")
else
  options+=(-max_total_time="${1:-60}" "$scratch/corpus" "$scratch/seeds")
fi
# Swift's own crash reports are slow, and libFuzzer prints a stack itself.
export SWIFT_BACKTRACE=enable=no
exec "$scratch/release/fuzz" "$root/Fixtures/odd/count-zero" "${options[@]}"
