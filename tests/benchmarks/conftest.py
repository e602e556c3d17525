"""A day of eight subjects, read once a second; in an ordinary test run ten minutes of them."""

import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.model import Result, Sample, Trial, Work
from harness.results.folder import load_result

KEPT = Path(__file__).parents[1] / "golden" / "docker-host"
SUBJECTS = 8
DAY_S, MINUTES_S = 86_400, 600
SECOND = 10**9
TREMBLING = random.Random(0)  # noqa: S311 - the same tremble each time, not a secret
MOST_MARKS = 2048

Lived = Callable[[int], Path]


def row(at_s: int) -> str:
    """Build the row of one tick: memory that trembles, counts that rise."""
    shares = "30000000,29000000" if at_s % 5 == 0 else ","
    rss = round((40_000_000 + TREMBLING.gauss(0, 100_000)) / 4096) * 4096
    first = (
        f"{at_s * SECOND},{rss},{shares},41000000,{at_s / 100},{at_s / 50},{at_s},{at_s // 3},{at_s},0,{at_s // 2},0"
    )
    sparse = f"0,0,1,0,2,5,3,4,31000000,{rss},500000,0,90000,,," if at_s % 5 == 0 else "," * 15
    row = f"{first},{rss - 9_000_000},9000000,0,0,{7 + at_s % 2},{9 + at_s % 3},0,0,{sparse[:-2]}"
    return row + "," * (len(Sample.__struct_fields__) - 1 - row.count(","))


def trial(plain: Result, names: list[str], seconds: int) -> Trial:
    """Build the trial that the rows belong to, as a run keeps it: counts of a subject are bounded."""
    first = plain.trials[0]
    step = max(1, seconds // MOST_MARKS)
    marks = tuple(
        Work(at_ns=at * SECOND, polls=at // 2, events=0, allocated_bytes=None, allocations=None)
        for at in (*range(0, seconds, step), seconds)
    )
    runs = tuple(msgspec.structs.replace(first.runs[0], name=name, marks=marks, ready_ns=0) for name in names)
    return msgspec.structs.replace(first, began_ns=0, ended_ns=seconds * SECOND, runs=runs)


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Build a result folder of so many seconds."""

    def build(seconds: int) -> Path:
        folder = tmp_path_factory.mktemp(f"lived{seconds}")
        (folder / "samples").mkdir()
        plain = load_result(KEPT)
        pattern = plain.plan.subjects[0]
        names = [f"subject{number}" for number in range(SUBJECTS)]
        rows = "\n".join([",".join(Sample.__struct_fields__), *map(row, range(seconds))]) + "\n"
        for name in names:
            (folder / "samples" / f"0-{name}.csv").write_text(rows)
        subjects = tuple(msgspec.structs.replace(pattern, name=name) for name in names)
        plan = msgspec.structs.replace(plain.plan, subjects=subjects, duration_s=float(seconds), claims=())
        result = msgspec.structs.replace(plain, plan=plan, captures=(), trials=(trial(plain, names, seconds),))
        (folder / "result.json").write_bytes(msgspec.json.encode(result))
        return folder

    return build


@pytest.fixture(scope="session")
def day(lived: Lived, pytestconfig: pytest.Config) -> Path:
    """A result folder of 24 h and eight subjects, or of ten minutes where nothing is timed."""
    return lived(DAY_S if pytestconfig.getoption("benchmark_enable") else MINUTES_S)
