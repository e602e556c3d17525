"""Writes the JSON Schemas of the documents, from the types that read and write them: ``python .ci/schemas.py``."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from harness.compare import rows
from harness.evidence import history
from harness.model import ANALYSIS_SCHEMA, RESULT_SCHEMA, Analysis, Folded, Result
from harness.model.judgement import JUDGEMENT_SCHEMA, Judgement
from harness.model.profiled import PROFILE_SCHEMA, OneProfile, TwoLives, TwoMoments
from harness.run.watching.progress_file import Progress
from harness.subjects import protocol
from harness.verify import thin

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "schema"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENTS: dict[str, tuple[Any, str, str | None]] = {  # file to type, title, and what its field `schema` says
    "result-1": (Result, "result.json: the raw facts of a run", RESULT_SCHEMA),
    "analysis-1": (Analysis, "report.json, and what run --json prints", ANALYSIS_SCHEMA),
    "judge-1": (Judgement, "what judge --json prints: verdicts on recorded series of memory", JUDGEMENT_SCHEMA),
    "profile-one-1": (OneProfile, "what profile --json prints of one profile", PROFILE_SCHEMA),
    "profile-difference-1": (TwoMoments, "what profile --json prints of two of one life", PROFILE_SCHEMA),
    "profile-side-by-side-1": (TwoLives, "what profile --json prints of two lives", PROFILE_SCHEMA),
    "compare-1": (rows.Compared, "what compare --format json writes", rows.SCHEMA),
    "progress-1": (Progress, "progress.json: how far a detached run is, and how it ended", None),
    "history-1": (history.History, "what history --json prints: quantities over results", history.SCHEMA),
    "thinned-1": (thin.Thinned, "THINNED.json: what a thinned result has left out", thin.SCHEMA),
    "folded-1": (Folded, "captures/*.folded.json.gz, unpacked: what each stack of a capture allocated", None),
    "subject-1": (protocol.Told, "one line that a subject writes", None),
}


def text(name: str) -> str:
    """Write one schema; the same text for the same types."""
    kind, title, said = DOCUMENTS[name]
    document = {"$schema": DIALECT, "title": title, **msgspec.json.schema(kind)}
    if said is not None:
        named = document["$defs"][document["$ref"].rpartition("/")[2]]
        named["properties"]["schema"] = {"const": said}
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2).decode() + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        (FOLDER / f"{name}.json").write_text(text(name))
        sys.stdout.write(f"{FOLDER / name}.json\n")
