"""A thinned result: smaller, the same evidence and the same report, and as hard to change unnoticed as the whole."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import store
from harness.errors import NetchurnError
from harness.report import build
from harness.verify import thin
from harness.verify.check import verify

Made = Callable[..., Path]
Reseal = Callable[[Path], None]

CAPTURE = "captures/poll-8-2polls.bin"
FOLDED = "captures/poll-8-2polls.folded.json.gz"
NEEDLESS = ("captures/poll-8-2polls.stats.json", "captures/go-poll-8-idle/mark-0002.heap.pb.gz")


def told(folder: Path, report: Path | None = None) -> list[str]:
    return [f"{one.where}: {one.words}" for one in verify(folder, report).deviations]


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
    assert dict(found.checked)["captures"] == (
        "3 recounted, to the byte; 1 of them by stack, for this result was thinned"
    )
    assert found.evidence == verify(whole).evidence


def test_what_nothing_is_counted_from_is_gone_and_all_else_is_as_it_was(whole: Path, copy: Path) -> None:
    note = json.loads((copy / thin.NOTE).read_text())["left_out"]

    assert set(note) == {CAPTURE, *NEEDLESS}
    assert {one["instead"] for one in note.values()} == {FOLDED, None}
    assert files(copy) == files(whole) - set(note) | {FOLDED, thin.NOTE}
    same = files(copy) & files(whole) - {store.SUMS}
    assert [name for name in same if (copy / name).read_bytes() != (whole / name).read_bytes()] == []


def test_the_note_has_the_digests_of_the_whole(whole: Path, copy: Path) -> None:
    note = json.loads((copy / thin.NOTE).read_text())["left_out"]

    assert f"{note[CAPTURE]['sha256']}  {CAPTURE}" in (whole / store.SUMS).read_text().splitlines()
    assert note[CAPTURE]["bytes"] == (whole / CAPTURE).stat().st_size


def test_thinning_again_from_the_whole_gives_the_same_bytes(whole: Path, copy: Path, tmp_path: Path) -> None:
    again = thin.thin(whole, tmp_path / "again")

    assert {name: (again / name).read_bytes() for name in files(again)} == {
        name: (copy / name).read_bytes() for name in files(copy)
    }


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


@pytest.mark.parametrize(("change", "says"), CHANGES)
def test_what_was_changed_is_found_though_all_digests_were_written_anew(
    copy: Path, reseal: Reseal, change: Callable[[Path], None], says: str
) -> None:
    change(copy)
    reseal(copy)

    assert any(re.search(says, one) for one in told(copy)), told(copy)


def test_a_file_that_unpacks_to_too_much_is_not_read_to_its_end(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_FOLDED_BYTES", 100)

    assert any("unpacks to more than 100 bytes" in one for one in told(copy))


# --- what is refused ------------------------------------------------------------------------------------------------


def test_an_interrupted_a_changed_and_a_thinned_result_are_refused(
    whole: Path, copy: Path, made: Made, tmp_path: Path
) -> None:
    open_end = made(name="interrupted", seal=False)
    for folder, says in ((open_end, "was interrupted"), (copy, "was thinned before")):
        with pytest.raises(NetchurnError, match=says):
            thin.thin(folder, tmp_path / "new")
    (whole / CAPTURE).write_bytes(b"other")
    with pytest.raises(NetchurnError, match="changed since it was sealed"):
        thin.thin(whole, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("where", ["", "inside/it"])
def test_a_folder_that_is_there_or_within_the_result_is_refused(whole: Path, where: str) -> None:
    before = files(whole)
    with pytest.raises(NetchurnError, match="is there already"):
        thin.thin(whole, whole / where)
    assert files(whole) == before


def test_a_capture_that_does_not_add_up_is_refused(whole: Path, reseal: Reseal, tmp_path: Path) -> None:
    text = (whole / "result.json").read_text()
    (whole / "result.json").write_text(re.sub(r'"allocations": (\d)', r'"allocations": 9\1', text, count=1))
    reseal(whole)

    with pytest.raises(NetchurnError, match="does not fold to what was counted"):
        thin.thin(whole, tmp_path / "thin")


# --- its report -----------------------------------------------------------------------------------------------------


def test_its_report_is_that_of_the_whole(whole: Path, copy: Path) -> None:
    for kind in ("json", "md", "junit"):
        assert build.text(copy, kind) == build.text(whole, kind)
