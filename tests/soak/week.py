"""A week of eight subjects, a reading a second, fed at speed: ``python tests/soak/week.py``.

What passes through the writer must leave nothing behind in it; and the week must become a page within 15 s of processor
and 1 GB. Prints what was found and ends with 1 where a promise is broken.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from harness import scenario
from harness.analysis.findings import analyse
from harness.derive import read_facts
from harness.environment import read as machine
from harness.model import RESULT_SCHEMA, NamespaceInfo, Result, Sample, SubjectRun, Trial, Work
from harness.plan import Options, make_plan
from harness.report.compose import compose
from harness.report.renderers import html
from harness.results.writer import Writer
from harness.run.watching.progress import SubjectStatus
from harness.run.watching.progress_file import ProgressFile

DAYS = 7
DAY_S = 86_400
SECOND = 10**9
SUBJECTS = tuple(f"subject{number}" for number in range(8))
SETTLED = 0.1  # of the ticks: buffers are full and files open by then
MOST_GROWN = 2**20  # bytes, over the rest
MOST_S, MOST_BYTES = 15.0, 10**9  # seconds of processor: one thread, whatever else is running
MOST_PAGE_BYTES = 5_000_000 * DAYS
SPARSE = ("huge_pages_bytes", "lazily_freed_bytes", "netlink_sockets", "files", "charged_bytes", "charged_kernel_bytes")
MARKS = 2048  # counts that a run keeps of a subject


def sample(at_s: int, rng: random.Random) -> Sample:
    """Make one reading: memory that trembles, counts that rise."""
    full = at_s % 5 == 0
    return Sample(
        at_ns=at_s * SECOND,
        rss_bytes=round((40e6 + rng.gauss(0, 1e5)) / 4096) * 4096,
        pss_bytes=30_000_000 if full else None,
        uss_bytes=29_000_000 if full else None,
        rss_peak_bytes=41_000_000,
        user_s=at_s / 100,
        system_s=at_s / 50,
        voluntary_switches=at_s,
        involuntary_switches=at_s // 3,
        minor_faults=at_s,
        major_faults=0,
        polls=at_s // 2,
        events=0,
        rss_anon_bytes=30_000_000,
        rss_file_bytes=10_000_000,
        rss_shmem_bytes=0,
        swap_bytes=0,
        threads=7 + at_s % 2,
        descriptors=9 + at_s % 3,
        children=None,
        **(dict.fromkeys(SPARSE, 1_000_000) if full else {}),
    )


def result(seconds: int) -> Result:
    """Build what the rows belong to."""
    plan = make_plan(scenario.find("docker-host"), Options(duration_s=float(seconds), profile=False))
    pattern = plan.subjects[0]
    subjects = tuple(msgspec.structs.replace(pattern, name=name) for name in SUBJECTS)
    step = max(1, seconds // MARKS)
    marks = tuple(
        Work(at_ns=at * SECOND, polls=at // 2, events=0, allocated_bytes=None, allocations=None)
        for at in (*range(0, seconds, step), seconds)
    )
    runs = tuple(
        SubjectRun(
            name=name,
            argv=(),
            pid=1,
            outcome="completed",
            exit_status=0,
            ready_ns=0,
            marks=marks,
            reported_outcome=(),
            stderr_tail="",
        )
        for name in SUBJECTS
    )
    namespace = NamespaceInfo(links=10, pairs=4, ifname="wt0", ifindex=2, kind="veth", fresh_sysfs=True)
    return Result(
        schema=RESULT_SCHEMA,
        run_id="week",
        command="week",
        plan=msgspec.structs.replace(plan, subjects=subjects, claims=(), controls=None),
        environment=machine(),
        environment_after=None,
        captures=(),
        trials=(
            Trial(index=0, began_ns=0, ended_ns=seconds * SECOND, namespace=namespace, churned_pairs=0, runs=runs),
        ),
        limitations=(),
    )


def resident() -> int:
    """Give the resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def feed(folder: Path, seconds: int) -> int:
    """Write the week as a run does, and give by how many bytes this process has grown since it was under way."""
    writer = Writer(folder)
    beacon = ProgressFile(writer.folder)
    rng = random.Random(0)  # noqa: S311 - the same week each time, not a secret
    before = 0
    for tick in range(seconds):
        if tick == int(seconds * SETTLED):
            before = resident()
        row = sample(tick, rng)
        for name in SUBJECTS:
            writer.append(0, name, row)
        alive = [
            SubjectStatus(name=name, rss_bytes=row.rss_bytes, polls=row.polls, events=0, alive=True)
            for name in SUBJECTS
        ]
        beacon.on_sample(tuple(alive), tick, seconds)
    grown = resident() - before
    writer.save(result(seconds))
    writer.close()
    return grown


def reported(folder: Path) -> None:
    """Read, analyse and draw, in this process; print the seconds, the peak of memory, the page's size, the verdicts."""
    began = time.perf_counter()
    facts = read_facts(folder)
    loaded = time.perf_counter()
    found = analyse(facts)
    judged = time.perf_counter()
    page = len(html.render(compose(found, facts, ())).encode())
    drawn = time.perf_counter()
    spent = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    verdicts = sorted({one.growth.verdict for one in found.subjects if one.growth})
    times = {"load_s": loaded - began, "analyse_s": judged - loaded, "draw_s": drawn - judged, "cpu_s": spent}
    sys.stdout.write(json.dumps({**times, "peak_bytes": peak, "page_bytes": page, "verdicts": verdicts}))


def main() -> int:
    """Read the arguments, and say what was found."""
    parser = argparse.ArgumentParser(description="Feed a week of samples at speed.")
    parser.add_argument("--days", type=int, default=DAYS, metavar="N", help="instead of seven")
    parser.add_argument("--report", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.report:
        reported(arguments.report)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        grown = feed(Path(folder) / "run", arguments.days * DAY_S)
        fed = time.perf_counter() - began
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.csv"))
        argv = [sys.executable, __file__, "--report", str(Path(folder) / "run")]
        told = json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout)
    share = arguments.days / DAYS
    bounds = {"cpu_s": MOST_S, "peak_bytes": MOST_BYTES, "page_bytes": MOST_PAGE_BYTES}
    kept = grown <= MOST_GROWN and all(told[name] <= most * share for name, most in bounds.items())
    sys.stdout.write(
        f"{arguments.days} days of {len(SUBJECTS)} subjects, {size / 1e6:.0f} MB of rows, fed in {fed:.0f} s\n"
        f"the writer's process grew by {grown / 2**10:.0f} KiB (at most {MOST_GROWN / 2**10:.0f})\n"
        f"read in {told['load_s']:.1f} s, analysed in {told['analyse_s']:.1f} s and drawn in {told['draw_s']:.1f} s: "
        f"{told['cpu_s']:.1f} s of processor (at most {MOST_S * share:.0f} s)\n"
        f"a page of {told['page_bytes'] / 1e6:.1f} MB (at most {MOST_PAGE_BYTES * share / 1e6:.0f})\n"
        f"peak of memory {told['peak_bytes'] / 2**20:.0f} MiB (at most {MOST_BYTES * share / 2**20:.0f})\n"
        f"verdicts: {', '.join(told['verdicts'])}\n"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
