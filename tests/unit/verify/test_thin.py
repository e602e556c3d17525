"""A thinned result: smaller, the same evidence and the same report, and as hard to change unnoticed as the whole."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NetchurnError
from harness.report import build
from harness.results import folded as folded_module
from harness.results.folder import SUMS
from harness.verify import thin
from harness.verify.check import verify
from raising import raises_id

Made = Callable[..., Path]
Reseal = Callable[[Path], None]

CAPTURE = "captures/poll-8-2polls.bin"
FOLDED = "captures/poll-8-2polls.folded.json.gz"
OTHER, OTHER_FOLDED = "captures/poll-8-5polls.bin", "captures/poll-8-5polls.folded.json.gz"
NEEDLESS = ("captures/poll-8-2polls.stats.json", "captures/go-poll-8-idle/mark-0002.heap.pb.gz")


def told(folder: Path, report: Path | None = None) -> list[str]:
    return [f"{one.where}: {one.text}" for one in verify(folder, report).deviations]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def whole(full: Path, reseal: Reseal) -> Path:
    """Add what a run leaves beside its captures and nothing was counted from."""
    for name in NEEDLESS:
        (full / name).write_text("{}")
    reseal(full)
    return full


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return thin.thin(whole, tmp_path / "thin")


def test_it_verifies_and_is_the_same_evidence(whole: Path, copy: Path) -> None:
    found = verify(copy)

    assert found.deviations == ()
    assert dict(found.checked)["captures"].startswith("4 recounted, to the byte; 2 of them by stack")
    assert found.evidence == verify(whole).evidence


def test_what_nothing_is_counted_from_is_gone_and_all_else_is_as_it_was(whole: Path, copy: Path) -> None:
    note = json.loads((copy / thin.NOTE).read_text())["left_out"]

    assert set(note) == {CAPTURE, OTHER, *NEEDLESS}
    assert {one["instead"] for one in note.values()} == {FOLDED, OTHER_FOLDED, None}
    assert files(copy) == files(whole) - set(note) | {FOLDED, OTHER_FOLDED, thin.NOTE}
    same = files(copy) & files(whole) - {SUMS}
    assert [name for name in same if (copy / name).read_bytes() != (whole / name).read_bytes()] == []


def test_the_note_has_the_digests_of_the_whole(whole: Path, copy: Path) -> None:
    note = json.loads((copy / thin.NOTE).read_text())["left_out"]

    assert f"{note[CAPTURE]['sha256']}  {CAPTURE}" in (whole / SUMS).read_text().splitlines()
    assert note[CAPTURE]["bytes"] == (whole / CAPTURE).stat().st_size


@pytest.mark.slow
def test_thinning_again_from_the_whole_gives_the_same_bytes(whole: Path, copy: Path, tmp_path: Path) -> None:
    again = thin.thin(whole, tmp_path / "again")

    assert {name: (again / name).read_bytes() for name in files(again)} == {
        name: (copy / name).read_bytes() for name in files(copy)
    }


@pytest.mark.slow
def test_it_holds_no_path_of_the_machine(copy: Path) -> None:
    stacks = gzip.decompress((copy / FOLDED).read_bytes()).decode()
    assert not re.findall(r'"place":"/', stacks)


# --- what was changed -----------------------------------------------------------------------------------------------


def change_a_stack(folder: Path) -> None:
    stacks = gzip.decompress((folder / FOLDED).read_bytes())
    (folder / FOLDED).write_bytes(gzip.compress(re.sub(rb'"bytes":(\d+)', rb'"bytes":1\1', stacks, count=1)))


CHANGES = [
    pytest.param(change_a_stack, r"poll at 8 links allocated [\d,]+ bytes; poll-8-2polls\.folded", id="a stack"),
    pytest.param(lambda folder: (folder / FOLDED).unlink(), "poll-8-2polls.bin: .* it is not there", id="gone"),
    pytest.param(lambda folder: (folder / FOLDED).write_text("{}"), "cannot be unpacked", id="no gzip"),
    pytest.param(
        lambda folder: (folder / FOLDED).write_bytes(gzip.compress(b'{"frames": [], "stacks": 5}')),
        "holds no stacks",
        id="no stacks",
    ),
    pytest.param(
        lambda folder: (folder / FOLDED).write_bytes(
            gzip.compress(b'{"frames": [], "stacks": [{"frames": [7], "bytes": 1, "allocations": 1}]}')
        ),
        "a stack names one beyond them",
        id="a function that is not there",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("change", "says"), CHANGES)
def test_what_was_changed_is_found_though_all_digests_were_written_anew(
    copy: Path, reseal: Reseal, change: Callable[[Path], None], says: str
) -> None:
    change(copy)
    reseal(copy)

    assert any(re.search(says, one) for one in told(copy)), told(copy)


def test_a_file_that_unpacks_to_too_much_is_not_read_to_its_end(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folded_module, "MOST_FOLDED_BYTES", 100)

    assert any("unpacks to more than 100 bytes" in one for one in told(copy))


SHA = "0" * 64
NOTES = [
    pytest.param("{}", id="nothing in it"),
    pytest.param('{"schema": "netchurn.thinned/1", "left_out": {}}', id="nothing left out"),
    pytest.param('{"schema": "netchurn.thinned/2", "left_out": %s}', id="another schema"),
    pytest.param('{"schema": "netchurn.thinned/1", "left_out": %s, "more": 1}', id="more"),
    pytest.param(None, id="gone"),
    pytest.param(("result.json", "instead", None), id="what is there"),
    pytest.param(("../../etc/passwd", "instead", None), id="elsewhere"),
    pytest.param((CAPTURE, "instead", None), id="nothing instead"),
    pytest.param((CAPTURE, "instead", OTHER_FOLDED), id="something else instead"),
    pytest.param((CAPTURE, "sha256", "no digest"), id="no digest"),
    pytest.param((CAPTURE, "bytes", -1), id="no size"),
]


@pytest.mark.slow
@pytest.mark.parametrize("text", NOTES)
def test_the_note_of_what_was_left_out_is_held_against_what_is_there(
    copy: Path, reseal: Reseal, text: str | tuple[str, str, object] | None
) -> None:
    note = json.loads((copy / thin.NOTE).read_text())
    if text is None:
        (copy / thin.NOTE).unlink()
    elif isinstance(text, str):
        (copy / thin.NOTE).write_text(text.replace("%s", json.dumps(note["left_out"])))
    else:
        name, key, value = text
        note["left_out"].setdefault(name, {"sha256": SHA, "bytes": 1, "instead": None})[key] = value
        (copy / thin.NOTE).write_text(json.dumps(note))
    reseal(copy)

    assert {one.id for one in verify(copy).deviations} == {"thinned_wrong"}
    assert verify(copy).deviations


# --- while it is copied ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("swap", ["a link", "a folder that is a link", "another file"])
def test_what_takes_a_files_place_while_captures_are_folded_is_not_copied(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swap: str
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "0-poll.csv").write_text("secret")
    fold = thin._folded

    def folded(*arguments: Any) -> Any:
        sample = whole / "samples" / "0-poll.csv"
        if swap == "a folder that is a link":
            (whole / "samples").rename(tmp_path / "moved")
            (whole / "samples").symlink_to(private)
        else:
            sample.unlink()
            sample.symlink_to(private / "0-poll.csv") if swap == "a link" else sample.write_text("secret")
        return fold(*arguments)

    monkeypatch.setattr(thin, "_folded", folded)
    with pytest.raises(NetchurnError):
        thin.thin(whole, tmp_path / "thin")
    found = [path.read_bytes() for path in (tmp_path / "thin").rglob("*") if path.is_file()]
    assert not any(b"secret" in one for one in found)
    assert not (tmp_path / "thin" / SUMS).exists()


# --- what is refused ------------------------------------------------------------------------------------------------


def test_an_interrupted_a_changed_and_a_thinned_result_are_refused(
    whole: Path, copy: Path, made: Made, tmp_path: Path
) -> None:
    open_end = made(name="interrupted", seal=False)
    for folder in (open_end, copy):
        with raises_id("not_thinnable", folder):
            thin.thin(folder, tmp_path / "new")
    (whole / CAPTURE).write_bytes(b"other")
    with raises_id("result_changed"):
        thin.thin(whole, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("where", ["", "inside/it"])
def test_a_folder_that_is_there_or_within_the_result_is_refused(whole: Path, where: str) -> None:
    before = files(whole)
    with raises_id("already_there"):
        thin.thin(whole, whole / where)
    assert files(whole) == before


def test_a_capture_that_does_not_add_up_is_refused(whole: Path, reseal: Reseal, tmp_path: Path) -> None:
    text = (whole / "result.json").read_text()
    (whole / "result.json").write_text(re.sub(r'"allocations": (\d)', r'"allocations": 9\1', text, count=1))
    reseal(whole)

    with raises_id("result_changed"):
        thin.thin(whole, tmp_path / "thin")


# --- its report -----------------------------------------------------------------------------------------------------


def test_its_report_is_that_of_the_whole(whole: Path, copy: Path) -> None:
    for kind in ("json", "md", "junit"):
        assert build.text(copy, kind) == build.text(whole, kind)
