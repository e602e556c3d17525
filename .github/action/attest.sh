#!/usr/bin/env bash
# Write the statement that is signed, where that was asked for. Never fails: what cannot be attested is told.
# From the environment: ATTEST, true or empty; FOLDER, of what was measured; RUNNER_TEMP GITHUB_OUTPUT.
# Into GITHUB_OUTPUT: predicate and subjects, the paths of what actions/attest takes; nothing where nothing is signed.
set -euo pipefail

[[ $ATTEST == true ]] || exit 0
mapfile -t results < <(find "$FOLDER/results" -name result.json -type f 2>/dev/null)
made=$FOLDER/attestation
if ((${#results[@]} != 1)) ||
    ! "$RUNNER_TEMP/netchurn-venv/bin/netchurn" attest "${results[0]}" --output "$made" >/dev/null; then
    echo '::warning title=netchurn::nothing is signed: there is no result that verifies'
    exit 0
fi
{
    printf 'predicate=%s\n' "$made/predicate.json"
    printf 'subjects=%s\n' "$made/subjects.sha256"
} >>"$GITHUB_OUTPUT"
