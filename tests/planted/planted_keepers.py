"""Plant programs that keep memory, five a language, beside versions that keep none, and hold names to the truth.

``python tests/planted/planted_keepers.py`` takes eight minutes, C and C++ compilers, Go and heaptrack. It runs all
with recorders, prints a row for each, and ends with 1 where somebody else is named, a number is off, or a fixed one is
accused.
"""

import argparse
import gzip
import json
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

SOURCES = Path(__file__).parent / "keepers"
PYTHON_BYTES = 12_033  # an object of 12,000 bytes, and its head
GO_BYTES = 12_288
GOROUTINE_BYTES = 937  # of a blocked one, by HeapAlloc of 10,000: its g 480, two channels 224, two sudogs 216, allgs 17
C_BYTES = 12_000
MOST_OFF = 0.05
MOST_CHURN_OFF = 0.005
MOST_BALANCE_OFF = 0.03
CERTAIN = 3.0  # standard errors
FIRST_PORT = 6470


class Truth(NamedTuple):
    """What a program keeps an event, the function that does, and how that is found out."""

    command: str
    function: str
    kept: int
    recorder: str  # or pprof
    churned: int  # by the function ``churn``, an event; 0: what the program reads of runtime/metrics
    native: bool = False  # the memory is outside a managed heap


PYTHON = {"list": "keep_list", "dict": "keep_dict", "callback": "keep_callback", "lru_cache": "keep_lru_cache"}
GO = {
    "map": "main.keepMap",
    "slice": "main.keepSlice",
    "goroutines": "main.subscribe.func1",
    "timers": "main.keepTimers",
}
NATIVE = {
    "list": "keep_list",
    "map": "keep_map",
    "string": "keep_string",
    "buffer": "keep_buffer",
    "threads": "work_of_thread",
}


def build(folder: Path) -> None:
    """Compile everything."""
    include = sysconfig.get_paths()["include"]
    flags = ["-g", "-O1"]
    subprocess.run(
        ["cc", *flags, "-shared", "-fPIC", f"-I{include}", "-o", folder / "keepmod.so", SOURCES / "keepmod.c"],
        check=True,
    )
    for compiler, source in (("cc", "keeper.c"), ("c++", "keeper.cpp")):
        subprocess.run([compiler, *flags, "-pthread", "-o", folder / source, SOURCES / source], check=True)
    if shutil.which("go"):
        subprocess.run(["go", "build", "-o", folder / "gokeeper", "."], cwd=SOURCES / "gokeeper", check=True)


def truths(folder: Path) -> dict[str, Truth]:
    """Return every program by its name; a fixed one has the same command and one word more."""
    python = f"{shlex.quote(sys.executable)} {shlex.quote(str(SOURCES / 'keeper.py'))}"
    churned = 10 * PYTHON_BYTES
    found = {
        f"py-{how}": Truth(f"{python} {how}", name, PYTHON_BYTES, "memray", churned) for how, name in PYTHON.items()
    }
    extension = f"env PYTHONPATH={folder} {python} extension"
    found["py-extension"] = Truth(extension, "keep", C_BYTES, "memray", churned, native=True)
    found |= {
        f"{source.rpartition('.')[2]}-{how}": Truth(
            f"{folder / source} {how}", name, C_BYTES, "heaptrack", 10 * C_BYTES
        )
        for source in ("keeper.c", "keeper.cpp")
        for how, name in NATIVE.items()
    }
    if (folder / "gokeeper").is_file():
        go = f"env GODEBUG=memprofilerate=16384 {folder / 'gokeeper'}"
        more = {"goroutines": GOROUTINE_BYTES}
        found |= {
            f"go-{how}": Truth(f"{go} {how}", name, GO_BYTES + more.get(how, 0), "pprof", 0) for how, name in GO.items()
        }
        found["go-cgo"] = Truth(f"{go} cgo", "keep_native", GO_BYTES, "heaptrack", 0, native=True)
    return found


def options(planted: dict[str, Truth]) -> Iterator[str]:
    """Write the options of ``netchurn run`` for every program and its fixed version."""
    port = FIRST_PORT
    for name, one in planted.items():
        for kind, word in (("", ""), ("-fixed", " fixed")):
            address = ""
            if name.startswith("go-"):
                port += 1
                address = f" 127.0.0.1:{port}"
                yield f"--pprof={name}{kind}=http://127.0.0.1:{port}"
            yield f"--exec={name}{kind}={one.command}{address}{word}"
            if one.recorder != "pprof":
                yield f"--record={name}{kind}={one.recorder}"


def run(planted: dict[str, Truth], folder: Path, duration: str) -> tuple[dict[str, Any], Path]:
    """Measure all side by side; return the analysis and the folder of the result."""
    command = [sys.executable, "-P", "-m", "harness", "run", "docker-host", "--pairs", "2", "--duration", duration]
    command += ["--no-profile", "--quiet", "--json", *options(planted)]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=False)
    (result,) = folder.glob("results/docker-host/*")
    analysis: dict[str, Any] = json.loads(done.stdout)
    return analysis, result


