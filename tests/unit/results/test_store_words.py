"""What the store says where it refuses, to the letter; and that its quick reader reads what the slow one does."""

import csv
import errno
import fcntl
import gzip
import os
import random
import re
import shutil
from array import array
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from harness.model import Folded, FoldedStack, Frame, Sample
from harness.results import folded as folded_module
from harness.results.columns import Samples
from harness.results.folded import folded_name, read_folded
from harness.results.folder import SUMS, is_running, load_result, locate
from harness.results.samples import _at_once, _row_by_row, parse_samples, read_rss, read_samples
from harness.results.writer import Writer
from raising import raises_id

FULL = Sample(
    at_ns=1,
    rss_bytes=2,
    pss_bytes=3,
    uss_bytes=4,
    rss_peak_bytes=5,
    user_s=0.5,
    system_s=0.25,
    voluntary_switches=6,
    involuntary_switches=7,
    minor_faults=8,
    major_faults=9,
    polls=10,
    events=11,
)
SPARSE = msgspec.structs.replace(FULL, pss_bytes=None, uss_bytes=None, polls=None, events=None)
HEADER = ",".join(Sample.__struct_fields__)


def line(sample: Sample) -> str:
    return ",".join("" if value is None else str(value) for value in msgspec.structs.astuple(sample))


@pytest.mark.parametrize("samples", [(FULL,), (SPARSE,), (FULL, SPARSE), (SPARSE, FULL, SPARSE)])
def test_the_quick_reader_reads_what_the_slow_one_does(samples: tuple[Sample, ...]) -> None:
    whole = "\n".join([HEADER, *map(line, samples), ""]).encode()

    assert list(_at_once(whole)) == _row_by_row(whole) == list(samples)

    found = parse_samples(whole.replace(b"\n", b"\r\n"))
    assert isinstance(found, Samples)  # the quick reader's
    assert list(found) == list(samples)


@pytest.mark.parametrize("whole", [HEADER, f"x{HEADER}\n{line(FULL)}", line(FULL)])
def test_the_quick_reader_refuses_another_header_and_no_rows(whole: str) -> None:
    with pytest.raises(ValueError, match=re.escape(whole.partition("\n")[0])):
        _at_once(f"{whole}\n".encode())


@pytest.mark.parametrize("end", ["X", "\N{NO-BREAK SPACE}", "\xff"])
def test_a_number_with_something_behind_it_is_none(tmp_path: Path, end: str) -> None:
    (tmp_path / "samples").mkdir()
    text = f"{HEADER}\r\n{line(SPARSE)}\r\n{line(FULL)}{end}\r\n"
    (tmp_path / "samples/0-poll.csv").write_bytes(text.encode("latin-1"))  # no UTF-8, but for the first

    assert list(parse_samples(text.encode())) == list(read_samples(tmp_path, 0, "poll")) == [SPARSE]


ROW = "1000,2000,,\n"


@pytest.mark.parametrize(
    ("rows", "read"),
    [
        (f"{ROW}3000,4000,5\n", 2),
        (f"{ROW}3000,4000,5", 1),
        (f"{ROW}3000,4000\n{ROW}", 1),
        (f"{ROW}3000,?,5\n{ROW}", 1),
        (f"{ROW}\xff,4000,5\n", 1),
        ("", 0),
    ],
    ids=["whole", "no end", "too short", "no number", "no text", "none"],
)
def test_of_a_trial_that_goes_on_times_and_memory_are_read_as_far_as_they_are_whole(
    tmp_path: Path, rows: str, read: int
) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/7-poll.csv").write_bytes(f"{HEADER}\n{rows}".encode("latin-1"))
    found = read_rss(tmp_path, 7, "poll")

    assert found == (array("q", [1000, 3000][:read]), array("q", [2000, 4000][:read]))
    assert [one.typecode for one in found] == ["q", "q"]


def test_of_a_trial_that_has_not_begun_nothing_is_read(tmp_path: Path) -> None:
    nothing = (array("q"), array("q"))
    assert read_rss(tmp_path, 0, "poll") == nothing
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/0-poll.csv").touch()
    assert read_rss(tmp_path, 0, "poll") == nothing


