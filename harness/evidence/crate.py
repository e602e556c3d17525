"""A result folder as an RO-Crate: what lies in it, for an archive that takes the folder as it is.

https://www.researchobject.org/ro-crate/specification/1.3/. The metadata file follows from the result alone, so that the
same result has the same file. It is an export and no part of what is sealed: `SHA256SUMS` does not list it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from harness.derive import analysis_of
from harness.evidence.extras import need
from harness.model import Analysis
from harness.results.folder import RESULT, SUMS, UNSEALED
from harness.safe_read import beneath
from harness.verify import checksums

VERSION = "1.3"
_NETCHURN = "#netchurn"
_UNLICENSED = "No licence was stated; ask whoever published it."  # the specification demands one
_FORMATS = {".json": "application/json", ".csv": "text/csv", ".gz": "application/gzip"}
_DESCRIPTIONS = {
    RESULT: "Facts of the run: plan, environment, captures, trials",
    SUMS: "SHA-256 of every other file, written when the run had ended",
    "samples": "Readings of one process over time, base units in the column names",
    "captures": "Allocations of a profiled process",
}


def metadata(folder: Path, license_url: str | None = None) -> bytes:
    """Return ``ro-crate-metadata.json`` of a result; ResultFault where the folder holds none."""
    analysis = analysis_of(folder)
    crate = need("rocrate.rocrate", "crate").ROCrate(version=VERSION)
    crate.name = f"netchurn {analysis.scenario}, {analysis.run_id}"
    crate.description = f"{analysis.plan.question} Verdict: {analysis.verdict}."
    crate.datePublished = analysis.environment.started_at
    crate.keywords = ["memory", "benchmark", "netlink", analysis.scenario]
    crate.license = _licence(crate, license_url) if license_url else _UNLICENSED
    held = checksums.inventory(folder)
    files = [_add(crate, folder, name) for name in sorted(held.files - (UNSEALED - {SUMS}))]
    _add_run(crate, analysis, files)
    document = crate.metadata.generate()
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _add(crate: Any, folder: Path, name: str) -> Any:
    path = folder / name
    with beneath(folder, name) as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    kind = _DESCRIPTIONS.get(name) or _DESCRIPTIONS.get(name.partition("/")[0], "A file of the result")
    facts = {"name": name, "description": kind, "contentSize": str(path.stat().st_size), "sha256": digest}
    form = _FORMATS.get(path.suffix)
    return crate.add_file(path, name, properties=facts | ({"encodingFormat": form} if form else {}))


def _licence(crate: Any, url: str) -> Any:
    entity = need("rocrate.model.contextentity", "crate").ContextEntity
    return crate.add(entity(crate, url, properties={"@type": "CreativeWork", "name": url, "description": "Licence"}))


def _add_run(crate: Any, analysis: Analysis, files: list[Any]) -> None:
    """Describe what made the files: this program, when, by which command."""
    entity = need("rocrate.model.contextentity", "crate").ContextEntity
    machine = analysis.environment
    program = {
        "@type": "CreativeWork",  # a SoftwareApplication must have a URL
        "name": "netchurn",
        "version": machine.netchurn + (f", commit {machine.commit}" if machine.commit else ""),
    }
    run = {
        "@type": "CreateAction",
        "name": f"netchurn run {analysis.scenario}",
        "description": f"Plan {analysis.plan.id} on Linux {machine.kernel}, {machine.machine}",
        "instrument": {"@id": _NETCHURN},
        "startTime": machine.started_at,
    }
    crate.add(entity(crate, _NETCHURN, properties=program))
    action = crate.add(entity(crate, f"#{analysis.run_id}", properties=run))
    action["result"] = files
    crate.root_dataset["mentions"] = action
