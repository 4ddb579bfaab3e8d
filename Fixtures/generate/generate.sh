#!/usr/bin/env bash
# Makes all of the fixtures again, with real HELM and with aiq-magnet, from nothing but a Python 3.11.
#
#   generate.sh [FOLDER]     FOLDER is where benchmark_output/ and expected/ go (default: the Fixtures folder)
#
# PYTHON names the Python to make the environment with (default python3.11). VENV names an environment to use and
# keep; without it a temporary one is made, from requirements.txt.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
target=$(mkdir -p "${1:-$here/..}" && cd "${1:-$here/..}" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

venv=${VENV:-$scratch/venv}
if [ ! -x "$venv/bin/helm-run" ]; then
  "${PYTHON:-python3.11}" -m venv "$venv"
  # The list is complete, and has no torch: nothing here needs it.
  "$venv/bin/pip" install --quiet --no-deps -r "$here/requirements.txt"
fi

# HELM runs in a folder of its own, with relative paths only, so that no path of this machine gets into its output.
cp -r "$here/fixture_plugin.py" "$here/facts.py" "$here/prod_env" "$scratch/"
cd "$scratch"
export PYTHONPATH=. PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 TZ=UTC

# run SUITE MAX_EVAL_INSTANCES RUN_ENTRY...
run() {
  local suite=$1 instances=$2
  shift 2
  "$venv/bin/helm-run" --plugins fixture_plugin --local-path prod_env --output-path benchmark_output \
    --suite "$suite" --max-eval-instances "$instances" --num-threads 1 --disable-cache --exit-on-error \
    --run-entries "$@" >"$suite.log" 2>&1 || { cat "$suite.log" >&2; exit 1; }
}

sweep=()
for subject in capitals marine_biology; do
  for model in acme/tiny acme/base zeta/pro; do
    # The expander misspelling_sweep turns each entry into four runs: strength 0, 0.05, 0.2 and 0.5.
    sweep+=("trivia:subject=$subject,data_augmentation=misspelling_sweep,model=$model")
  done
done
run sweep-v1 8 "${sweep[@]}"

plain=()
for subject in capitals marine_biology calendar; do
  for model in acme/tiny acme/base zeta/lite zeta/pro; do
    plain+=("trivia:subject=$subject,model=$model")
  done
done
run plain-v1 8 "${plain[@]}"

# The same name as a run of plain-v1, with more questions.
run plain-v2 10 trivia:subject=capitals,model=acme/base

# HELM makes an eval_cache folder beside the runs of each suite. One is kept, as readers have to pass over it.
rmdir benchmark_output/runs/*/eval_cache
mkdir benchmark_output/runs/sweep-v1/eval_cache
echo "Not a run." >benchmark_output/runs/sweep-v1/eval_cache/.keep

rm -rf "$target/benchmark_output" "$target/expected"
mkdir "$target/benchmark_output"
cp -r benchmark_output/runs "$target/benchmark_output/"
"$venv/bin/python" "$here/write_expected.py" "$target"
