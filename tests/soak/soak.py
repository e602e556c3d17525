"""Let the harness live for ten minutes and hold it to what it promises of itself: ``python tests/soak/soak.py``.

Three runs beside each other, each in a namespace of its own: one that reads eight subjects ten times a second, one that
reads the same subjects twice in all, and one that counts what an idle subscription allocates. After them the scenario
latency. Prints what was found and ends with 1 where a promise is broken. Nothing else should happen on the machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from harness import scenario
from harness.analysis.findings import analyse, cpu
from harness.analysis.growth.verdict import Thresholds, judge
from harness.derive import read_facts
from harness.model import Cpu, Plan
from harness.plan import Options, make_plan
from harness.results.folder import SUMS, load_result
from harness.results.samples import read_samples
from harness.run.interrupt import Interrupt
from harness.run.record import Setting
from harness.run.session import run
from harness.run.watching.progress import Listener

SUBJECTS = ("poll", "netlink", "netlink-filtered", "poll-name", "poll-psutil")  # and the three controls: eight
FAST_S = 0.1
MOST_SHARE = 0.02  # of one core, for reading eight subjects ten times a second
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
CPU_SLACK_S, CPU_SLACK = 0.05, 0.25  # what two processes of one program differ by on a shared machine
MOST_LATENCY = 2.0  # times that of ip monitor
SWITCHES_SLACK, SWITCHES_SHARE = 4, 0.02


@dataclass(frozen=True, kw_only=True)
class Found:
    """One promise: what was found, and whether it holds."""

    text: str
    found: str
    kept: bool


def plan(kind: str, seconds: float) -> Plan:
    """Decide the run of one kind: ``fast``, ``bare``, ``idle`` or ``latency``."""
    if kind == "latency":
        return make_plan(scenario.find(kind), Options(subjects=("netlink-filtered", "ip-monitor")))
    docker_host = scenario.find("docker-host")
    options = Options(
        pairs=4,
        duration_s=1.0 if kind == "idle" else seconds,
        subjects=("netlink-filtered",) if kind == "idle" else SUBJECTS,
        profile=kind == "idle",
        sample_interval_s={"fast": FAST_S, "bare": seconds, "idle": 0.5}[kind],
    )
    decided = make_plan(docker_host, options)
    if decided.profile is None:
        return decided
    profile = msgspec.structs.replace(decided.profile, idle_s=(1.0, seconds))
    return msgspec.structs.replace(decided, profile=profile)


def live(kind: str, folder: Path, seconds: float) -> None:
    """Carry out one run, in this process."""
    with Interrupt() as interrupt:
        setting = Setting(results=folder, command=f"soak {kind}", listener=Listener(), interrupt=interrupt)
        run(plan(kind, seconds), setting)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The harness, read from outside: seconds by the clock and of processor, and resident bytes."""

    at_s: float
    cpu_s: float
    rss_bytes: int


def readings(harness: subprocess.Popen[bytes], results: Path) -> Iterator[Reading]:
    """Read the process once a second from its first sample to its last."""
    stat, memory = (Path(f"/proc/{harness.pid}/{name}") for name in ("stat", "statm"))
    while harness.poll() is None:
        if any(results.glob("*/*/samples/*.csv")) and not any(results.glob(f"*/*/{SUMS}")):
            used = stat.read_text().rpartition(")")[2].split()
            ticks = int(used[11]) + int(used[12])
            rss = int(memory.read_text().split()[1]) * PAGE
            yield Reading(at_s=time.monotonic(), cpu_s=ticks / TICKS_A_SECOND, rss_bytes=rss)
        time.sleep(1.0)


def of_the_harness(seen: list[Reading]) -> list[Found]:
    """Hold the harness to its share of a core, and to flat memory."""
    first, last = seen[0], seen[-1]
    share = (last.cpu_s - first.cpu_s) / (last.at_s - first.at_s)
    hours = np.array([one.at_s - first.at_s for one in seen]) / 3600
    trend = judge(hours, [one.rss_bytes for one in seen], Thresholds())
    return [
        Found(
            text=f"reading 8 subjects at 10 Hz takes less than {MOST_SHARE:.0%} of a core",
            found=f"{share:.2%}",
            kept=share < MOST_SHARE,
        ),
        Found(text="memory of the harness is flat", found=f"it {trend.explanation}", kept=trend.verdict == "flat"),
    ]


