#!/usr/bin/env bash
# Put the results of all machines into one table. Usage: compare.sh FOLDER, with one artifact a folder in it.
# What cannot be compared is said, and is no failure.
set -euo pipefail

mapfile -t results < <(find "$1" -mindepth 2 -name result.json -type f -print | sort)
if ((${#results[@]} < 2)); then
    echo "compare.sh: ${#results[@]} results below $1, so nothing to compare" | tee -a "$GITHUB_STEP_SUMMARY"
    exit 0
fi
python3 -m venv "$RUNNER_TEMP/compare"
"$RUNNER_TEMP/compare/bin/pip" install --quiet .
status=0
"$RUNNER_TEMP/compare/bin/netchurn" compare "${results[@]%/result.json}" --format md \
    >"$RUNNER_TEMP/compare.md" 2>"$RUNNER_TEMP/compare.txt" || status=$?
cat "$RUNNER_TEMP/compare.txt" >&2
{
    head -c 900000 "$RUNNER_TEMP/compare.md"
    sed 's/^/    /' "$RUNNER_TEMP/compare.txt"
} >>"$GITHUB_STEP_SUMMARY"
exit "$((status == 2 ? 2 : 0))"
