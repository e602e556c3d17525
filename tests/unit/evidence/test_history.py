"""Results over commits: a planted step is named by its commit, and nothing else is."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from harness.compare.comparability import Side
from harness.compare.document import read
from harness.evidence import history, history_page
from harness.report.formats import rendered

GOLDEN = Path(__file__).parents[2] / "golden" / "docker-host"
NETCHURN = (sys.executable, "-P", "-m", "harness")
COMMITS = 40
MIB = 2**20
RSS_NOISE = 0.1 * MIB  # the standard deviation between runs; of a small Python process it is a third of that
CHURN_NOISE = 2e-4  # of allocations that are counted: a few objects more or fewer
Simulate = Callable[..., list[Side]]


@pytest.fixture(scope="session")
def simulate(whole: Path) -> Simulate:
    """Give a function that makes a history of 40 commits: ``churn_at`` of poll rises by 1 %, ``rss_at`` by 0.5 MiB."""
    base = read(whole)

    def simulated(seed: int, churn_at: int = COMMITS, rss_at: int = COMMITS) -> list[Side]:
        random = np.random.default_rng(seed)
        return [
            changed(base, number, random, 1.01 if number >= churn_at else 1.0, MIB / 2 if number >= rss_at else 0.0)
            for number in range(COMMITS)
        ]

    return simulated


def name_of(number: int) -> str:
    return f"{number:02}" + "c" * 38


def changed(base: Side, number: int, random: np.random.Generator, times: float, more: float) -> Side:
    replace = msgspec.structs.replace
    analysis = base.analysis
    subjects, series = [], {}
    for one in analysis.subjects:
        factor = (times if one.name == "poll" else 1.0) * random.normal(1.0, CHURN_NOISE)
        cost = one.churn.bytes_per_poll if one.churn else None
        churn = replace(one.churn, bytes_per_poll=cost * factor) if one.churn and cost is not None else one.churn
        subjects.append(replace(one, churn=churn))
        rss = int((more if one.name == "poll" else 0.0) + random.normal(0.0, RSS_NOISE))
        ticks = int(random.integers(0, 3)) / 100
        series[one.name] = [
            replace(row, rss_bytes=row.rss_bytes + rss, user_s=row.user_s + (ticks if at else 0.0))
            for at, row in enumerate(base.trials[0][one.name])
        ]
    moment = f"2026-{1 + number // 28:02}-{1 + number % 28:02}T03:17:00+00:00"
    machine = replace(analysis.environment, commit=name_of(number), started_at=moment)
    run = replace(analysis, run_id=f"run-{number:02}", environment=machine, subjects=tuple(subjects))
    return Side(analysis=run, trials=(series,))


def named(sides: Sequence[Side]) -> dict[tuple[str, str], list[str]]:
    (group,) = history.history(sides).groups
    return {
        (one.subject, one.measure): [change.commit for change in one.changes] for one in group.series if one.changes
    }


@pytest.mark.parametrize("seed", range(20))
def test_a_planted_step_of_churn_is_named_by_its_commit_and_nothing_else(seed: int, simulate: Simulate) -> None:
    pytest.importorskip("otava", reason="needs netchurn[history]")
    at = 8 + seed * 24 // 19

    assert named(simulate(seed, churn_at=at)) == {("poll", "churn"): [name_of(at)[:12]]}


def test_a_planted_step_of_rss_is_named_by_its_commit_in_19_of_20(simulate: Simulate) -> None:
    pytest.importorskip("otava", reason="needs netchurn[history]")
    places = [8 + seed * 24 // 19 for seed in range(20)]
    found = [named(simulate(100 + seed, rss_at=at)) for seed, at in enumerate(places)]

    right = sum(one == {("poll", "memory"): [name_of(at)[:12]]} for one, at in zip(found, places, strict=True))
    assert right >= 19, found


@pytest.mark.parametrize("seed", range(200, 220))
def test_nothing_is_named_where_nothing_changed(seed: int, simulate: Simulate) -> None:
    pytest.importorskip("otava", reason="needs netchurn[history]")
    assert named(simulate(seed)) == {}


def test_a_change_says_what_else_is_not_the_same(simulate: Simulate) -> None:
    pytest.importorskip("otava", reason="needs netchurn[history]")
    sides = simulate(1, churn_at=20)
    (group,) = history.history(sides).groups
    ((one, change),) = [(one, change) for one in group.series for change in one.changes]

    assert change.before_commit == name_of(19)[:12]
    assert change.after / change.before == pytest.approx(1.01, abs=1e-3)
    assert [note for note in change.notes if note.startswith("commit: ")]
    assert one.points[20].commit == change.commit


def test_machines_and_settings_are_kept_apart(simulate: Simulate) -> None:
    sides = simulate(1)[:3]
    analysis = sides[0].analysis
    other = msgspec.structs.replace(analysis.environment, cpu="Another CPU")
    longer = msgspec.structs.replace(analysis.plan, duration_s=60.0)
    sides += [
        Side(analysis=msgspec.structs.replace(analysis, **one), trials=sides[0].trials)
        for one in ({"environment": other}, {"plan": longer})
    ]

    assert [len(group.runs) for group in history.history(sides).groups] == [3, 1, 1]


def test_few_results_are_shown_and_not_judged(simulate: Simulate) -> None:
    found = history.history(simulate(1, churn_at=4)[: history.FEWEST - 1])

    assert not any(one.changes for one in found.groups[0].series)
    assert rendered(history_page.compose(found), ".md")


def test_the_newest_are_chosen_of_each_machine(simulate: Simulate) -> None:
    (group,) = history.history(simulate(1)[:9], last=2).groups

    assert group.runs == ("run-07", "run-08")


def test_the_page_draws_each_quantity_and_marks_the_commit(simulate: Simulate) -> None:
    pytest.importorskip("otava", reason="needs netchurn[history]")
    document = history_page.compose(history.history(simulate(1, churn_at=20)))
    page = rendered(document, ".html").decode()

    assert [one.words for figure in document.figures for one in getattr(figure, "annotations", ())] == [
        name_of(20)[:12]
    ]
    assert {figure.title.partition(",")[0] for figure in document.figures} == {"churn", "memory", "cpu"}
    assert name_of(20)[:12] in page


@pytest.fixture(scope="module")
def kept(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a dozen results to disk, the second half with 1 % more churn; and one that was interrupted."""
    place = tmp_path_factory.mktemp("kept")
    for number in range(13):
        folder = place / "docker-host" / f"20260{number:02}"
        shutil.copytree(whole, folder)
        path = folder / "result.json"
        document = json.loads(path.read_bytes())
        document["run_id"] = f"run-{number:02}"
        document["environment"] |= {"commit": name_of(number), "started_at": f"2026-05-{number + 1:02}T10:15:00+00:00"}
        for capture in document["captures"]:
            capture["bytes"] = round(capture["bytes"] * (1.01 if number >= 6 else 1.0)) + number
        path.write_text(json.dumps(document))
    (folder / "SHA256SUMS").unlink()
    return place


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    argv = [*NETCHURN, "history", *map(str, arguments)]
    return subprocess.run(argv, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_results_on_disk_give_a_page_a_document_and_a_status(kept: Path, tmp_path: Path) -> None:
    pytest.importorskip("otava", reason="needs netchurn[history]")
    done = run(kept, "--json", "--fail-on-change", "--output", tmp_path / "history.html")
    found = json.loads(done.stdout)
    commits = {change["commit"] for one in found["groups"][0]["series"] for change in one["changes"]}

    assert (done.returncode, found["schema"]) == (1, "netchurn.history/1")
    assert [len(group["runs"]) for group in found["groups"]] == [12]
    assert len(found["left_out"]) == 1
    assert commits == {name_of(6)[:12]}
    assert b"<svg" in (tmp_path / "history.html").read_bytes()


@pytest.mark.slow
def test_without_a_change_the_status_is_0(kept: Path) -> None:
    done = run(kept, "--last", 6, "--fail-on-change")

    assert done.returncode == 0, done.stderr
    assert "| poll |" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["nothing-here"], [str(GOLDEN), "-o", "history.pdf"]])
def test_what_cannot_be_shown_is_status_2(arguments: list[str]) -> None:
    assert run(*arguments).returncode == 2
