#!/usr/bin/env bash
# Keep the signed statement beside what was measured. From the environment: BUNDLE FOLDER.
set -euo pipefail

cp "$BUNDLE" "$FOLDER/attestation/attestation.json"