def of_the_subjects(fast: dict[str, Cpu], bare: dict[str, Cpu]) -> Iterator[Found]:
    """Hold each subject that was read often against the same one that was not."""
    for name, often in fast.items():
        seldom = bare[name]
        spent, had = ((one.user_s or 0) + (one.system_s or 0) for one in (often, seldom))
        switched, before = (one.voluntary_switches or 0 for one in (often, seldom))
        alike = abs(switched - before) <= SWITCHES_SLACK + SWITCHES_SHARE * before
        yield Found(
            text=f"{name} is the same whether it is read 10 times a second or not",
            found=f"CPU {spent:.2f} s and {had:.2f} s, switches {switched} and {before}, "
            f"faults {often.minor_faults} and {seldom.minor_faults}",
            kept=alike and abs(spent - had) <= CPU_SLACK_S + CPU_SLACK * had,
        )


def of_the_subscription(found: Cpu, idle: Path) -> Iterator[Found]:
    """Hold the filtered subscription to what it does while nothing happens: nothing."""
    counts = (found.voluntary_switches, found.minor_faults)
    yield Found(
        text="netlink-filtered, idle: no switches, no faults",
        found=f"{counts[0]} and {counts[1]}",
        kept=counts == (0, 0),
    )
    one = next(one for one in analyse(read_facts(idle)).subjects if one.name == "netlink-filtered")
    rate = one.churn.idle_bytes_per_day if one.churn else None
    yield Found(text="netlink-filtered, idle: no bytes", found=f"{rate} bytes a day", kept=rate == 0)


def of_its_latency(folder: Path) -> Found:
    """Hold the filtered subscription against ip monitor, both woken by the same changes."""
    seen = {one.name: one.detection for one in analyse(read_facts(folder)).subjects}
    mine, theirs = (
        (found.latency_p50_s if (found := seen[name]) else None) or 0.0 for name in ("netlink-filtered", "ip-monitor")
    )
    return Found(
        text=f"netlink-filtered tells within {MOST_LATENCY:g} times what ip monitor takes",
        found=f"{1e3 * mine:.2f} ms and {1e3 * theirs:.2f} ms in the middle",
        kept=0 < mine <= MOST_LATENCY * theirs,
    )


def soak(folder: Path, seconds: float) -> list[Found]:
    """Let the three live beside each other, and judge them."""
    runs = {
        kind: subprocess.Popen([sys.executable, __file__, "--one", kind, str(folder / kind), str(seconds)])
        for kind in ("fast", "bare", "idle")
    }
    seen = list(readings(runs["fast"], folder / "fast"))
    for kind, process in runs.items():
        if process.wait():
            sys.exit(f"the run {kind} ended with {process.returncode}")
    subprocess.run([sys.executable, __file__, "--one", "latency", str(folder / "latency"), "0"], check=True)
    made = {kind: next((folder / kind).glob("*/*/result.json")).parent for kind in (*runs, "latency")}
    spent = {
        kind: {
            one.name: cpu(tuple(read_samples(made[kind], 0, one.name))) for one in load_result(made[kind]).plan.subjects
        }
        for kind in ("fast", "bare")
    }
    mine = of_the_harness(seen)
    theirs = of_the_subjects(spent["fast"], spent["bare"])
    return [
        *mine,
        *theirs,
        *of_the_subscription(spent["fast"]["netlink-filtered"], made["idle"]),
        of_its_latency(made["latency"]),
    ]


def main() -> int:
    """Read the arguments, and say what was found."""
    parser = argparse.ArgumentParser(description="Let the harness live for ten minutes.")
    parser.add_argument("--seconds", type=float, default=620.0, metavar="S", help="of each run  [620]")
    parser.add_argument("--one", nargs=3, metavar=("KIND", "FOLDER", "SECONDS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        kind, where, seconds = arguments.one
        Path(where).mkdir(parents=True)
        live(kind, Path(where), float(seconds))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = soak(Path(folder), arguments.seconds)
    for one in found:
        sys.stdout.write(f"{'kept  ' if one.kept else 'BROKEN'}  {one.text}: {one.found}\n")
    return 0 if all(one.kept for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
