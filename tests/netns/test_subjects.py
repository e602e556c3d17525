"""A measured process is a watcher and nothing else: what it has loaded, and what it weighs."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
from harness.lab.client import Lab
from harness.model import Sample
from harness.run.interrupt import Interrupt
from harness.run.process_group import ProcessGroup
from harness.run.sampler import Sampler
from harness.subjects.process import Subject
from harness.subjects.registry import SUBJECTS, command

pytestmark = pytest.mark.netns

MIB = 1 << 20
HANG_S = 120.0
POLLS = 3
OURS = {"harness", "harness.subjects", "harness.subjects.subject_main"}
WATCHERS = "harness.watchers"
FOREIGN = {"memray", "matplotlib", "numpy", "scipy", "msgspec", "click", "rich", "jinja2", "pytest"}
LIBRARIES = {"pyroute2", "psutil"}
ALONE = [name for name, kind in SUBJECTS.items() if kind.language == "python" and not kind.control]
ALLOWED = {  # pyroute2 loads psutil by itself, wherever it finds it
    "poll": LIBRARIES,
    "netlink": LIBRARIES,
    "netlink-filtered": set[str](),
    "poll-name": set[str](),
    "poll-psutil": {"psutil"},
    "poll-retry": set[str](),
}


@pytest.fixture
def processes(lab: Lab) -> Iterator[ProcessGroup]:
    lab.add_watched("wt0")
    with Interrupt() as interrupt, ProcessGroup(lab, interrupt) as made:
        yield made


def clean_command(name: str) -> tuple[str, ...]:
    """As in the sampling phase, with an end to its polls: from then on it only waits to be told to stop."""
    return command(name, ifname="wt0", interval_s=0.05, polls=POLLS if SUBJECTS[name].polls else None)


def live(processes: ProcessGroup, name: str, argv: tuple[str, ...]) -> Subject:
    """Start a subject and see it through its polls."""
    subject = processes.start(name, argv)
    processes.wait_until_ready()
    if SUBJECTS[name].polls:
        assert processes.wait(lambda: subject.work is not None and subject.work.polls == POLLS, HANG_S)
    processes.mark()
    return subject


def loaded(listing: str) -> set[str]:
    """Read the names in what ``python -X importtime`` says."""
    lines = (line for line in listing.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize("name", ALONE)
def test_it_has_loaded_its_watcher_and_nothing_else_of_ours(processes: ProcessGroup, tmp_path: Path, name: str) -> None:
    python, *rest = clean_command(name)
    listing = tmp_path / "modules"
    subject = live(
        processes, name, ("/bin/sh", "-c", 'exec "$@" 2>"$0"', str(listing), python, "-X", "importtime", *rest)
    )
    processes.terminate(subject)
    assert subject.exit_status == 0
    modules = loaded(listing.read_text())
    assert "harness.watchers.monitor" in modules
    assert {one for one in modules if one.split(".")[0] == "harness" and not one.startswith(WATCHERS)} <= OURS
    packages = {one.split(".")[0] for one in modules}
    assert packages & FOREIGN == set()
    assert packages & LIBRARIES <= ALLOWED[name]


def rss_by_hand(name: str) -> int:
    """Start a subject by util-linux and iproute2 alone, as a doubter would, and read its VmRSS (bytes)."""
    namespace = [
        "unshare",
        "--user",
        "--map-root-user",
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ]
    make = "ip link set lo up; ip link add wt0 type veth; ip address add 100.64.0.1/16 dev wt0; ip link set wt0 up"
    environment = {**os.environ, "PYTHONPATH": str(Path(harness.__file__).resolve().parents[1])}
    with subprocess.Popen(
        [*namespace, "sh", "-c", f'{make}; exec "$@"', "sh", *clean_command(name)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        wanted = f'"polls": {POLLS if SUBJECTS[name].polls else 0}'
        assert '"ready"' in next(lines)
        process.stdin.write("mark\n")
        process.stdin.flush()
        next(line for line in lines if wanted in line)
        [pid] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        status = Path(f"/proc/{pid}/status").read_text()
        process.stdin.write("stop\n")
        process.stdin.flush()
        assert any('"outcome"' in line for line in lines)
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def rss_in_a_run(processes: ProcessGroup, name: str) -> int:
    """Sample a subject as the sampling phase does."""
    kept = list[Sample]()
    subject = live(processes, name, clean_command(name))
    Sampler([subject], 0.5, lambda _, sample: kept.append(sample)).tick(full=True)
    [sample] = kept
    assert sample.pss_bytes is not None
    assert sample.uss_bytes is not None
    assert 0 < sample.uss_bytes <= sample.pss_bytes <= sample.rss_bytes <= sample.rss_peak_bytes
    return sample.rss_bytes


@pytest.mark.slow
@pytest.mark.parametrize("name", ALONE)
def test_its_memory_is_that_of_the_same_command_started_by_hand(processes: ProcessGroup, name: str) -> None:
    assert abs(rss_in_a_run(processes, name) - rss_by_hand(name)) < MIB


def test_netlink_is_below_40_mib(processes: ProcessGroup) -> None:
    assert rss_in_a_run(processes, "netlink") < 40 * MIB
