"""Plant programs that grow for a known reason, in C, Python and Go, and hold the causes that are named to the truth.

``python tests/planted/planted_doses.py`` takes some forty minutes, a C compiler and Go; ``--kind containers`` makes
one of its kinds. Programs of a batch run side by side. Prints a row a program, and ends with 1 where a cause is not
named, an innocent program is not cleared, a rate lies more than 10 % beside its own, or a batch took more than three
minutes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

SOURCES = Path(__file__).parent / "dosed"
LANGUAGES = ("c", "python", "go")
BYTES = (200, 4096)
TICKS_AN_HOUR = 20 * 3600  # of "clock"
# What malloc takes more than it is asked for, and a list or a chunk of pointers.
WITHIN = 0.1
DECIDED_S = 180.0
MANY, FEW, ONE = "120s", "145s", "165s"  # many programs take half a minute more to start and to be judged
ENOUGH = 0.95  # of fragmentations and leaks, told apart


class Kind(NamedTuple):
    """A stimulus, what grows because of it and what does not, and its doses; Go needs more, and its small leak most.

    Go keeps a mebibyte of garbage: what leaks or queues has to come to several times that.
    """

    stimulus: str
    leak: str
    innocent: tuple[str, ...]
    doses: str
    of_go: str
    of_small: str


KINDS = {
    "link-events": Kind(
        "link-events", "event", ("clock", "queue", "warm-up", "innocent"), "0,20,100", "0,50,500", "0,50,500"
    ),
    "containers": Kind("containers", "container", ("innocent",), "0,2,20", "0,8,80", "0,22,220"),
    "command": Kind("command=kill -USR1 {pid}", "command", ("clock", "innocent"), "0,2,16", "0,15,150", "0,25,250"),
}
FRAGMENTATION = "fragmentation"


class Row(NamedTuple):
    """What was found of one program, and what it is."""

    program: str
    expected: str
    verdict: str
    rate: float | None
    truth: int | None
    seconds: float
    why: str = ""

    @property
    def error(self) -> float | None:
        """Return how far the rate lies beside the planted one, as a share of it; None where nothing grows."""
        return self.rate / self.truth - 1 if self.truth and self.rate is not None else None

    @property
    def right(self) -> bool:
        """Return whether its cause was named, and its rate found."""
        return self.verdict == self.expected and (self.error is None or abs(self.error) <= WITHIN)


def build(folder: Path) -> dict[str, str]:
    """Build the three; give the command of each."""
    subprocess.run(["cc", "-O1", "-pthread", "-o", str(folder / "c"), str(SOURCES / "dosed.c")], check=True)
    subprocess.run(["go", "build", "-o", str(folder / "go"), "."], cwd=SOURCES / "go", check=True)
    return {"c": str(folder / "c"), "go": str(folder / "go"), "python": f"{sys.executable} {SOURCES / 'dosed.py'}"}


def batches(kind: Kind, commands: dict[str, str]) -> Iterator[tuple[dict[str, str], tuple[str, ...]]]:
    """List the programs that run side by side, by name, and what netchurn is asked for."""
    programs = {
        f"{language}_{size}_{how}": f"{commands[language]} {how} {size}"
        for language, size, how in product(LANGUAGES, BYTES, (kind.leak, *kind.innocent))
    }
    small = {f"go_{BYTES[0]}_{kind.leak}"}
    of_go = [{one for one in programs if one.startswith(f"go_{size}_")} - small for size in BYTES]
    for names, doses, duration in (
        (programs.keys() - of_go[0] - of_go[1] - small, kind.doses, MANY),
        *((names, kind.of_go, FEW) for names in of_go),
        (small, kind.of_small, ONE),
    ):
        chosen = {name: command for name, command in programs.items() if name in names}
        yield chosen, ("--stimulus", kind.stimulus, "--doses", doses, "--duration", duration)


def measured(programs: dict[str, str], folder: Path, *words: str) -> tuple[list[dict[str, Any]], float]:
    """Run one batch; give what was judged, and how long that took, start and verdict included."""
    given = [f"--exec={name}={command}" for name, command in programs.items()]
    argv = [sys.executable, "-P", "-m", "harness", "dose", *given, *words, "--json", "--quiet", "--no-report"]
    began = time.monotonic()
    found = subprocess.run(argv, cwd=folder, stdout=subprocess.PIPE, check=False)
    lasted = time.monotonic() - began
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    sys.stdout.write(f"# {len(programs)} programs, {' '.join(words)}: {lasted:.0f} s, load {load}\n")
    sys.stdout.flush()
    return json.loads(found.stdout)["doses"], lasted


def row(one: dict[str, Any], leak: str, seconds: float) -> Row:
    """Hold one program to the truth. What grows regardless has its rate without any dose, a tick."""
    language, size, how = one["subject"].split("_")
    rate, truth = one["bytes_per_stimulus"], int(size)
    if how == "clock":
        rate = one["without"] and one["without"]["bytes_per_hour"] and one["without"]["bytes_per_hour"] / TICKS_AN_HOUR
    left_out = next((f"; {arm['left_out']}" for arm in one["doses"] if arm["left_out"]), "")
    return Row(
        program=f"{language} {how} {size}",
        expected="caused" if how == leak else "not_caused",
        verdict=one["verdict"],
        rate=rate,
        truth=truth if how in {leak, "clock"} else None,
        seconds=seconds,
        why=one["explanation"] + left_out,
    )


def fragmented(copies: int, commands: dict[str, str], folder: Path) -> list[Row]:
    """Plant fragmentation beside leaks of about the same slope: which is the allocator's, and which is not."""
    programs = {
        f"{name}_{at}": f"{commands['c']} {how}"
        for name, how in (("fragment", "fragment 8192"), ("leak", "event 10000"))
        for at in range(copies)
    }
    words = ("--stimulus", "link-events", "--doses", "0,20", "--allocator-check", "--duration", "60s")
    found, lasted = measured(programs, folder, *words)
    rows = []
    for one in found:
        blamed = "program" if one["allocator"] is None else "allocator"
        verdict = blamed if one["verdict"] == "caused" else one["verdict"]
        expected = "allocator" if one["subject"].startswith("fragment") else "program"
        name = one["subject"].replace("_", " ")
        rows.append(Row(name, expected, verdict, one["bytes_per_stimulus"], None, lasted, one["explanation"]))
    return rows