# --- captures by stack ----------------------------------------------------------------------------------------------


def folded(*numbers: int) -> Folded:
    frames = tuple(Frame(name=name, place="x.py", origin="own") for name in ("a", "b"))
    return Folded(frames=frames, stacks=(FoldedStack(frames=numbers, bytes=64, allocations=2),))


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def unread(content: bytes, name: str, *facts: object) -> None:
    with raises_id(name, "x.folded.json.gz", *facts):
        read_folded(BytesIO(content), "x.folded.json.gz")


def test_a_capture_by_stack_is_read_as_it_was_written_and_holds_no_time(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(folded_module.packed(folded(0, 1)))

    with path.open("rb") as stream:
        assert read_folded(stream, "x") == folded(0, 1)
    assert path.read_bytes()[4:8] == b"\0\0\0\0"  # where gzip has the time


@pytest.mark.parametrize(
    ("capture", "name"),
    [("a/b.bin", "a/b.folded.json.gz"), ("a.bin.bin", "a.bin.folded.json.gz"), ("a.pb", "a.pb.folded.json.gz")],
)
def test_a_capture_by_stack_is_named_after_the_capture(capture: str, name: str) -> None:
    assert folded_name(capture) == name


@pytest.mark.parametrize("number", [-1, 2])
def test_a_stack_of_functions_that_are_not_there_is_refused(number: int) -> None:
    unread(packed(msgspec.json.encode(folded(0, number))), "not_a_result", 2)


def test_a_capture_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = msgspec.json.encode(folded(0)).ljust(1200)
    monkeypatch.setattr(folded_module, "MOST_FOLDED_BYTES", 1200)
    assert read_folded(BytesIO(packed(plain)), "x") == folded(0)
    unread(packed(plain + b" "), "file_too_large", "1,200")


def test_what_lies_beyond_that_is_not_so_much_as_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folded_module, "MOST_FOLDED_BYTES", 1200)
    cut_off = packed(random.Random(1).randbytes(2**20))[: 2**19]  # noqa: S311 - what does not get smaller

    unread(cut_off, "file_too_large", "1,200")


@pytest.mark.parametrize(
    ("content", "name", "fact"),
    [
        (b"hello", "file_damaged", "b'he'"),
        (packed(b"{}")[:-6], "file_damaged", "end-of-stream"),
        (packed(b"{}")[:10] + b"\xff" * 9, "file_damaged", "-3"),
        (packed(b"{}"), "not_a_result", "`frames`"),
    ],
)
def test_what_is_no_capture_by_stack_is_told(content: bytes, name: str, fact: str) -> None:
    unread(content, name, fact)


# --- words ----------------------------------------------------------------------------------------------------------


def written(folder: Path, content: bytes) -> Path:
    path = folder / "result.json"
    path.write_bytes(content)
    return path


def test_what_cannot_be_read_is_told_with_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "result.json"

    with raises_id("file_unreadable", path, "No such file"):
        load_result(tmp_path)


@pytest.mark.parametrize(
    ("content", "name", "fact"),
    [(b"{}", "not_a_result", "`schema`"), (b'{"schema": "x"}', "other_schema", "netchurn.result/1")],
)
def test_what_is_no_result_is_told_with_its_remedy(tmp_path: Path, content: bytes, name: str, fact: str) -> None:
    path = written(tmp_path, content)

    with raises_id(name, path, fact):
        load_result(tmp_path)


def test_a_name_that_leads_elsewhere_is_told_with_its_remedy(tmp_path: Path) -> None:
    golden = Path(__file__).parents[2] / "golden/docker-host/result.json"
    path = written(tmp_path, golden.read_bytes().replace(b'"name": "poll"', b'"name": "a/b"'))

    with raises_id("not_a_result", path, "'a/b'"):
        load_result(tmp_path)


