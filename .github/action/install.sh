#!/usr/bin/env bash
# Install netchurn into a virtual environment of its own, and the programs that it needs where they are missing.
# From the environment: PACKAGE, what pip installs; GITHUB_ACTION_PATH, installed if PACKAGE is empty; RUNNER_TEMP.
set -euo pipefail

SUITABLE='import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'

die() {
    printf '::error title=netchurn::%s\n' "$1"
    exit 2
}

has() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }

as_root() {
    if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

missing_packages() {
    has ip || echo iproute2
    { has unshare && has setpriv; } || echo util-linux
    python3 -c "$SUITABLE" >/dev/null 2>&1 || echo python3-venv
}

install_missing() {
    local packages
    mapfile -t packages < <(missing_packages)
    ((${#packages[@]})) || return 0
    has apt-get || die "missing: ${packages[*]}, and there is no apt-get to install them"
    as_root apt-get -qq update </dev/null || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "${packages[@]}" \
        </dev/null >/dev/null || die "apt-get could not install ${packages[*]}"
}

install_missing
python3 -c "$SUITABLE" 2>/dev/null || die "python3 is older than 3.11: put actions/setup-python before this step"
package=${PACKAGE:-$GITHUB_ACTION_PATH}
[[ $package != -* ]] || die "package may not begin with a dash"
venv=$RUNNER_TEMP/netchurn-venv
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -- "$package"
"$venv/bin/netchurn" --version
