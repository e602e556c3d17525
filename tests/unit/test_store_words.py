"""What the store says where it refuses, and that its quick reader reads what the slow one does."""

from pathlib import Path

import msgspec
import pytest

from harness import store
from harness.caller import Caller
from harness.errors import ResultFault, UsageFault
from harness.model import Sample

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
    whole = "\n".join([HEADER, *map(line, samples)])

    assert list(store._at_once(whole)) == store._row_by_row(whole) == list(samples)
    assert list(store.rows(whole.replace("\n", "\r\n") + "\r\n")) == list(samples)


@pytest.mark.parametrize("whole", [HEADER, f"x{HEADER}\n{line(FULL)}", line(FULL)])
def test_the_quick_reader_refuses_another_header_and_no_rows(whole: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        store._at_once(whole)


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UsageFault) as caught:
        Caller({}).folder(file)

    assert caught.value.message == f"cannot write to {file}: Not a directory"
    assert caught.value.hint == "choose another folder with --results and --reports"


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(ResultFault) as caught:
        store.locate("x" * 300, tmp_path)

    assert caught.value.message == f"cannot look into {'x' * 300}: File name too long"
    assert caught.value.hint == "check the path and its permissions"


def test_latest_is_the_one_whose_moment_is_the_last(tmp_path: Path) -> None:
    for name in ("b/20260101T000000Z-x", "a/20260301T000000Z-x", "c/20260201T000000Z-x"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "result.json").touch()

    assert store.locate("latest", tmp_path) == tmp_path / "a/20260301T000000Z-x"