def printed(rows: Sequence[Row]) -> None:
    """Print a row a program, with the reason where it is wrong."""
    for one in rows:
        rate = "-" if one.rate is None else f"{one.rate:.1f}"
        error = "-" if one.error is None else f"{100 * one.error:+.1f} %"
        sys.stdout.write(
            f"{'ok' if one.right else 'WRONG':5} {one.program:22} {one.expected:10} {one.verdict:11} {rate:>9} "
            f"{one.truth or '-':>5} {error:>8} {one.seconds:4.0f} s{'' if one.right else '  ' + one.why}\n"
        )
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Run, compare, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", action="append", choices=[*KINDS, FRAGMENTATION], help="one kind (repeat)  [all]")
    parser.add_argument("--only", default="", metavar="NAME", help="batches of such a program, such as go_200")
    parser.add_argument("--copies", type=int, default=20, metavar="N", help="of fragmentation and of a leak  [20]")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the results here")
    arguments = parser.parse_args(argv)
    kinds = arguments.kind or [*KINDS, FRAGMENTATION]
    rows: list[Row] = []
    apart: list[Row] = []
    sys.stdout.write("      program                expected   verdict          rate truth    error  time\n")
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.keep or Path(scratch)).resolve()
        folder.mkdir(exist_ok=True, parents=True)
        commands = build(folder)
        for name in kinds:
            if name == FRAGMENTATION:
                apart = fragmented(arguments.copies, commands, folder)
                printed(apart)
                continue
            kind = KINDS[name]
            for programs, words in batches(kind, commands):
                if not any(arguments.only in one for one in programs):
                    continue
                found, lasted = measured(programs, folder, *words)
                batch = [row(one, kind.leak, lasted) for one in found]
                printed(batch)
                rows += batch
    return concluded(rows, apart)


def concluded(rows: Sequence[Row], apart: Sequence[Row]) -> int:
    """Print the counts; return 1 where a promise is broken."""
    if rows:
        leaks = [one.right for one in rows if one.expected == "caused"]
        innocent = [one for one in rows if one.expected != "caused"]
        sys.stdout.write(
            f"{sum(leaks)} of {len(leaks)} causes named with their rate; {sum(one.right for one in innocent)} of "
            f"{len(innocent)} innocent cleared, {sum(one.verdict == 'caused' for one in innocent)} accused\n"
        )
    kept = all(one.right and one.seconds <= DECIDED_S for one in rows)
    for expected in sorted({one.expected for one in apart}):
        told = [one.right for one in apart if one.expected == expected]
        sys.stdout.write(f"{expected}: {sum(told)} of {len(told)} told apart\n")
        kept &= sum(told) >= ENOUGH * len(told)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
