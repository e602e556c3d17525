#!/usr/bin/env bash
# Test the Go subjects on Windows, adapters that come and go included, and show what a poll allocates there by
# runtime/metrics. Usage: windows.sh; GITHUB_STEP_SUMMARY, RUNNER_TEMP. Changes the machine's adapters: for a runner.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../harness/subjects/gowatch"

status=0
{
    go vet ./... &&
        GOWATCH_TEST_ADAPTERS=allowed go test -count=1 -v ./... &&
        go test -run '^$' -bench Poll -benchtime 500x -cpu 1 ./internal/watch
} >"$RUNNER_TEMP/gowatch.txt" 2>&1 || status=$?
cat "$RUNNER_TEMP/gowatch.txt"
{
    echo '## The Go subjects on Windows'
    echo
    grep -E 'TestAdapters|go-(notify|poll): |B/poll|^(FAIL|ok)' "$RUNNER_TEMP/gowatch.txt" | head -n 200 | sed 's/^/    /' || true
} >>"$GITHUB_STEP_SUMMARY"
exit "$status"