def churned(result: Path, name: str, recorder: str, units: float) -> float:
    """Return what the function ``churn`` allocates a unit, with all that it calls, from the stacks of a recording."""
    path = result / "captures" / f"recorded-{recorder}-{name}-churn.folded.json.gz"
    folded = json.loads(gzip.decompress(path.read_bytes()))
    churners = {at for at, frame in enumerate(folded["frames"]) if frame["name"] == "churn"}
    total: int = sum(one["bytes"] for one in folded["stacks"] if churners & set(one["frames"]))
    return total / units


def churns(result: Path, name: str, truth: Truth, whole: dict[str, Any]) -> tuple[float, float]:
    """Return what was churned an event by the tool and in truth; of Go the program's own bytes until the last visit."""
    if truth.recorder != "pprof":
        return (churned(result, name, truth.recorder, whole["units"]) if truth.churned else 0.0), truth.churned
    runs = json.loads((result / "result.json").read_text())["trials"][0]["runs"]
    first, *_, last, _, _ = next(one for one in runs if one["name"] == name)["marks"]
    own = (last["allocated_bytes"] - first["allocated_bytes"]) / (last["events"] - first["events"])
    return whole["allocated_per_unit"], own


def wrong(name: str, truth: Truth, subject: dict[str, Any], result: Path, lasted_s: float) -> Iterator[str]:
    """Return what is not as it was planted."""
    whole = next((one for one in subject["retention"] if one["recorder"] == truth.recorder), None)
    rows = [one for one in subject["retained"] if one["recorder"] == truth.recorder]
    if whole is None or not rows:
        yield "not measured"
        return
    if not whole["keeps"]:
        yield "nobody is named"
    if rows[0]["function"] != truth.function:
        yield f"first row is {rows[0]['function']}"
    off = abs(whole["per_unit"] - truth.kept)
    allowed = MOST_OFF * truth.kept + CERTAIN * (whole["standard_error_bytes"] or 0.0) / whole["units"]
    if off > allowed:
        yield f"keeps {whole['per_unit']:,.0f} B an event"
    by_tool, in_truth = churns(result, name, truth, whole)
    if abs(by_tool - in_truth) > MOST_CHURN_OFF * in_truth:
        yield f"churns {by_tool:,.0f} B an event of {in_truth:,.0f}"
    if truth.native:
        native = next(one for one in subject["balance"] if one["part"] == "native")
        grown = (native["last_bytes"] or 0) - (native["first_bytes"] or 0)
        visited = any(one["recorder"] == "pprof" for one in subject["retention"])
        expected = truth.kept * whole["units"] / whole["seconds"] * (lasted_s if visited else whole["seconds"])
        if abs(grown / expected - 1) > MOST_OFF:
            yield f"native memory grew by {grown:,}, and {expected:,.0f} were kept"


def unbalanced(subject: dict[str, Any]) -> Iterator[str]:
    """Return where parts do not add up to resident memory at the end."""
    parts = sum(one["last_bytes"] or 0 for one in subject["balance"])
    rss = subject["memory"]["rss_last_bytes"]
    if abs(parts / rss - 1) > MOST_BALANCE_OFF:
        yield f"parts add up to {parts:,} of {rss:,}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run, compare, and print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duration", default="5m")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="these programs (repeat)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep result and report here")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.keep or Path(scratch)).resolve()
        folder.mkdir(exist_ok=True, parents=True)
        build(folder)
        planted = {name: one for name, one in truths(folder).items() if not arguments.only or name in arguments.only}
        analysis, result = run(planted, folder, arguments.duration)
        if arguments.keep:
            (folder / "analysis.json").write_text(json.dumps(analysis))
        return judged(planted, analysis, result)


def judged(planted: dict[str, Truth], analysis: dict[str, Any], result: Path) -> int:
    """Print a row for each program; 1 where anything is wrong."""
    subjects = {one["name"]: one for one in analysis["subjects"]}
    failed = 0
    for name, truth in planted.items():
        found, fixed = subjects[name], subjects[f"{name}-fixed"]
        faults = [*wrong(name, truth, found, result, analysis["lasted_s"]), *unbalanced(found), *unbalanced(fixed)]
        faults += ["its fixed version is accused"] * any(one["keeps"] for one in fixed["retention"])
        failed += bool(faults)
        whole: dict[str, Any] = next((one for one in found["retention"] if one["recorder"] == truth.recorder), {})
        by_tool, in_truth = churns(result, name, truth, whole) if whole else (0.0, 0.0)
        row: dict[str, Any] = next((one for one in found["retained"] if one["recorder"] == truth.recorder), {})
        sys.stdout.write(
            f"{'WRONG' if faults else 'ok   '} {name:14} {row.get('function', '-')[:24]:24} line {row.get('line')} "
            f"{whole.get('per_unit') or 0:10,.1f} of {truth.kept:,} B, churns {by_tool:9,.0f} of {in_truth:9,.0f} B  "
            f"{'; '.join(faults)}\n"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
