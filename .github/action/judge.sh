#!/usr/bin/env bash
# End as netchurn ended where FAIL_ON names that, with 0 where it does not.
# From the environment: STATUS, 0 to 4; FAIL_ON, of fail, not-measured, inconclusive, invalid and never.
set -euo pipefail
set -f

WORDS=(pass fail not-measured inconclusive invalid)

[[ $STATUS =~ ^[0-4]$ ]] || STATUS=2
word=${WORDS[STATUS]}
if [[ " ${FAIL_ON//[,$'\n']/ } " == *" $word "* ]]; then
    printf '::error title=netchurn::%s\n' "$word"
    exit "$STATUS"
fi
printf 'netchurn: %s\n' "$word"
