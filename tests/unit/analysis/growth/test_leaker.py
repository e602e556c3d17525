"""The program of known growth in ``tests/calibration/leaker.c`` does what it says."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from harness.model import ReportedOutcome, Work
from harness.subjects.protocol import Ready, decode

SOURCE = Path(__file__).parents[3] / "calibration" / "leaker.c"
COMPILER = shutil.which("cc")
MB = 1_000_000
PATIENCE_S = 20.0

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler")
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def leaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("leaker") / "leaker"
    arguments = ["-O1", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(SOURCE), "-lm"]
    subprocess.run([str(COMPILER), *arguments], check=True, timeout=60)
    return program


@pytest.fixture
def start(leaker: Path) -> Iterator[Start]:
    began: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str) -> "subprocess.Popen[bytes]":
        began.append(subprocess.Popen([leaker, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return began[-1]

    yield run
    for one in began:
        one.kill()
        one.communicate()


def rss(process: "subprocess.Popen[bytes]") -> int:
    return int(psutil.Process(process.pid).memory_info().rss)


def comes(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.02)
    return False


def test_a_leak_grows_at_its_rate(start: Start) -> None:
    process = start("leak", str(3600 * 10 * MB))
    assert comes(lambda: rss(process) > 5 * MB)
    before, at = rss(process), time.monotonic()
    assert comes(lambda: rss(process) > before + 10 * MB)
    assert (rss(process) - before) / (time.monotonic() - at) == pytest.approx(10 * MB, rel=0.3)


def test_a_saw_tooth_gives_back_what_it_took(start: Start) -> None:
    process = start("sawtooth", str(20 * MB), "1")
    assert comes(lambda: rss(process) > 15 * MB)
    assert comes(lambda: rss(process) < 10 * MB)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("warmup", str(5 * MB), "0.1"), ("step", str(5 * MB), "0.3")])
def test_a_warm_up_and_a_step_come_once(start: Start, arguments: tuple[str, ...]) -> None:
    process = start(*arguments)
    assert comes(lambda: rss(process) > 5 * MB)
    time.sleep(0.8)  # of any length: it may not go on
    assert rss(process) < 8 * MB


def test_by_polls_it_leaks_with_its_work_and_speaks_the_protocol(start: Start) -> None:
    process = start("--speak", "polls", "10000", "2000")
    assert process.stdin is not None
    process.stdin.write(b"mark\n")
    process.stdin.flush()
    assert comes(lambda: rss(process) > 10 * MB)
    said, _ = process.communicate(b"stop\n", timeout=PATIENCE_S)
    ready, *work, outcome = map(decode, said.splitlines())
    assert isinstance(ready, Ready)
    assert isinstance(outcome, ReportedOutcome)
    assert not outcome.restart
    counts = [one.polls for one in work if isinstance(one, Work)]
    assert len(counts) == len(work)
    assert counts == sorted(counts)
    assert counts[-1] * 10_000 > 8 * MB


def test_the_end_of_its_input_ends_one_that_speaks(start: Start) -> None:
    assert start("--speak", "flat").communicate(timeout=PATIENCE_S)[0].count(b"\n") >= 2


@pytest.mark.parametrize("arguments", [(), ("leak",), ("leak", "much"), ("flat", "1"), ("--polls-per-second",)])
def test_nonsense_is_answered_with_the_usage(leaker: Path, arguments: tuple[str, ...]) -> None:
    found = subprocess.run([leaker, *arguments], capture_output=True, check=False, timeout=PATIENCE_S)
    assert found.returncode == 2
    assert found.stderr.startswith(b"usage: ")
