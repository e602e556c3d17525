#!/usr/bin/env bash
# Run a tox environment that makes namespaces, as an ordinary user. Usage: weekly.sh ENVIRONMENT [ARGUMENTS...]
set -euo pipefail

sudo -n sysctl --quiet --write kernel.apparmor_restrict_unprivileged_userns=0
bash .github/ci/tox.sh "$@"
