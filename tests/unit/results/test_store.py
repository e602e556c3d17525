"""A result on disk: facts, samples and the seal are read as they were written."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import (
    Sample,
)
from harness.results.columns import Samples
from harness.results.folder import SUMS, is_complete, load_result
from harness.results.samples import read_samples
from harness.results.writer import Writer
from stored import RESULT, check_sums, sample, sealed


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path / "results" / "quiet" / RESULT.run_id)
    yield made
    made.close()


# --- the facts ------------------------------------------------------------------------------------------------------


def test_a_result_is_read_as_it_was_saved(writer: Writer) -> None:
    writer.save(RESULT)

    assert load_result(writer.folder) == RESULT


def test_a_result_is_replaced_by_what_is_known_later(writer: Writer) -> None:
    writer.save(msgspec.structs.replace(RESULT, trials=(), captures=()))
    writer.save(RESULT)

    assert load_result(writer.folder) == RESULT
    assert sorted(path.name for path in writer.folder.iterdir()) == ["captures", "result.json", "samples"]


def test_a_result_can_be_read_by_people(writer: Writer) -> None:
    writer.save(RESULT)
    text = (writer.folder / "result.json").read_text()

    assert text.startswith('{\n "schema": "netchurn.result/1",\n')
    assert text.endswith("}\n")


def test_what_was_not_measured_stays_none_and_what_was_zero_stays_zero(writer: Writer) -> None:
    writer.save(RESULT)
    read = load_result(writer.folder)

    assert read.environment_after is None
    mark = read.trials[0].runs[0].marks[0]
    assert (mark.allocated_bytes, mark.allocations) == (None, 0)


# --- the samples ----------------------------------------------------------------------------------------------------


def test_samples_are_read_as_they_were_appended(writer: Writer) -> None:
    kept = [sample(1), sample(2, polls=0, events=0, pss_bytes=0, uss_bytes=0), sample(3, polls=5, user_s=1 / 3)]
    for one in kept:
        writer.append(0, "poll", one)

    assert list(read_samples(writer.folder, 0, "poll")) == kept


def test_a_sample_is_on_disk_as_soon_as_it_is_appended(writer: Writer) -> None:
    writer.append(0, "poll", sample(1))

    assert len((writer.folder / "samples" / "0-poll.csv").read_bytes().splitlines()) == 2


def test_none_and_zero_are_kept_apart(writer: Writer) -> None:
    writer.append(0, "poll", sample(polls=None, events=0, pss_bytes=0, uss_bytes=None))

    (read,) = read_samples(writer.folder, 0, "poll")

    assert (read.polls, read.events, read.pss_bytes, read.uss_bytes) == (None, 0, 0, None)


def test_each_subject_of_each_trial_has_its_own_samples(writer: Writer) -> None:
    writer.append(0, "poll", sample(1))
    writer.append(0, "netlink", sample(2))
    writer.append(1, "poll", sample(3))

    assert [list(read_samples(writer.folder, *which)) for which in ((0, "poll"), (0, "netlink"), (1, "poll"))] == [
        [sample(1)],
        [sample(2)],
        [sample(3)],
    ]


def test_the_columns_are_named_with_their_units(writer: Writer) -> None:
    writer.append(0, "poll", sample())
    header = (writer.folder / "samples" / "0-poll.csv").read_text().splitlines()[0]

    assert header.startswith("at_ns,rss_bytes,pss_bytes,uss_bytes,rss_peak_bytes,user_s,system_s,")


def test_a_subject_without_samples_has_none(writer: Writer) -> None:
    assert not read_samples(writer.folder, 0, "poll")


def test_samples_are_a_sequence_of_which_a_column_can_be_had_at_once(writer: Writer) -> None:
    kept = [sample(at, polls=None if at == 2 else at, user_s=at / 8) for at in range(1, 5)]
    for one in kept:
        writer.append(0, "poll", one)
    read = read_samples(writer.folder, 0, "poll")

    assert isinstance(read, Samples)
    assert (len(read), read[-1], list(read[1:3]), list(read[::2])) == (4, kept[-1], kept[1:3], kept[::2])
    assert list(reversed(read)) == kept[::-1]
    assert list(read.column("at_ns")) == [one.at_ns for one in kept]
    with pytest.raises(IndexError):
        read[4]


@pytest.mark.slow
@given(
    st.lists(
        st.builds(
            sample,
            at_ns=st.integers(0, 2**63),
            pss_bytes=st.none() | st.integers(0, 2**40),
            user_s=st.floats(0, 1e9),
            polls=st.none() | st.integers(0, 2**40),
            events=st.none() | st.integers(0, 2**40),
        ),
        max_size=5,
    )
)
def test_any_samples_come_back(tmp_path_factory: pytest.TempPathFactory, kept: list[Sample]) -> None:
    made = Writer(tmp_path_factory.mktemp("run"))
    for one in kept:
        made.append(0, "poll", one)
    made.close()

    assert list(read_samples(made.folder, 0, "poll")) == kept


@pytest.mark.parametrize("known", [{}, {"polls": 123, "events": 456}, {"polls": 123}, {"events": 456}])
def test_a_row_that_a_crash_cut_off_is_left_out_wherever_it_was_cut(writer: Writer, known: dict[str, int]) -> None:
    kept = [sample(1, **known), sample(2, **known)]
    for one in kept:
        writer.append(0, "poll", one)
    writer.close()
    path = writer.folder / "samples" / "0-poll.csv"
    whole = path.read_bytes()
    second = whole.index(b"\n", whole.index(b"\n") + 1) + 1

    for length in range(second, len(whole) - 1):  # up to the last byte of the row, its line end apart
        path.write_bytes(whole[:length])
        assert list(read_samples(writer.folder, 0, "poll")) == kept[:1], whole[second:length]


def test_samples_cut_off_in_their_header_are_none(writer: Writer) -> None:
    path = writer.folder / "samples" / "0-poll.csv"
    path.write_text("at_ns,rss_by")

    assert not read_samples(writer.folder, 0, "poll")


# --- the seal -------------------------------------------------------------------------------------------------------


def test_a_run_is_complete_only_when_it_is_sealed(writer: Writer) -> None:
    writer.save(RESULT)
    writer.append(0, "poll", sample())
    before = is_complete(writer.folder), (writer.folder / SUMS).exists()
    writer.seal()

    assert before == (False, False)
    assert is_complete(writer.folder)


def test_a_seal_can_be_checked_without_us(writer: Writer) -> None:
    checked = check_sums(sealed(writer))

    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.splitlines() == ["captures/poll.bin: OK", "result.json: OK", "samples/0-poll.csv: OK"]


def test_a_changed_byte_breaks_the_seal(writer: Writer) -> None:
    folder = sealed(writer)
    (folder / "captures" / "poll.bin").write_bytes(b"\0\1\3")

    assert check_sums(folder).returncode != 0


def test_sealing_twice_is_sealing_once(writer: Writer) -> None:
    folder = sealed(writer)
    once = (folder / SUMS).read_text()
    writer.seal()

    assert (folder / SUMS).read_text() == once


def test_sealing_leaves_nothing_open_and_nothing_unfinished(writer: Writer) -> None:
    folder = sealed(writer)

    assert not list(folder.rglob(".*"))
