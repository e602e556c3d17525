#!/usr/bin/env bash
# Time the hot functions, keep the times below .benchmarks, and show them beside the last ones that are there.
# A hosted runner's times vary: they are shown and judge nobody. Usage: bench.sh; GITHUB_STEP_SUMMARY, RUNNER_TEMP.
set -euo pipefail

options=(--benchmark-autosave '--benchmark-columns=median,iqr,rounds' --benchmark-sort=name)
compgen -G '.benchmarks/*/*.json' >/dev/null && options+=(--benchmark-compare)
status=0
bash "$(dirname "${BASH_SOURCE[0]}")/tox.sh" bench -- "${options[@]}" >"$RUNNER_TEMP/bench.txt" 2>&1 || status=$?
cat "$RUNNER_TEMP/bench.txt"
{
    echo '## Benchmarks'
    echo
    tail -n 200 "$RUNNER_TEMP/bench.txt" | tail -c 100000 | sed 's/\x1b\[[0-9;]*m//g; s/^/    /'
} >>"$GITHUB_STEP_SUMMARY"
exit "$status"