def test_samples_behind_a_link_are_told_with_their_remedy(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    link = tmp_path / "samples/0-poll.csv"
    link.symlink_to("/dev/null")
    with raises_id("file_unreadable", link):
        read_samples(tmp_path, 0, "poll")


def test_what_is_not_found_is_told_with_its_remedy(tmp_path: Path) -> None:
    for text in ("latest", str(tmp_path)):
        with raises_id("no_result", tmp_path):
            locate(text, tmp_path)


def test_results_on_a_disk_that_fails_are_told_by_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Iterable[Path]:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "glob", broken)
    with raises_id("file_unreadable", tmp_path, "Input/output error"):
        locate("latest", tmp_path)


def test_a_folder_that_was_taken_away_is_told_by_its_name(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run")
    writer.append(0, "poll", FULL)
    shutil.rmtree(tmp_path / "run")
    acts: tuple[Callable[[], None], ...] = (
        lambda: writer._replace("x", b""),
        lambda: writer.append(0, "netlink", FULL),
    )
    for act in acts:
        with raises_id("folder_not_writable", tmp_path / "run", "No such file"):
            act()
    writer.close()


def test_a_folder_that_was_moved_away_is_written_to_and_no_other_in_its_place(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run")
    writer.check()
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    (tmp_path / "victim" / "samples").mkdir(parents=True)
    (tmp_path / "run").symlink_to(tmp_path / "victim")
    writer.append(0, "poll", FULL)
    writer.seal()
    with raises_id("result_moved"):
        writer.check()
    writer.close()

    assert [path.name for path in (tmp_path / "victim").rglob("*")] == ["samples"]
    assert (tmp_path / "elsewhere" / "samples" / "0-poll.csv").is_file()
    assert (tmp_path / "elsewhere" / SUMS).is_file()


def test_a_row_that_does_not_fit_is_told_once_by_its_folder(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run")
    full = Path("/dev/full").open("w")  # noqa: SIM115 - the writer closes it
    writer._open[0, "poll"] = (full, csv.writer(full))
    with raises_id("folder_not_writable", tmp_path / "run", "No space left"):
        writer.append(0, "poll", FULL)
    writer.close()

    assert full.closed


def test_where_nothing_can_be_locked_nothing_is_and_nobody_is_said_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", unknown)
    before = len([*Path("/proc/self/fd").iterdir()])
    writer = Writer(tmp_path / "run")
    assert not is_running(tmp_path / "run")
    writer.close()
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_a_file_is_no_folder_that_a_run_writes_to_whoever_locks_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert not is_running(file)


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    with raises_id("file_unreadable", "x" * 300):
        locate("x" * 300, tmp_path)


@pytest.mark.parametrize("newest", ["a", "b", "c"])
def test_latest_is_the_one_whose_moment_is_the_last(tmp_path: Path, newest: str) -> None:
    for scenario in ("b", "a", "c"):
        folder = tmp_path / scenario / f"2026010{3 if scenario == newest else 1}T000000Z-x"
        folder.mkdir(parents=True)
        (folder / "result.json").touch()

    assert locate("latest", tmp_path) == tmp_path / newest / "20260103T000000Z-x"


@pytest.mark.parametrize(
    ("header", "fact"),
    [
        (f"{HEADER},heat_bytes", "heat_bytes"),
        (HEADER.replace("at_ns,", ""), "at_ns"),
        (HEADER.replace("rss_bytes", "rss", 1), "rss_bytes"),
        (HEADER.replace("at_ns,rss_bytes", "rss_bytes,at_ns"), "order"),
        (line(FULL), "at_ns"),
    ],
)
def test_other_columns_are_refused_by_name(tmp_path: Path, header: str, fact: str) -> None:
    (tmp_path / "samples").mkdir()
    path = tmp_path / "samples/0-poll.csv"
    path.write_text(f"{header}\n{line(FULL)}\n")
    with raises_id("not_a_result", path, fact):
        read_samples(tmp_path, 0, "poll")

    path.write_text(header)  # a crash cut it off
    assert list(read_samples(tmp_path, 0, "poll")) == []
