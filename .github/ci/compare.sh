#!/usr/bin/env bash
# Verify the results of all machines, and put them into one table. Usage: compare.sh FOLDER, with an artifact a folder.
# Fails where a result contradicts its own files, and where results are not of one kind.
set -euo pipefail

mapfile -t results < <(find "$1" -mindepth 2 -name result.json -type f -print | sort)
if ((${#results[@]} < 2)); then
    echo "compare.sh: ${#results[@]} results below $1, so nothing to compare" | tee -a "$GITHUB_STEP_SUMMARY"
    exit 0
fi
python3 -m venv "$RUNNER_TEMP/compare"
"$RUNNER_TEMP/compare/bin/pip" install --quiet .
netchurn=$RUNNER_TEMP/compare/bin/netchurn
said=$RUNNER_TEMP/compare.txt
status=0
{
    for result in "${results[@]}"; do
        "$netchurn" verify "${result%/result.json}" | tail -n 1 || status=1
    done
} >"$said" 2>&1
"$netchurn" compare "${results[@]%/result.json}" --format md >"$RUNNER_TEMP/compare.md" 2>>"$said" || status=$?
cat "$said" >&2
{
    head -c 900000 "$RUNNER_TEMP/compare.md"
    printf '\n\n'
    sed 's/^/    /' "$said"
} >>"$GITHUB_STEP_SUMMARY"
exit "$status"
