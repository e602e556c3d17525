"""Where a result cannot be written, and who writes to one."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from harness.errors import NetchurnError
from harness.model import (
    Sample,
)
from harness.results.folder import PROGRESS, SUMS, is_running
from harness.results.samples import _row_by_row, read_samples
from harness.results.writer import Writer
from raising import raises_id
from stored import NOBODY, RESULT, ROOT, check_sums


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path / "results" / "quiet" / RESULT.run_id)
    yield made
    made.close()


def refusal(act: Callable[[], object]) -> NetchurnError:
    with raises_id("folder_not_writable") as caught:
        act()
    assert "--results" in caught.value.hint
    return caught.value


@pytest.mark.parametrize("mode", [0o644, 0o755], ids=oct)
@pytest.mark.parametrize("below", ["quiet", "quiet/run"])
def test_a_file_in_place_of_a_folder_is_a_usage_fault_that_says_so(tmp_path: Path, mode: int, below: str) -> None:
    place = tmp_path / "results"
    place.write_text("")
    place.chmod(mode)

    fault = refusal(lambda: Writer(place / below))

    assert str((place / below).parent) in fault.message
    assert "Not a directory" in fault.message


@pytest.fixture
def locked(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Give a folder of the wanted mode, and take this process's privileges away for the rest of the test."""
    with tempfile.TemporaryDirectory() as outer:
        place = Path(outer) / "results"
        place.mkdir()
        place.chmod(request.param)
        if ROOT:
            Path(outer).chmod(0o755)
            os.setresgid(NOBODY, NOBODY, 0)
            os.setresuid(NOBODY, NOBODY, 0)
        yield place
        if ROOT:
            os.setresuid(0, 0, 0)
            os.setresgid(0, 0, 0)
        place.chmod(0o700)


@pytest.mark.parametrize("locked", [0o000, 0o444, 0o555], indirect=True, ids=oct)
@pytest.mark.parametrize("below", ["quiet", "quiet/run"])
def test_a_folder_without_permission_is_a_usage_fault(locked: Path, below: str) -> None:
    fault = refusal(lambda: Writer(locked / below))

    assert str((locked / below).parent) in fault.message
    assert "Permission denied" in fault.message


def test_a_folder_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run+2").mkdir()
    made = Writer(tmp_path / "run")
    made.close()

    assert made.folder == tmp_path / "run+3"
    assert made.captures.is_dir()
    assert not list((tmp_path / "run").iterdir())


def test_all_that_is_missing_above_is_made(tmp_path: Path) -> None:
    made = Writer(tmp_path / "a" / "b" / "c")
    made.close()

    assert (tmp_path / "a" / "b" / "c" / "samples").is_dir()


SPOILED = [
    "",
    "7,not a number",
    "1,2,3,4,5,6,7,8,9,10,11,12,13",
    ",".join(map(str, range(40))),
    '1,"2"',
    '"' + "x" * 200_000,
]


@pytest.mark.parametrize("spoiled", SPOILED, ids=range(len(SPOILED)))
def test_samples_are_read_alike_at_once_and_row_by_row(tmp_path: Path, spoiled: str) -> None:
    writer = Writer(tmp_path / "run")
    plain = Sample(
        at_ns=1,
        rss_bytes=2,
        pss_bytes=None,
        uss_bytes=None,
        rss_peak_bytes=3,
        user_s=0.25,
        system_s=1.0,
        voluntary_switches=4,
        involuntary_switches=5,
        minor_faults=6,
        major_faults=7,
        polls=None,
        events=None,
    )
    kept = [plain, msgspec.structs.replace(plain, at_ns=2, pss_bytes=9, uss_bytes=8, polls=10, events=11), plain]
    for one in kept:
        writer.append(0, "poll", one)
    writer.close()
    path = tmp_path / "run" / "samples" / "0-poll.csv"
    path.write_text(path.read_text() + spoiled + ("\n" if spoiled else ""))
    assert list(read_samples(tmp_path / "run", 0, "poll")) == kept
    assert _row_by_row(path.read_bytes()) == kept


# --- a run that goes on ----------------------------------------------------------------------------------------------


def test_a_folder_is_known_to_be_written_to_until_its_writer_lets_go(writer: Writer) -> None:
    assert is_running(writer.folder)
    assert is_running(writer.folder)  # looking changes nothing
    writer.seal()
    assert is_running(writer.folder)
    writer.close()
    assert not is_running(writer.folder)


def test_a_folder_whose_writer_was_killed_is_not_written_to(tmp_path: Path) -> None:
    program = (
        "import os, sys, pathlib; from harness.results.writer import Writer; w = Writer(pathlib.Path(sys.argv[1])); "
    )
    program += "w = Writer(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "run")], check=False)
    assert (tmp_path / "run" / "samples").is_dir()
    assert not is_running(tmp_path / "run")


def test_whoever_a_run_starts_does_not_hold_its_folder(writer: Writer) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False):
        writer.close()
        assert not is_running(writer.folder)


def test_no_folder_is_written_to_by_nobody(tmp_path: Path) -> None:
    assert not is_running(tmp_path / "nosuch")


def test_what_tells_of_a_run_is_not_sealed(writer: Writer) -> None:
    writer.save(RESULT)
    (writer.folder / PROGRESS).write_text("{}")
    writer.seal()
    assert PROGRESS not in (writer.folder / SUMS).read_text()
    assert check_sums(writer.folder).returncode == 0


def test_what_an_external_program_puts_in_the_way_is_not_blamed_on_the_disk(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run")
    (writer.folder / SUMS).mkdir()
    with raises_id("folder_not_writable") as caught:
        writer.seal()
    assert "space" not in caught.value.hint
