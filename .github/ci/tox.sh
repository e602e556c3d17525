#!/usr/bin/env bash
# Run tox environments. Usage: tox.sh ENVIRONMENT [ARGUMENTS...]
set -euo pipefail

python3 -m venv "$RUNNER_TEMP/tox"
"$RUNNER_TEMP/tox/bin/pip" install --quiet 'tox>=4.25,<5'
"$RUNNER_TEMP/tox/bin/tox" run -e "$@"
