"""A result as a run stores it, with one of everything."""

import os
import subprocess
from pathlib import Path
from typing import Any

from harness.model import (
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
from harness.model.warning import DataWarning
from harness.plan import Options, make_plan
from harness.results.folder import SUMS
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
    limitations=(DataWarning(id="not_sealed", text="a note"),),
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
