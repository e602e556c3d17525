"""Calibrate on real processes: planted leaks in C and in Python, what is no leak, and subjects beside themselves.

Two runs of netchurn: ten minutes at the real pace, and a minute of compressed time in which a poll leaks what it would
at that pace. Prints a table, writes it into README.md beside this file, and ends with 1 when a promise is broken: a
leak of 10 MB an hour or more is growing, its rate within 10 %; what is no leak is never growing; a subject beside
itself does not differ. Takes some 13 minutes, a C compiler, and nothing else on the machine.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BEGIN, END = "<!-- real: begin -->", "<!-- real: end -->"
MB = 1e6
POLLS_A_SECOND = 100
POLLS_AN_HOUR = 1800  # at the pace of one every two seconds
LEAST_SHOWN = 10 * MB  # an hour: 2.5 times the growth that matters
TOLERANCE = 0.1
PYTHON_LEAK = """
import time
kept, began, step = [], time.monotonic(), 0
while True:
    time.sleep(0.1)
    while len(kept) * {block} < {rate} / 3600 * (time.monotonic() - began):
        kept.append(bytes({block} - 33))
"""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A program of known truth: bytes an hour that it keeps."""

    name: str
    text: str
    command: str
    rate: float


def planted(leaker: Path, folder: Path) -> list[Planted]:
    """List the programs of the real pace."""
    found = [
        Planted(name=f"c-{mb:g}", text=f"C, {mb:g} MB/h", command=f"{leaker} leak {mb * MB:.0f}", rate=mb * MB)
        for mb in (0.5, 10.5, 20, 50)
    ]
    for mb in (20, 50):
        script = folder / f"leak-{mb}.py"
        script.write_text(PYTHON_LEAK.format(block=1024, rate=mb * MB))
        command = f"{sys.executable} {script}"
        found.append(Planted(name=f"python-{mb}", text=f"Python, {mb} MB/h", command=command, rate=mb * MB))
    return found + still(leaker, "30", "60", "400")


def still(leaker: Path, period: str, settling: str, at: str, speak: str = "") -> list[Planted]:
    """List the programs that do not leak."""
    shapes = (
        ("flat", "flat", "flat"),
        ("saw-tooth", "saw-tooth of 2 MB", f"sawtooth 2000000 {period}"),
        ("warm-up", "warm-up of 5 MB", f"warmup 5000000 {settling}"),
        ("step", "one step of 2 MB", f"step 2000000 {at}"),
    )
    return [Planted(name=name, text=text, command=f"{leaker} {speak}{words}", rate=0.0) for name, text, words in shapes]


def compressed(leaker: Path) -> list[Planted]:
    """List the programs of compressed time: a poll keeps what it would at the real pace."""
    speak = f"--speak --polls-per-second {POLLS_A_SECOND} "
    leaks = [
        Planted(
            name=f"c-{mb:g}",
            text=f"C, {mb:g} MB/h at the real pace",
            command=f"{leaker} {speak}polls {mb * MB / POLLS_AN_HOUR:.0f} {POLLS_A_SECOND}",
            rate=mb * MB,
        )
        for mb in (20, 50)
    ]
    return leaks + still(leaker, "5", "6", "40", speak)


def measure(folder: Path, programs: list[Planted], *rest: str) -> dict[str, Any]:
    """Run netchurn with all of them side by side, and give its analysis."""
    argv = [sys.executable, "-P", "-m", "harness", "run", "docker-host", "--pairs", "20", "--json", "--no-report"]
    argv += ["--results", str(folder / "results"), *rest]
    for one in programs:
        argv += ["--exec", f"{one.name}={one.command}"]
    done = subprocess.run(argv, check=False, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def row(one: Planted, document: dict[str, Any], *, per_poll: bool) -> tuple[list[str], bool]:
    """Give a line of the table, and whether the promise was kept."""
    found = next(subject for subject in document["subjects"] if subject["name"] == one.name)
    part = found["compressed" if per_poll else "growth"] or {"verdict": "not measured"}
    scale = POLLS_AN_HOUR if per_poll else 1
    keys = ("bytes_per_poll", "low_per_poll", "high_per_poll") if per_poll else ("bytes_per_hour", "low", "high")
    value, low, high = (None if part.get(key) is None else part[key] * scale / MB for key in keys)
    near = value is not None and abs(value * MB - one.rate) <= TOLERANCE * one.rate
    grows = part["verdict"] == "growing"
    kept = (grows and near) if one.rate >= LEAST_SHOWN else not grows
    measured = "–" if value is None else f"{value:.2f} ({low:.2f} to {high:.2f})"
    pace = "a minute, compressed" if per_poll else "ten minutes"
    return [one.text, pace, part["verdict"].replace("_", " "), measured, "yes" if kept else "**no**"], kept


def duplicates(document: dict[str, Any]) -> list[tuple[list[str], bool]]:
    """Give a line for each subject that lived beside itself."""
    rows = []
    for pair in document["comparisons"]:
        if pair["after"] != f"{pair['before']}-duplicate":
            continue
        growth = pair["growth_difference"]
        kept = growth["verdict"] != "growing" and all(one["ok"] for one in document["controls"])
        value = growth["bytes_per_hour"]
        measured = "–" if value is None else f"{value / MB:.2f} ({growth['low'] / MB:.2f} to {growth['high'] / MB:.2f})"
        text = f"`{pair['before']}` beside itself, difference"
        rows.append(
            ([text, "ten minutes", growth["verdict"].replace("_", " "), measured, "yes" if kept else "**no**"], kept)
        )
    return rows


def table(rows: list[list[str]]) -> str:
    """Lay out the table for Markdown."""
    head = ["process", "measured for", "verdict", "MB an hour (95 %)", "as promised"]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)) + "\n"


def main() -> int:
    """Measure, print, write down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--duration", default="10m", help="of the run at the real pace  [10m]")
    parser.add_argument("--no-write", action="store_true", help="leave README.md as it is")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        leaker = folder / "leaker"
        subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-o", leaker, HERE / "leaker.c", "-lm"], check=True)
        short, real = compressed(leaker), planted(leaker, folder)
        back_to_back = (
            "--interval",
            "0",
            "--polls",
            "1000000000",
            "--duration",
            "60s",
        )  # by time, however busy the controls are
        minute = measure(folder, short, "--subject", "netlink", "--no-profile", *back_to_back)
        longer = measure(
            folder, real, "--duplicate", "poll", "--duplicate", "netlink", "--duration", arguments.duration
        )
    rows = [row(one, longer, per_poll=False) for one in real] + duplicates(longer)
    rows += [row(one, minute, per_poll=True) for one in short]
    text = table([cells for cells, _ in rows])
    print(text)  # noqa: T201 - what was asked for
    readme = HERE / "README.md"
    before, begin, rest = readme.read_text().partition(BEGIN)
    if begin and not arguments.no_write:
        readme.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{rest.partition(END)[2]}")
    return 0 if all(kept for _, kept in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
