"""Rows of samples: read strictly, and held against what one process can show."""

import io
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import NamespaceInfo, Sample, SubjectRun, Trial
from harness.verify import sample_rows

COLUMNS = Sample.__struct_fields__
HEADER = ",".join(COLUMNS[: COLUMNS.index("events") + 1]) + "\r\n"  # as of the first version
ROW = "10,100,,,100,0.1,0.0,1,0,5,0,0,0\r\n"
NEXT = "20,100,,,100,0.1,0.0,1,0,5,0,1,0\r\n"
RUN = SubjectRun(
    name="poll", argv=(), pid=1, outcome="completed", exit_status=0, ready_ns=0, marks=(), reported_outcome=(),
    stderr_tail=""
)  # fmt: skip
TRIAL = Trial(
    index=0,
    began_ns=0,
    ended_ns=30,
    namespace=NamespaceInfo(links=2, pairs=0, ifname="wt0", ifindex=2, kind="veth", fresh_sysfs=True),
    churned_pairs=0,
    runs=(RUN,),
)


def read(text: str, *, torn: bool = False) -> sample_rows.Rows:
    return sample_rows.read(io.StringIO(text, newline=""), torn=torn)


def suspicions(text: str, *, ours: bool = True) -> list[str]:
    return sample_rows.suspicious(read(text), TRIAL, RUN, ours=ours)


def test_rows_are_read_with_their_lines() -> None:
    found = read(HEADER + ROW + NEXT)

    assert found.malformed == ()
    assert [(line, one.at_ns) for line, one in found.numbered] == [(2, 10), (3, 20)]
    assert suspicions(HEADER + ROW + NEXT) == []


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("10,100\r\n", "line 2: has 2 fields; expected 13"),
        (ROW.replace("10,", "1x,", 1), "line 2: Expected `int`, got `str` - at `$.at_ns`"),
        (ROW.replace("0.1", "nan"), "line 2: user_s is nan; expected a number from 0 on"),
        (ROW.replace("0.1", "-0.1"), "line 2: user_s is -0.1; expected a number from 0 on"),
        (ROW.rstrip(), ""),
        ("10,100", "line 2: has 2 fields; expected 13"),
    ],
)
def test_a_malformed_row_is_named(row: str, says: str) -> None:
    assert list(read(HEADER + row).malformed) == ([says] if says else [])


def test_a_row_that_a_crash_cut_off_is_left_out() -> None:
    found = read(HEADER + ROW + "20,10", torn=True)

    assert (len(found.numbered), found.malformed) == (1, ())


@pytest.mark.parametrize("text", ["", "at_ns\r\n", ROW])
def test_another_header_is_named_and_nothing_is_read_under_it(text: str) -> None:
    found = read(text)

    assert found.numbered == ()
    assert found.malformed[0].startswith("line 1: its columns are")


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (NEXT.replace("20,", "10,", 1), "at_ns is 10, not after the row before it, which is at 10"),
        (NEXT.replace("20,", "99000000,", 1), "at_ns is 99,000,000; the trial lasted from 0 to 30"),
        (NEXT.replace("20,100", "20,9000000"), "rss_bytes is 9,000,000, above its peak, which is 100"),
        (NEXT.replace("0.1", "0.0"), "user_s is 0.0, and was 0.1 one row before: it never falls"),
        (NEXT.replace(",5,", ",4,"), "minor_faults is 4, and was 5 one row before: it never falls"),
        (NEXT.replace(",1,0\r", ",,0\r"), "polls is None, and was 0 one row before: it never falls"),
    ],
)
def test_a_row_that_contradicts_another_is_named(second: str, says: str) -> None:
    assert suspicions(HEADER + ROW + second) == [f"line 3: {says}"]


def test_a_row_after_the_end_is_named() -> None:
    run = msgspec.structs.replace(RUN, exited_after_s=0.0)
    late = HEADER + ROW.replace("10,", "2000000,", 1)

    assert sample_rows.suspicious(read(late), msgspec.structs.replace(TRIAL, ended_ns=10**7), run, ours=True)
    assert sample_rows.suspicious(read(HEADER + ROW), TRIAL, run, ours=True) == []


def test_who_lives_to_the_end_has_as_many_rows_as_the_others() -> None:
    runs = [msgspec.structs.replace(RUN, name=name) for name in ("a", "b", "c")]
    early = msgspec.structs.replace(RUN, name="early", exited_after_s=1.0)
    trial = msgspec.structs.replace(TRIAL, runs=(*runs, early))

    assert sample_rows.uneven({"a": 5, "b": 5, "c": 5, "early": 2}, trial) == []
    assert [name for name, _ in sample_rows.uneven({"a": 5, "b": 4, "c": 5, "early": 2}, trial)] == ["b"]
    assert [name for name, _ in sample_rows.uneven({"a": 0, "b": 0, "c": 0}, trial)] == ["a", "b", "c"]


def test_somebody_elses_program_may_lose_a_child() -> None:
    assert suspicions(HEADER + ROW + NEXT.replace("0.1", "0.0"), ours=False) == []


@given(st.text(), st.booleans())
def test_anything_can_be_read(text: str, torn: bool) -> None:  # noqa: FBT001 - drawn
    read(HEADER + text, torn=torn)


def test_a_large_table_is_read_as_it_comes() -> None:
    def lines() -> Iterator[str]:
        yield HEADER
        for at in range(50_000):
            yield ROW.replace("10", str(at), 1)

    assert len(sample_rows.read(lines(), torn=False).numbered) == 50_000
    assert msgspec.structs.astuple(sample_rows.read(lines(), torn=False).numbered[-1][1])[0] == 49_999


def test_the_parts_of_resident_memory_add_up() -> None:
    first = COLUMNS.index("rss_file_bytes") + 2
    header = ",".join(COLUMNS[:first]) + "\r\n"
    row = "10,9000000,,,9000000,0.1,0.0,1,0,5,0,1,0"

    assert suspicions(f"{header}{row},4000000,5000000,0\r\n") == []
    assert "add up" in suspicions(f"{header}{row},4000000,2000000,0\r\n")[0]
