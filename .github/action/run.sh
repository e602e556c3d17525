#!/usr/bin/env bash
# Measure. Always ends with 0, so that what was measured is kept and shown; judge.sh decides whether the step fails.
# From the environment: SCENARIO PAIRS DURATION TRIALS SUBJECTS EXEC BEFORE AFTER RECORD BASE HEAD BUILD
# RUN CLAIMS USE_SUDO FAIL_ON RUNNER_TEMP GITHUB_OUTPUT.
# Into GITHUB_OUTPUT: folder, status (0 to 4), verdict, report.
set -euo pipefail

# Builds and measured programs get the job's environment, and not what the action was told: a makefile has a BUILD too.
export -n SCENARIO PAIRS DURATION TRIALS SUBJECTS EXEC BEFORE AFTER RECORD BASE HEAD BUILD RUN CLAIMS USE_SUDO FAIL_ON

VERDICTS=(pass fail not-measured inconclusive invalid)

# Root in a job's container is not the owner of RUNNER_TEMP, and netchurn refuses a folder that another user may swap.
place=$RUNNER_TEMP
((EUID != 0)) || [[ -O $RUNNER_TEMP ]] || place=/tmp
folder=$(mktemp -d "$place/netchurn.XXXXXX")
netchurn=$RUNNER_TEMP/netchurn-venv/bin/netchurn
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

put() { printf '%s=%s\n' "$1" "${2//[$'\n\r']/ }" >>"$GITHUB_OUTPUT"; }

# conclude STATUS [REPORT]
conclude() {
    put folder "$folder"
    put status "$1"
    put verdict "${VERDICTS[$1]}"
    put report "${2:-}"
    exit 0
}

not_measured() {
    printf 'netchurn: %s\n' "$1" | tee "$folder/messages.txt" >&2
    conclude 2
}

# One word an option, so that nothing in it is read as another option or as shell.
build_arguments() {
    local word
    arguments=(run)
    [[ -z $BASE ]] || arguments=(ab "--base=$BASE" "--head=$HEAD" "--build=$BUILD" "--run=$RUN" "--scenario=$SCENARIO")
    arguments+=(--quiet "--results=$folder/results" "--reports=$folder/reports")
    [[ -z $PAIRS ]] || arguments+=("--pairs=$PAIRS")
    [[ -z $DURATION ]] || arguments+=("--duration=$DURATION")
    [[ -z $TRIALS ]] || arguments+=("--trials=$TRIALS")
    while IFS= read -r word; do
        [[ -z $word ]] || arguments+=("--subject=$word")
    done < <(tr -s '[:space:]' '\n' <<<"$SUBJECTS")
    each_line --exec "$EXEC"
    each_line --before "$BEFORE"
    each_line --after "$AFTER"
    each_line --record "$RECORD"
    each_line --claim "$CLAIMS"
    [[ -n $BASE ]] || arguments+=(-- "$SCENARIO")
}

# each_line OPTION TEXT
each_line() {
    local line
    while IFS= read -r line; do
        [[ -z ${line//[[:space:]]/} ]] || arguments+=("$1=$line")
    done <<<"$2"
}

choose_prefix() {
    prefix=()
    case $USE_SUDO in
    never) ;;
    always)
        sudo -n true || not_measured "sudo is refused here; expected one that asks for no password"
        prefix=(sudo -n env "PATH=$PATH")
        ;;
    auto)
        if ((EUID != 0)) && ! "$netchurn" doctor >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
            prefix=(sudo -n env "PATH=$PATH")
        fi
        ;;
    *) not_measured "sudo is '$USE_SUDO'; expected always, never or auto" ;;
    esac
}

check_fail_on() {
    local word
    for word in ${FAIL_ON//,/ }; do
        [[ " fail not-measured inconclusive invalid never " == *" $word "* ]] ||
            not_measured "fail-on has '$word'; expected fail, not-measured, inconclusive, invalid or never"
    done
}

set -f
check_fail_on
choose_prefix
build_arguments
# What is printed meanwhile may come from programs and interfaces that others named: no command to the runner.
printf '::stop-commands::%s\n' "$token"
set +e
"${prefix[@]}" "$netchurn" "${arguments[@]}" </dev/null 2>&1 >"$folder/stdout.txt" | tee "$folder/messages.txt"
status=${PIPESTATUS[0]}
set -e
printf '\n::%s::\n' "$token"
((status <= 4)) || status=2
report=$(tail -n 1 "$folder/stdout.txt")
[[ -f $report ]] || report=
rm -f "$folder/stdout.txt"
conclude "$status" "$report"
