#!/usr/bin/env bash
# Test the installed package on this runner, real namespaces included. Usage: tests.sh root|rootless
set -euo pipefail

as=()
case $1 in
root) as=(sudo -n env "PATH=$PATH") ;;
rootless) sudo -n sysctl --quiet --write kernel.apparmor_restrict_unprivileged_userns=0 ;;
*)
    printf 'tests.sh: expected root or rootless, found %s\n' "$1" >&2
    exit 2
    ;;
esac
python3 -m venv .venv
.venv/bin/pip install --quiet '.[test]'
"${as[@]}" env PYTHONSAFEPATH=1 .venv/bin/pytest -n 2 --dist worksteal --netlab-required tests
