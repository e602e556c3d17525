"""A result folder to its in-toto statement, and to the two files that the action actions/attest signs."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.derive import analysis_of
from harness.errors import ResultFault
from harness.evidence.statement import Known, Statement, statement
from harness.results.folder import MOST_RESULT_BYTES, RESULT, SUMS
from harness.safe_read import content
from harness.verify.by_plan.origin import Typed
from harness.verify.check import Progress, verify
from harness.verify.checksums import MOST_SUMS_BYTES
from harness.verify.facts import plan_digest


def attested(folder: Path, environment: Mapping[str, str], progress: Progress, typed: Typed) -> Statement:
    """Return the statement of a result; ResultFault where it was interrupted, or contradicts its own files."""
    found = verify(folder, None, progress, typed)
    if found.deviations or not found.sealed:
        raise ResultFault(
            "not_attestable",
            f"{folder} {'deviates from its own files' if found.deviations else 'was interrupted'}; nothing is attested",
            f"netchurn verify {folder}",
        )
    sums = content(folder / SUMS, MOST_SUMS_BYTES)
    raw = msgspec.json.decode(content(folder / RESULT, MOST_RESULT_BYTES))
    known = Known(evidence=found.evidence, sums=hashlib.sha256(sums).hexdigest(), plan=plan_digest(raw["plan"]))
    return statement(analysis_of(folder), known, environment)


def document(made: Statement) -> bytes:
    return msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"


def files(made: Statement) -> dict[str, bytes]:
    """Return what actions/attest takes, ``subject-checksums`` and ``predicate-path``, beside the whole statement."""
    subjects = "".join(f"{one.digest['sha256']}  {one.name}\n" for one in made.subject)
    return {
        "statement.json": document(made),
        "predicate.json": msgspec.json.format(msgspec.json.encode(made.predicate), indent=2) + b"\n",
        "subjects.sha256": subjects.encode(),
    }
