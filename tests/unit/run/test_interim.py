"""Looks at a trial that goes on: few, strict, and in a process of their own."""

import itertools
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest

from harness import scenario
from harness.analysis.growth import interim, schedule
from harness.model import InterimLook, Plan
from harness.plan import Options, make_plan
from harness.results.folder import load_result
from harness.results.samples import read_rss
from harness.run.interim import InterimLooks
from raising import raises_id

KEPT = Path(__file__).parents[2] / "golden" / "docker-host"
SECOND = 10**9


def plan(duration_s: float = 86_400.0) -> Plan:
    options = Options(duration_s=duration_s, until_decided=True)
    return make_plan(scenario.find("docker-host"), options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten minutes of what sleeps, of what leaks 50 MB an hour, and of what wanders."""
    (tmp_path / "samples").mkdir()
    result = msgspec.structs.replace(load_result(KEPT), plan=plan(), trials=())
    (tmp_path / "result.json").write_bytes(msgspec.json.encode(result))
    at_s = np.arange(1201) / 2
    random = np.random.default_rng(0)
    kept = {
        "sleeper": np.full(at_s.size, 40e6),
        "leaker": 40e6 + at_s / 3600 * 50e6,
        "wanderer": 40e6 + np.cumsum(random.normal(0, 300_000, at_s.size)),
    }
    for name, series in kept.items():
        rows = [f"{int(at * SECOND)},{int(rss)},,,1,0,0,0,0,0,0,,\n" for at, rss in zip(at_s, series, strict=True)]
        header = "at_ns,rss_bytes,pss_bytes,uss_bytes\n"
        (tmp_path / "samples" / f"0-{name}.csv").write_text(header + "".join(rows))
    return tmp_path


def look(folder: Path, *living: str) -> tuple[bool, InterimLook]:
    """Let one look come to its end; what it takes is no matter."""
    looks = InterimLooks(plan(), folder, 0)
    assert not looks.decided(schedule.LEAST_S - 1, living)
    for _ in itertools.count():
        decided = looks.decided(schedule.LEAST_S, living)
        if looks.done:
            return decided, looks.done[0]
    raise AssertionError


@pytest.mark.slow
def test_what_sleeps_and_what_leaks_is_decided_in_ten_minutes(folder: Path) -> None:
    decided, found = look(folder, "sleeper", "leaker")
    assert found == InterimLook(at_s=600.0, verdicts={"sleeper": "flat", "leaker": "growing"})
    assert decided


@pytest.mark.slow
def test_one_that_is_not_decided_keeps_the_run_alive(folder: Path) -> None:
    decided, found = look(folder, "sleeper", "wanderer")
    assert found.verdicts["wanderer"] in {"inconclusive", "no_steady_state"}
    assert not decided


@pytest.mark.slow
def test_a_look_that_fails_decides_nothing(folder: Path) -> None:
    (folder / "result.json").unlink()
    assert look(folder, "sleeper") == (False, InterimLook(at_s=schedule.LEAST_S, verdicts={}))


def test_a_look_that_the_end_overtakes_is_ended(folder: Path) -> None:
    looks = InterimLooks(plan(), folder, 0)
    assert not looks.decided(schedule.LEAST_S, ["sleeper"])
    looks.close()
    assert looks.done == []


def test_nobody_looks_where_nobody_asked(folder: Path) -> None:
    looks = InterimLooks(msgspec.structs.replace(plan(), until_decided=False), folder, 0)
    assert not looks.decided(1e9, ["sleeper"])
    assert looks._looking is None


def test_looks_are_sparse_and_lie_within_the_run() -> None:
    assert list(schedule.looks(3600)) == [600, 1200, 2400]
    assert list(schedule.looks(600)) == []
    assert len(list(schedule.looks(7 * 86_400))) == 10


def test_a_look_takes_more_than_the_verdict_of_a_run() -> None:
    assert interim.strict(plan()).confidence > plan().confidence
    surer = msgspec.structs.replace(plan(), confidence=0.999)
    assert interim.strict(surer).confidence == 0.999


def test_less_than_the_least_is_never_decided() -> None:
    at = np.arange(580) * SECOND
    assert interim.verdict(at, np.full(580, 1), plan()) == "inconclusive"
    assert interim.verdict([], [], plan()) == "inconclusive"


def test_a_row_that_is_being_written_is_not_read(folder: Path) -> None:
    path = folder / "samples" / "0-sleeper.csv"
    whole = read_rss(folder, 0, "sleeper")
    with path.open("a") as rows:
        rows.write("600500000000,4")
    assert read_rss(folder, 0, "sleeper") == whole
    assert (len(whole[0]), whole[0][-1], whole[1][-1]) == (1201, 600 * SECOND, 40_000_000)
    assert [len(one) for one in read_rss(folder, 0, "nosuch")] == [0, 0]


@pytest.mark.parametrize("duration_s", [None, 60.0, 600.0])
def test_a_run_that_is_over_before_anything_is_decided_is_refused(duration_s: float | None) -> None:
    options = Options(duration_s=duration_s, until_decided=True)
    with raises_id("option_conflict", "--until-decided", "10m"):
        make_plan(scenario.find("docker-host"), options)


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_an_external_program_puts_in_the_place_of_samples_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "samples" / "0-mine.csv"
    place.parent.mkdir()
    {"pipe": os.mkfifo, "link": lambda path: path.symlink_to("/dev/tty"), "folder": Path.mkdir}[kind](place)
    assert [len(column) for column in read_rss(tmp_path, 0, "mine")] == [0, 0]


def test_it_is_refused_where_polls_are_made_back_to_back() -> None:
    options = Options(interval_s=0, polls=43_200, until_decided=True)
    with raises_id("option_conflict", "--until-decided", "--interval 0"):
        make_plan(scenario.find("docker-host"), options)
