#!/usr/bin/env bash
# Builds the documentation of every library with DocC, from what is built, into .build/docs; a warning is an error, and so
# is a public declaration without a comment.
set -euo pipefail
cd "$(dirname "$0")"
products=$(swift build --show-bin-path)
graphs=.build/docs-graphs
rm -rf "$graphs" .build/docs
mkdir -p .build/docs
maps=()
for map in Sources/C*/module.modulemap Sources/C*/include/module.modulemap "$products"/*.build/module.modulemap \
  .build/checkouts/swift-numerics/Sources/_NumericsShims/include/module.modulemap; do
  if [ -e "$map" ]; then maps+=(-Xcc "-fmodule-map-file=$map"); fi
done
target=$(swift -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["target"]["triple"])')
docc=$(command -v docc || xcrun --find docc)
for module in Magnet HelmBackend Predictors Cards Judges Shifts; do
  mkdir -p "$graphs/$module"
  swift symbolgraph-extract -module-name "$module" -I "$products/Modules" -target "$target" \
    -minimum-access-level public -skip-synthesized-members -output-dir "$graphs/$module" "${maps[@]}"
  python3 - "$graphs/$module/$module.symbols.json" <<'PYTHON'
import json, sys
symbols = json.load(open(sys.argv[1]))["symbols"]
bare = [".".join(symbol["pathComponents"]) for symbol in symbols if "docComment" not in symbol]
if bare: sys.exit("without a comment: " + ", ".join(bare))
PYTHON
  "$docc" convert "Sources/$module/$module.docc" --additional-symbol-graph-dir "$graphs/$module" \
    --fallback-display-name "$module" --fallback-bundle-identifier "magnet.$module" \
    --warnings-as-errors --output-path ".build/docs/$module"
done
echo "documentation: .build/docs"
