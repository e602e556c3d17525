#!/usr/bin/env bash
# Add results to those of the newest history that this repository's main branch kept, and show all of them over commits.
# Usage: history.sh ARTIFACTS HISTORY: what was measured, an artifact a folder, and the folder that is kept.
# From the environment: GH_TOKEN GITHUB_REPOSITORY RUNNER_TEMP GITHUB_STEP_SUMMARY.
set -euo pipefail

NAME='netchurn-history'
# One of a pull request, which may hold anything, is passed over.
NEWEST='[.artifacts[] | select(.expired | not) | .workflow_run
    | select(.head_branch == "main" and .head_repository_id == .repository_id)][0].id // empty'

mkdir -p "$2"
before=$(gh api "repos/$GITHUB_REPOSITORY/actions/artifacts?name=$NAME&per_page=100" --jq "$NEWEST")
if [[ -n $before ]]; then
    gh run download "$before" --repo "$GITHUB_REPOSITORY" --name "$NAME" --dir "$2"
fi
python3 -m venv "$RUNNER_TEMP/history"
"$RUNNER_TEMP/history/bin/pip" install --quiet '.[history]'
netchurn=$RUNNER_TEMP/history/bin/netchurn
while IFS= read -r result; do
    folder=${result%/result.json}
    if "$netchurn" verify "$folder" >/dev/null; then
        "$netchurn" export "$folder" --format thin --output "$2/$(basename "$folder")" >/dev/null
    else
        echo "history.sh: $(basename "$folder") is left out, as it does not verify" | tee -a "$GITHUB_STEP_SUMMARY"
    fi
done < <(find "$1" -mindepth 2 -name result.json -type f -print | sort)
"$netchurn" history "$2" --output "$2/history.html"
"$netchurn" history "$2" | head -c 900000 >>"$GITHUB_STEP_SUMMARY"
