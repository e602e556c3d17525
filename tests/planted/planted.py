"""Plant a program that leaks by each cause, observe all side by side, and hold the causes that were named to the truth.

``python tests/planted/planted.py`` takes eleven minutes and a C compiler. Prints a table, and ends with 1 where a
program was given another cause than its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.run.machine.control_groups import ControlGroups

SOURCE = Path(__file__).parent / "leaks.c"
# What each program does, and the cause that is to be named.
TRUTH = {
    "heap": "anonymous",
    "thread_stacks": "thread_stacks",
    "threads": "threads",
    "descriptors": "descriptors",
    "event_descriptors": "descriptors",
    "netlink_sockets": "sockets",
    "file_mapped": "file_mapped",
    "memfd_mapped": "shared_memory",
    "child": "children",
    "children": "children",
    "huge_pages": "huge_pages",
    "lazily_freed": "lazily_freed",
    "fragmentation": None,
    "nothing": None,
}
INNOCENT = {"lazily_freed", "fragmentation", "nothing"}  # which are not to be called growing or slow
# Memory that belongs to no process: it shows in a cgroup of its own.
CHARGED = {"socket_buffers": "kernel", "memfd_unmapped": "shared_memory"}


def build(folder: Path) -> Path:
    """Compile the program."""
    target = folder / "leaks"
    subprocess.run(["cc", "-O1", "-pthread", "-o", str(target), str(SOURCE)], check=True)
    return target


def observe(names: Sequence[str], folder: Path, duration: str, groups: ControlGroups | None) -> dict[str, Any]:
    """Start all, as services with control groups or without, observe them, and end them; return the analysis."""
    program = build(folder)
    started = {}
    try:
        for name in names:
            argv = [str(program), name]
            started[name] = subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, start_new_session=True)
            if groups is not None:
                groups.adopt(name, started[name].pid)
        for process in started.values():
            assert process.stdout is not None
            process.stdout.readline()
        pids = [f"--pid={name}={process.pid}" for name, process in started.items()]
        command = [
            sys.executable,
            "-P",
            "-m",
            "harness",
            "run",
            "observe",
            *pids,
            "--duration",
            duration,
            "--quiet",
            "--json",
        ]
        found = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=False)
        analysis: dict[str, Any] = json.loads(found.stdout)
        return analysis
    finally:
        for process in started.values():
            process.kill()
            process.communicate()


def main(argv: Sequence[str] | None = None) -> int:
    """Run, compare, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duration", default="10m")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep result and report here")
    parser.add_argument("--charged", action="store_true", help="expect what only cgroups show as well")
    arguments = parser.parse_args(argv)
    truth = TRUTH | (CHARGED if arguments.charged else dict.fromkeys(CHARGED))
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.keep or Path(scratch)).resolve()
        folder.mkdir(exist_ok=True, parents=True)
        groups = ControlGroups() if arguments.charged else None
        try:
            analysis = observe(list(truth), folder, arguments.duration, groups)
        finally:
            if groups is not None:
                groups.close()
    (folder / "analysis.json").write_text(json.dumps(analysis)) if arguments.keep else None
    wrong = 0
    for subject in analysis["subjects"]:
        if subject["name"] in truth:
            verdict = subject["growth"]["verdict"]
            accused = verdict in {"growing", "slow"} and subject["name"] in INNOCENT
            ok = subject["cause"] == truth[subject["name"]] and not accused
            wrong += not ok
            growing = ", ".join(
                f"{one['name']} {one['per_hour']:.4g}"
                for one in subject["resources"]
                if one["verdict"] in {"growing", "slow"}
            )
            sys.stdout.write(
                f"{'ok   ' if ok else 'WRONG'} {subject['name']:18} {subject['cause']!s:14} {verdict:15} {growing}\n"
            )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
