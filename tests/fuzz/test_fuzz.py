"""A short form of ``campaign.py``: the seeds, and a few hundred inputs made from them, always the same ones."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

sys.path.append(str(Path(__file__).parent))  # the tests are no package
if TYPE_CHECKING:
    from tests.fuzz import campaign
    from tests.fuzz.answers import ask, check, nothing_measured
    from tests.fuzz.commands import LINES
    from tests.fuzz.documents import GOLDEN, READ, Documents
    from tests.fuzz.mutation import inputs
    from tests.fuzz.targets import MOST_INPUT, TARGETS, seeds
else:
    import campaign
    from answers import ask, check, nothing_measured
    from commands import LINES
    from documents import GOLDEN, READ, Documents
    from mutation import inputs
    from targets import MOST_INPUT, TARGETS, seeds

FEW = 500
RESULTS, COMMANDS = 200, 200


@pytest.mark.parametrize("name", TARGETS)
def test_a_decoder_answers_anything(name: str) -> None:
    target = TARGETS[name]
    files = [file.read_bytes() for file in sorted(seeds(name).iterdir())]
    assert files
    for data in inputs(files, FEW, seed=1, most=MOST_INPUT):
        try:
            target.decode(data)
        except target.may_raise:
            continue


@pytest.mark.slow
def test_every_verb_that_reads_a_result_answers_a_changed_one(tmp_path: Path) -> None:
    with nothing_measured():
        documents = Documents(tmp_path, seed=2)
        drawn = [documents.draw() for _ in range(RESULTS)]
        for one in drawn:
            if json.loads(one)[2] != list(READ[-1]):  # pictures take a second each
                documents.attempt(one)


@pytest.mark.slow
def test_every_command_line_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(GOLDEN / "docker-host", "golden")
    os.mkfifo("fifo")
    statuses = set()

    @seed(3)
    @settings(
        max_examples=COMMANDS,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(LINES.filter(lambda line: line[:1] != ["report"]))  # pictures again
    def lines(line: list[str]) -> None:
        answer = ask(line)
        check(answer)
        statuses.add(answer.status)

    with nothing_measured():
        lines()
    assert {0, 2} <= statuses


def test_what_crashes_is_counted_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: bytes) -> None:
        raise KeyError(data)

    monkeypatch.setitem(TARGETS, "durations", TARGETS["durations"]._replace(decode=broken))
    row = campaign._unguided("durations", 20, campaign.Share(1.0, 1, tmp_path))

    assert row.tried == 20
    assert len(row.found) == 1
    assert "KeyError" in row.found[0]
    assert (tmp_path / "durations-1").read_bytes() == min(seeds("durations").iterdir()).read_bytes()
    assert "1" in campaign.table([row]).splitlines()[-1]
