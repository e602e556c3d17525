"""Record daemons that allocate 500 MB/s for ten minutes, in Python, Go and C, and hold recordings to their bound.

``python tests/planted/planted_torrent.py`` takes eleven minutes, two cores, a C compiler, Go and heaptrack. Ends with 1
where a file is larger than was announced, a program or its copy does not live to the end, the one who keeps memory is
not the first, or the page takes longer than twice that of the reference.
"""

import argparse
import json
import re
import resource
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).parent))  # the tests are no package
if TYPE_CHECKING:
    from tests.planted.planted_keepers import SOURCES, build
else:
    from planted_keepers import SOURCES, build

REFERENCE = Path(__file__).parents[2] / "results" / "netbird-5857" / "reference"
NETCHURN = (sys.executable, "-P", "-m", "harness")
ADDRESS = "127.0.0.1:6460"
PASS_BYTES = 4096 * 2441  # that an event allocates and frees
CHURNED = {"py": 4129 * 2441 + 11 * 12_033, "go": PASS_BYTES + 11 * 12_288, "c": PASS_BYTES + 11 * 12_000}
MOST_CHURN_OFF = 0.005
MOST_OF_REFERENCE = 2.0
MIB = 2**20
KEEPERS = {"py": "keep_list", "go": "main.keepSlice", "c": "keep_buffer"}
SUFFIXES = {"memray": ".bin", "heaptrack": ".heaptrack"}


def record(folder: Path, duration: str) -> str:
    """Measure all three side by side; return what the run announced."""
    python = shlex.join([sys.executable, str(SOURCES / "keeper.py"), "torrent"])
    command = [*NETCHURN, "run", "docker-host", "--pairs", "2", "--duration", duration, "--no-profile", "--no-report"]
    command += [
        f"--exec=py={python}",
        "--record=py=memray",
        f"--exec=c={folder}/keeper.c torrent",
        "--record=c=heaptrack",
    ]
    command += [f"--exec=go={folder}/gokeeper torrent {ADDRESS}", f"--pprof=go=http://{ADDRESS}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    sys.stdout.write(done.stderr)
    return done.stderr


def rendered_s(result: Path, folder: Path) -> float:
    """Render a result; return the processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [*NETCHURN, "report", str(result), "--output", str(folder / f"{result.name}.html")]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def wrong(subject: dict[str, Any], run: dict[str, Any]) -> Iterator[str]:
    """Return what is not as it was planted in one program."""
    name = subject["name"]
    if run["exited_after_s"] is not None:
        yield f"{name} ended after {run['exited_after_s']} s"
    rows = subject["retained"]
    if not rows or rows[0]["function"] != KEEPERS[name]:
        yield f"{name}: first row is {rows[0]['function'] if rows else 'not there'}"
    churned = subject["churn"]["bytes_per_event"] or 0.0
    if abs(churned / CHURNED[name] - 1) > MOST_CHURN_OFF:
        yield f"{name}: {churned:,.0f} B an event, of {CHURNED[name]:,}"
    sys.stdout.write(
        f"{name}: {churned:,.0f} of {CHURNED[name]:,} B an event, {json.dumps([*subject['retention'], *rows[:1]])}\n"
    )


def kept_within(result: Path, announced: str, seconds: float) -> Iterator[str]:
    """Return which recording is larger than was said, or of a copy that did not live; print each."""
    said = re.search(r"recordings of allocations ([\d.,]+) MiB", announced)
    total = 0
    for one in json.loads((result / "result.json").read_text())["recordings"]:
        files = [path for path in result.glob("captures/*") if path.name.startswith(Path(one["file"]).stem)]
        size = sum(path.stat().st_size for path in files)
        total += size
        rate = one["events"] * PASS_BYTES / one["work_s"]
        sys.stdout.write(
            f"{one['subject']}: {size:,} bytes of {one['bound_bytes']:,}, ended by {one['end']} after "
            f"{(one['ended_ns'] - one['began_ns']) / 1e9:.0f} s, {rate / 1e6:.0f} MB/s over {one['work_s']:.0f} s\n"
        )
        if (result / one["file"]).stat().st_size > one["bound_bytes"]:
            yield f"{one['file']} is larger than its bound"
        if one["work_s"] < 0.7 * seconds:
            yield f"the copy of {one['subject']} counted for {one['work_s']:.0f} s only"
    if said is None or total > float(said[1].replace(",", "")) * MIB:
        yield f"{total:,} bytes were written, and {said[1] if said else 'nothing'} announced"


def main(argv: Sequence[str] | None = None) -> int:
    """Run, render, and print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duration", default="10m")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the result here")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.keep or Path(scratch)).resolve()
        folder.mkdir(exist_ok=True, parents=True)
        build(folder)
        announced = record(folder, arguments.duration)
        (result,) = folder.glob("results/docker-host/*")
        ours, theirs = rendered_s(result, folder), rendered_s(REFERENCE, folder)
        sys.stdout.write(f"rendered in {ours:.1f} s of processor time, the reference in {theirs:.1f} s\n")
        report = [*NETCHURN, "report", str(result), "--format", "json", "--output", "-"]
        analysis = json.loads(subprocess.run(report, stdout=subprocess.PIPE, check=True).stdout)
        runs = {one["name"]: one for one in json.loads((result / "result.json").read_text())["trials"][0]["runs"]}
        faults = [
            fault for one in analysis["subjects"] if one["name"] in KEEPERS for fault in wrong(one, runs[one["name"]])
        ]
        faults += kept_within(result, announced, analysis["lasted_s"])
        faults += ["the page took too long"] * (ours > MOST_OF_REFERENCE * theirs)
    sys.stdout.write("".join(f"WRONG: {fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
