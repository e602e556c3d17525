#!/usr/bin/env bash
# Lint the workflows, the actions and all shell of this repository. Needs the programs of the group `lint`, or tox.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

ACTIONLINT=github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

workflows=(.github/workflows/*.yml)
actions=(action.yml .github/comment/action.yml)
zizmor --offline --quiet --persona pedantic "${workflows[@]}" "${actions[@]}"
go run "$ACTIONLINT" "${workflows[@]}"
check-jsonschema --builtin-schema vendor.github-workflows "${workflows[@]}"
check-jsonschema --builtin-schema vendor.github-actions "${actions[@]}"
shellcheck .ci/run .github/*/*.sh
