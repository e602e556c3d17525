"""Finding a result, and refusing what is none."""

from pathlib import Path

import msgspec
import pytest

from harness.model import (
    MOST_SUBJECTS,
)
from harness.results.folder import load_result, locate
from harness.results.writer import Writer
from raising import raises_id
from stored import RESULT


def stored(results: Path, scenario: str, run_id: str) -> Path:
    made = Writer(results / scenario / run_id)
    made.save(msgspec.structs.replace(RESULT, run_id=run_id))
    made.close()
    return made.folder


def test_latest_is_the_last_by_its_moment_over_all_scenarios(tmp_path: Path) -> None:
    stored(tmp_path, "z", "20260504T101500Z-box-11111111")
    last = stored(tmp_path, "a", "20260505T000000Z-box-00000000")
    stored(tmp_path, "m", "20251231T235959Z-box-ffffffff")

    assert locate("latest", tmp_path) == last


def test_latest_is_a_run_before_it_is_a_result_of_another_name(tmp_path: Path) -> None:
    kept = stored(tmp_path, "m", "reference")
    assert locate("latest", tmp_path) == kept
    run = stored(tmp_path, "a", "20260505T000000Z-box-00000000")
    assert locate("latest", tmp_path) == run


def test_latest_passes_over_what_is_no_result(tmp_path: Path) -> None:
    only = stored(tmp_path, "quiet", "20260504T101500Z-box-11111111")
    (tmp_path / "quiet" / "99999999T999999Z-box-22222222").mkdir()
    (tmp_path / "README.md").write_text("about results")

    assert locate("latest", tmp_path) == only


@pytest.mark.parametrize("exists", [True, False])
def test_latest_of_nothing_is_a_fault_that_says_how_to_make_one(
    tmp_path: Path,
    exists: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    results = tmp_path if exists else tmp_path / "nowhere"

    with raises_id("no_result") as caught:
        locate("latest", results)

    assert str(results) in caught.value.message
    assert "netchurn run" in caught.value.hint


def test_a_result_is_found_by_its_folder_or_its_file(tmp_path: Path) -> None:
    folder = stored(tmp_path, "quiet", "20260504T101500Z-box-11111111")

    assert locate(str(folder), tmp_path) == folder
    assert locate(f"{folder}/", tmp_path) == folder
    assert locate(str(folder / "result.json"), tmp_path) == folder


@pytest.mark.parametrize("text", ["nowhere", "nowhere/result.json", "", "/"])
def test_a_folder_without_a_result_is_a_fault_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with raises_id("no_result") as caught:
        locate(text, tmp_path)

    assert "latest" in caught.value.hint


# --- reading what is no result --------------------------------------------------------------------------------------


def changed(**fields: object) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(RESULT), **fields})


def crowded() -> bytes:
    plan = msgspec.to_builtins(RESULT.plan)
    return changed(
        plan={**plan, "subjects": [{**plan["subjects"][0], "name": f"p{n}"} for n in range(MOST_SUBJECTS + 1)]}
    )


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        pytest.param(b"", "Input data was truncated", id="empty"),
        pytest.param(b"hello", "JSON is malformed", id="words"),
        pytest.param(b"\xff\xfe\x00", "", id="bytes"),
        pytest.param(b'{"schema": "\xff"}', "", id="a schema that is no text"),
        pytest.param(b'{"x": ' + b"[" * 100_000, "", id="nested beyond all measure"),
        pytest.param(b"[]", "`object`", id="a list"),
        pytest.param(b"{}", "`schema`", id="no schema"),
        pytest.param(changed()[:-40], "Input data was truncated", id="cut off"),
        pytest.param(changed(color="red"), "`color`", id="unknown field"),
        pytest.param(changed(plan={}), "$.plan", id="no plan"),
        pytest.param(changed(trials=[{}]), "$.trials[0]", id="a trial without facts"),
        pytest.param(crowded(), "$.plan.subjects", id="more subjects than a run can have"),
        pytest.param(changed(limitations=[1]), "$.limitations[0]", id="a note that is no text"),
    ],
)
def test_what_is_no_result_is_a_fault_that_says_what_and_where(tmp_path: Path, content: bytes, fact: str) -> None:
    (tmp_path / "result.json").write_bytes(content)

    with raises_id("not_a_result", tmp_path / "result.json", fact):
        load_result(tmp_path)


@pytest.mark.parametrize("schema", ["netchurn.result/2", "netchurn.result/0", "netchurn.analysis/1", ""])
def test_another_schema_is_refused_by_its_name(tmp_path: Path, schema: str) -> None:
    (tmp_path / "result.json").write_bytes(msgspec.json.encode({"schema": schema, "anything": ["else"]}))

    with raises_id("other_schema", tmp_path / "result.json", repr(schema), "netchurn.result/1"):
        load_result(tmp_path)


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_what_cannot_be_opened_is_a_fault_that_names_it(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / "result.json").mkdir()

    with raises_id("file_unreadable"):
        load_result(tmp_path)
