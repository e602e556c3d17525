"""A folder held against itself: what was written verifies, and whatever is changed afterwards is found and named."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.results.folder import SUMS
from harness.verify.check import Verified, verify
from raising import raises_id

Made = Callable[..., Path]
Reseal = Callable[[Path], None]


def told(found: Verified) -> list[str]:
    return [f"{one.where}: {one.text} [{one.id}]" for one in found.deviations]


def change(path: Path, pattern: str, to: str) -> None:
    content = path.read_bytes()
    changed = re.sub(pattern.encode(), to.encode(), content, count=1)
    assert changed != content
    path.write_bytes(changed)


# --- what was written -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_fresh_result_deviates_in_nothing(full: Path) -> None:
    found = verify(full)

    assert told(found) == []
    assert found.sealed
    assert dict(found.checked)["captures"] == "4 recounted, to the byte"


@pytest.mark.slow
def test_nothing_is_written_to_the_folder(full: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in full.rglob("*")}
    verify(full)

    assert {path: path.stat().st_mtime_ns for path in full.rglob("*")} == before


def test_the_evidence_is_one_line_that_names_the_run(made: Made) -> None:
    folder = made()

    assert re.fullmatch(
        rf"netchurn-evidence/1 inconclusive quiet {folder.name} sha256:[0-9a-f]{{64}}", verify(folder).evidence
    )


def test_the_evidence_is_the_same_wherever_the_folder_lies_and_however_its_facts_are_laid_out(
    made: Made, reseal: Reseal
) -> None:
    folder = made()
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    document = msgspec.json.decode((copy / "result.json").read_bytes())
    (copy / "result.json").write_bytes(msgspec.json.encode(dict(reversed(document.items()))))
    reseal(copy)

    assert verify(copy).evidence == verify(folder).evidence


@pytest.mark.parametrize(
    ("file", "pair"), [("result.json", ('"pid": 4711', '"pid": 4712')), ("samples/0-poll.csv", ("1500", "1501"))]
)
def test_another_digit_is_other_evidence(made: Made, reseal: Reseal, file: str, pair: tuple[str, str]) -> None:
    folder = made()
    before = verify(folder).evidence
    change(folder / file, *pair)
    reseal(folder)

    assert verify(folder).evidence != before


# --- what was changed -----------------------------------------------------------------------------------------------

CHANGES = [
    pytest.param("samples/0-poll.csv", "31457280", "31457281", id="a sample"),
    pytest.param("result.json", '"pid": 4711', '"pid": 4712', id="a fact"),
    pytest.param("captures/0-daemon-0.memstats-3.txt", "81600", "81608", id="a capture"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "pattern", "to"), CHANGES)
def test_a_changed_file_is_named(full: Path, file: str, pattern: str, to: str) -> None:
    change(full / file, pattern, to)
    found = verify(full)

    assert (file, "file_changed") in {(one.where, one.id) for one in found.deviations}
    assert found.evidence.startswith("netchurn-evidence/1 unverified quiet ")


HIDDEN = [
    pytest.param("result.json", '"pairs": 3', '"pairs": 4', r"\[plan_changed\]", id="the plan"),
    pytest.param("result.json", '"scenario": "quiet"', '"scenario": "loud"', r"\[plan_changed\]", id="a word of it"),
    pytest.param("result.json", '"id": "[0-9a-f]{8}"', '"id": "00000000"', r"00000000.*\[plan_changed\]", id="its id"),
    pytest.param(
        "result.json",
        r'"bytes": (\d+),',
        r'"bytes": 1\1,',
        r"poll at 8 links .*poll-8-2polls\.bin.*\[capture_differs\]",
        id="what memray counted",
    ),
    pytest.param(
        "result.json",
        '"sampled_bytes": 1600',
        '"sampled_bytes": 1700',
        r"sampled_bytes .*1,700.*1,600.*\[capture_differs\]",
        id="what Go sampled",
    ),
    pytest.param(
        "result.json",
        '"flat": 1600',
        '"flat": 1700',
        r"main\.look 1,700 .*main\.look 1,600.*\[capture_differs\]",
        id="a function",
    ),
    pytest.param(
        "result.json",
        '"bytes": 8000',
        '"bytes": 8001',
        r"heaps: .*bytes is 8001.* 8000 \[capture_differs\]",
        id="what was served",
    ),
    pytest.param("result.json", '"bytes": 600', '"bytes": 6', r"noise .*\[capture_differs\]", id="the noise"),
    pytest.param(
        "captures/0-daemon-before-1.memstats-3.txt",
        "78600",
        "78500",
        r"noise .*\[capture_differs\]",
        id="a rehearsal",
    ),
    pytest.param(
        "captures/0-daemon-1.memstats-1.txt",
        "90400",
        "90500",
        r"8000.*8100.*\[capture_differs\]",
        id="what was fetched",
    ),
    pytest.param(
        "samples/0-poll.csv", "12000000000", "10500000000", r"line 4: at_ns .*\[samples_contradict\]", id="a time"
    ),
    pytest.param(
        "samples/0-poll.csv", "31457280", "91457280", r"line 2: rss_bytes .*\[samples_contradict\]", id="a size"
    ),
    pytest.param("samples/0-poll.csv", ",2,0,,", ",9,0,,", r"line 6: polls .*\[samples_contradict\]", id="a count"),
    pytest.param(
        "samples/0-poll.csv", "12000000000", "1200000000x", r"line 4: .*at_ns.*\[samples_malformed\]", id="no number"
    ),
    pytest.param(
        "samples/0-poll.csv",
        "rss_peak_bytes",
        "rss_peak",
        r"line 1: .*rss_peak.*\[samples_malformed\]",
        id="a header",
    ),
    pytest.param(
        "result.json", '"started_at": "2026', '"started_at": "2025', r"run_id: .*\[facts_contradict\]", id="the moment"
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "pattern", "to", "says"), HIDDEN)
def test_what_contradicts_itself_is_found_though_the_seal_was_written_anew(  # noqa: PLR0913, PLR0917 - a table's row
    full: Path, reseal: Reseal, file: str, pattern: str, to: str, says: str
) -> None:
    change(full / file, pattern, to)
    reseal(full)
    found = verify(full)

    assert any(re.search(says, one) for one in told(found)), told(found)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_byte_changed_in_any_file_is_found(made: Made, tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "any"
    shutil.rmtree(folder, ignore_errors=True)
    made(name="any")
    path = folder / data.draw(
        st.sampled_from(sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()))
    )
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    found = verify(folder)

    assert found.deviations
    assert {path.name, SUMS} & {Path(one.where).name for one in found.deviations} or path.name == SUMS


# --- files that should not be there, or should ----------------------------------------------------------------------


def test_a_file_that_is_gone_is_named(made: Made) -> None:
    folder = made()
    (folder / "samples" / "0-poll.csv").unlink()

    assert ("samples/0-poll.csv", "file_missing") in {(one.where, one.id) for one in verify(folder).deviations}


def test_a_file_that_was_added_is_named(made: Made) -> None:
    folder = made()
    (folder / "captures" / "more.bin").write_bytes(b"")

    assert [(one.where, one.id) for one in verify(folder).deviations] == [("captures/more.bin", "file_not_listed")]


@pytest.mark.slow
def test_a_capture_that_the_facts_name_is_missed_though_the_seal_was_written_anew(full: Path, reseal: Reseal) -> None:
    (full / "captures" / "poll-8-2polls.bin").unlink()
    reseal(full)

    (found,) = verify(full).deviations
    assert (found.where, found.id) == ("captures/poll-8-2polls.bin", "file_missing")


@pytest.mark.slow
def test_what_is_no_capture_is_named_and_does_no_harm(full: Path, reseal: Reseal) -> None:
    (full / "captures" / "poll-8-2polls.bin").write_bytes(b"memray\0" * 100)
    reseal(full)

    (found,) = verify(full).deviations
    assert (found.where, found.id) == ("captures/poll-8-2polls.bin", "capture_not_counted")


def test_links_and_pipes_are_named_and_never_followed(made: Made, tmp_path: Path) -> None:
    folder = made()
    outside = tmp_path / "outside.csv"
    outside.write_text("secret")
    outside.chmod(0)
    (folder / "samples" / "9-poll.csv").symlink_to(outside)
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(folder)

    found = verify(folder)
    assert [one.where for one in found.deviations] == ["loop", "pipe", "samples/9-poll.csv"]
    assert {one.id for one in found.deviations} == {"file_odd"}
    assert "secret" not in "".join(told(found))


def test_a_name_that_leads_out_of_the_folder_is_not_used(made: Made, reseal: Reseal) -> None:
    folder = made()
    change(folder / "result.json", '"name": "poll"', '"name": "../../poll"')
    reseal(folder)

    assert [(one.id, "'../../poll'" in one.text) for one in verify(folder).deviations] == [("name_unsafe", True)]


# --- what cannot be verified ----------------------------------------------------------------------------------------


def test_an_interrupted_result_is_checked_as_far_as_it_goes(made: Made) -> None:
    folder = made(seal=False, environment_after=None)
    with (folder / "samples" / "0-poll.csv").open("a") as stream:
        stream.write("1400000")
    found = verify(folder)

    assert (told(found), found.sealed) == ([], False)
    assert found.evidence.startswith("netchurn-evidence/1 interrupted quiet ")


def test_what_is_no_result_is_refused(tmp_path: Path) -> None:
    with raises_id("no_result"):
        verify(tmp_path)


def test_another_schema_is_refused_unless_it_was_changed_to_it(made: Made, reseal: Reseal) -> None:
    folder = made()
    change(folder / "result.json", "netchurn.result/1", "netchurn.result/2")
    assert {one.id for one in verify(folder).deviations} == {"file_changed", "result_malformed"}

    reseal(folder)
    with raises_id("other_schema"):
        verify(folder)
