"""results/ on disk: what is written is what is read, torn ends are left out, and a seal can be checked by anybody."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ResultFault, UsageFault
from harness.model import (
    MOST_SUBJECTS,
    RESULT_SCHEMA,
    Capture,
    Environment,
    NamespaceInfo,
    Plan,
    ReportedOutcome,
    Result,
    Sample,
    SubjectRun,
    Trial,
    Work,
)
from harness.plan import Options, make_plan
from harness.results.columns import Samples
from harness.results.folder import PROGRESS, SUMS, is_complete, is_running, load_result, locate
from harness.results.samples import _row_by_row, read_samples
from harness.results.writer import Writer
from harness.scenario import Scenario

ROOT = os.geteuid() == 0
NOBODY = 65_534

PLAN: Plan = make_plan(
    Scenario(name="quiet", question="Why?", pairs=3, subjects={"poll": "before", "netlink": "after"}), Options()
)
MACHINE = Environment(
    netchurn="0.1.0",
    commit=None,
    kernel="6.18.0",
    machine="x86_64",
    cpu="a “fast” one",
    cpus=2,
    memory_bytes=2**33,
    python="3.11.7",
    packages={"pyroute2": "0.9.7"},
    privilege="root",
    load_average_1m=0.0,
    started_at="2026-05-04T10:15:00+00:00",
)
TRIAL = Trial(
    index=0,
    began_ns=1,
    ended_ns=2,
    namespace=NamespaceInfo(links=8, pairs=3, ifname="wt0", ifindex=7, kind="veth", fresh_sysfs=True),
    churned_pairs=0,
    runs=(
        SubjectRun(
            name="poll",
            argv=("python3", "-m", "x", ""),
            pid=4711,
            outcome="completed",
            exit_status=0,
            ready_ns=1,
            marks=(Work(at_ns=1, polls=0, events=0, allocated_bytes=None, allocations=0),),
            reported_outcome=(ReportedOutcome(at_ns=2, restart=False, reason="stopped", message=None),),
            stderr_tail="",
        ),
    ),
)
CAPTURE = Capture(
    subject="poll",
    kind="idle",
    pairs=3,
    links=8,
    polls=2,
    events=0,
    live_s=0.1,
    bytes=0,
    allocations=0,
    accounting="python:all-objects",
    file="captures/poll-8-2polls.bin",
)
RESULT = Result(
    schema=RESULT_SCHEMA,
    run_id="20260504T101500Z-box-1a2b3c4d",
    command="netchurn run quiet",
    plan=PLAN,
    environment=MACHINE,
    environment_after=None,
    captures=(CAPTURE,),
    trials=(TRIAL,),
    limitations=("a note",),
)


def sample(at_ns: int = 1, **facts: Any) -> Sample:
    known: dict[str, Any] = {
        "rss_bytes": 13_631_488,
        "pss_bytes": None,
        "uss_bytes": None,
        "rss_peak_bytes": 14_155_776,
        "user_s": 0.1,
        "system_s": 0.0,
        "voluntary_switches": 12,
        "involuntary_switches": 0,
        "minor_faults": 1500,
        "major_faults": 0,
        "polls": None,
        "events": None,
    }
    return Sample(at_ns=at_ns, **{**known, **facts})


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


def sealed(writer: Writer) -> Path:
    writer.save(RESULT)
    writer.append(0, "poll", sample())
    (writer.captures / "poll.bin").write_bytes(b"\0\1\2")
    writer.seal()
    return writer.folder


def check_sums(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sha256sum", "--check", "--strict", SUMS], cwd=folder, check=False, capture_output=True, text=True
    )


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


# --- finding one ----------------------------------------------------------------------------------------------------


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

    with pytest.raises(ResultFault) as caught:
        locate("latest", results)

    assert caught.value.message == f"no result below {results}"
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

    with pytest.raises(ResultFault, match=r"no result\.json in ") as caught:
        locate(text, tmp_path)

    assert "latest" in caught.value.hint


# --- reading what is no result --------------------------------------------------------------------------------------


def changed(**fields: object) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(RESULT), **fields})


def crowded() -> bytes:
    make_plan = msgspec.to_builtins(RESULT.plan)
    return changed(
        plan={
            **make_plan,
            "subjects": [{**make_plan["subjects"][0], "name": f"p{n}"} for n in range(MOST_SUBJECTS + 1)],
        }
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "is not a result: Input data was truncated", id="empty"),
        pytest.param(b"hello", "is not a result: JSON is malformed", id="words"),
        pytest.param(b"\xff\xfe\x00", "is not a result", id="bytes"),
        pytest.param(b'{"schema": "\xff"}', "is not a result", id="a schema that is no text"),
        pytest.param(b'{"x": ' + b"[" * 100_000, "is not a result", id="nested beyond all measure"),
        pytest.param(b"[]", "is not a result: Expected `object`", id="a list"),
        pytest.param(b"{}", "is not a result: Object missing required field `schema`", id="no schema"),
        pytest.param(changed()[:-40], "is not a result: Input data was truncated", id="cut off"),
        pytest.param(
            changed(color="red"), "is not a result: Object contains unknown field `color`", id="unknown field"
        ),
        pytest.param(changed(plan={}), r"missing required field `id` - at `\$\.plan`", id="no plan"),
        pytest.param(changed(trials=[{}]), r"at `\$\.trials\[0\]`", id="a trial without facts"),
        pytest.param(crowded(), r"at `\$\.plan\.subjects`", id="more subjects than a run can have"),
        pytest.param(changed(limitations=[1]), r"at `\$\.limitations\[0\]`", id="a note that is no text"),
    ],
)
def test_what_is_no_result_is_a_fault_that_says_what_and_where(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "result.json").write_bytes(content)

    with pytest.raises(ResultFault, match=words) as caught:
        load_result(tmp_path)

    assert str(tmp_path / "result.json") in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("schema", ["netchurn.result/2", "netchurn.result/0", "netchurn.analysis/1", ""])
def test_another_schema_is_refused_by_its_name(tmp_path: Path, schema: str) -> None:
    (tmp_path / "result.json").write_bytes(msgspec.json.encode({"schema": schema, "anything": ["else"]}))

    with pytest.raises(ResultFault) as caught:
        load_result(tmp_path)

    path = tmp_path / "result.json"
    assert caught.value.message == f"{path} has schema {schema!r}, this netchurn reads 'netchurn.result/1'"


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_what_cannot_be_opened_is_a_fault_that_names_it(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / "result.json").mkdir()

    with pytest.raises(ResultFault, match=r"cannot read .*/result\.json: "):
        load_result(tmp_path)


# --- where it cannot be written -------------------------------------------------------------------------------------


def refusal(act: Callable[[], object]) -> UsageFault:
    with pytest.raises(UsageFault) as caught:
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

    assert fault.message.startswith(f"cannot write to {(place / below).parent}")
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

    assert fault.message == f"cannot write to {(locked / below).parent}: Permission denied"


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


SPOILED = ["", "7,not a number", "1,2,3,4,5,6,7,8,9,10,11,12,13", ",".join(map(str, range(40))), '1,"2"']


@pytest.mark.parametrize("spoiled", SPOILED)
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
    assert _row_by_row(path.read_text()) == kept


# --- a run that goes on ----------------------------------------------------------------------------------------------


def test_a_folder_is_known_to_be_written_to_until_its_writer_lets_go(writer: Writer) -> None:
    assert is_running(writer.folder)
    assert is_running(writer.folder)  # looking changes nothing
    writer.seal()
    assert is_running(writer.folder)
    writer.close()
    assert not is_running(writer.folder)


def test_a_folder_whose_writer_was_killed_is_not_written_to(tmp_path: Path) -> None:
    program = "import os, sys, pathlib; from harness.results.writer import Writer; "
    program += "w = Writer(pathlib.Path(sys.argv[1])); "
    subprocess.run([sys.executable, "-c", f"{program}os.kill(os.getpid(), 9)", str(tmp_path / "run")], check=False)
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


def test_what_a_guest_puts_in_the_way_is_not_blamed_on_the_disk(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run")
    (writer.folder / SUMS).mkdir()
    with pytest.raises(UsageFault) as caught:
        writer.seal()
    assert "space" not in caught.value.hint
