"""The schemas are those of the types, and real documents are held against them."""

import gzip
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from harness.report import build
from harness.run.watching.progress import SubjectStatus
from harness.run.watching.progress_file import End, Progress

ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = ROOT / "docs" / "schema"
GOLDEN = ROOT / "tests" / "golden"
KEPT = ROOT / "results" / "netbird-5857" / "reference"
RESULTS = [*sorted(path.parent for path in GOLDEN.glob("*/result.json")), KEPT]

pytestmark = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="no checkout")


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("netchurn_schemas", ROOT / ".ci" / "schemas.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def validator(name: str) -> Any:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def complaints(name: str, document: object) -> list[str]:
    return [f"{one.json_path}: {one.message[:200]}" for one in validator(name).iter_errors(document)]


def here(folder: Path) -> Path:
    return folder if folder.is_dir() else pytest.skip(f"{folder} is not here")


def test_the_schemas_are_those_of_the_types() -> None:
    """``python .ci/schemas.py`` writes them anew."""
    made = generator()
    assert {path.stem for path in SCHEMAS.iterdir()} == set(made.DOCUMENTS)
    assert [name for name in made.DOCUMENTS if (SCHEMAS / f"{name}.json").read_text() != made.text(name)] == []


def undescribed(kind: Any) -> list[str]:
    """Name every field of a schema's types that has no description; the tag of a union needs none."""
    _, types = msgspec.json.schema_components([kind])
    fields = [
        (f"{name}.{field}", one)
        for name, type_ in types.items()
        for field, one in (type_.get("properties") or dict(enumerate(type_.get("prefixItems", ())))).items()
    ]
    assert fields
    return [place for place, one in fields if not one.get("description") and "enum" not in one]


@pytest.mark.parametrize("name", sorted(generator().DOCUMENTS if SCHEMAS.is_dir() else ()))
def test_every_field_of_a_schema_has_a_description(name: str) -> None:
    assert undescribed(generator().DOCUMENTS[name][0]) == []


def test_a_field_without_a_description_is_found() -> None:
    class Bare(msgspec.Struct):
        number: int

    assert [one.rpartition(".")[2] for one in undescribed(Bare)] == ["number"]


def test_what_a_detached_run_leaves_is_valid() -> None:
    status = SubjectStatus(name="poll", rss_bytes=1, polls=None, events=None, alive=True)
    for end in (None, End(status=3, report="report.html"), End(status=1, fault=("usage", "what", "hint"))):
        written = Progress(pid=1, began_ticks=1, done=1.5, total=60, subjects=(status,), end=end)
        assert complaints("progress-1", json.loads(msgspec.json.encode(written))) == []
    assert complaints("progress-1", {"pid": 0, "began_ticks": None})


@pytest.mark.slow
@pytest.mark.parametrize("folder", RESULTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_real_result_and_its_analysis_are_valid(folder: Path) -> None:
    assert complaints("result-1", json.loads((here(folder) / "result.json").read_text())) == []
    assert complaints("analysis-1", json.loads(build.text(folder, "json"))) == []


def test_a_thinned_result_is_valid() -> None:
    assert complaints("thinned-1", json.loads((here(KEPT) / "THINNED.json").read_text())) == []
    folded = sorted(KEPT.glob("captures/*.folded.json.gz"))
    assert folded
    assert complaints("folded-1", json.loads(gzip.decompress(folded[0].read_bytes()))) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"schema": "netchurn.result/2"}, "$.schema"),
        ({"plan": {}}, "$.plan"),
        ({"surprise": 1}, "$"),
        ({"limitations": [1]}, "$.limitations[0]"),
    ],
)
def test_what_is_no_result_is_not_valid(change: dict[str, object], where: str) -> None:
    document = json.loads((GOLDEN / "lifecycle" / "result.json").read_text())
    found = complaints("result-1", {**document, **change})
    assert found
    assert all(one.startswith(f"{where}:") for one in found)


def test_the_lines_in_the_documentation_are_of_the_protocol() -> None:
    lines = re.findall(r'^\{"event": .*\}$', (ROOT / "docs" / "subjects.md").read_text(), flags=re.MULTILINE)
    assert {json.loads(line)["event"] for line in lines} == {"ready", "work", "outcome", "lost", "found", "dumps"}
    assert [complaints("subject-1", json.loads(line)) for line in lines] == [[]] * len(lines)
    assert complaints("subject-1", {"event": "work", "at_ns": -1, "polls": 0, "events": 0})
