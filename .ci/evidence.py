"""Makes the reference evidence: measures scenarios with the installed netchurn, and keeps it small enough for git.

``python .ci/evidence.py`` measures, verifies, thins, renders, and writes the tables of README.md, docs/netbird-5857.md
and results/README.md; ``--render`` does the last two only. A reference is not made where the machine was busy. What was
kept is replaced once the new result is known to be whole. Run it by ``tox -e evidence``.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.units import churn_bytes, duration, seconds
from harness.wording import GROWTH

ROOT = Path(__file__).resolve().parents[1]
CASE, QUIET = "netbird-5857", "docker-host"
KEPT = {CASE: Path(CASE) / "reference", QUIET: Path(QUIET) / "reference"}
SHARE = {CASE: 1.0, QUIET: 0.5}  # of the duration
DURATION = "2h"
SAMPLE_INTERVAL = "2s"  # in two hours 3,600 readings of each: a verdict is made of 30 medians, and git has room
MAX_LOAD = 1.0  # of two processors one is always free, so nothing that is timed waits for the other
PAGES = (Path("README.md"), Path("docs") / f"{CASE}.md", Path("results") / "README.md")
MEASURED = (0, 1, 3)  # evidence against a claim is evidence
FORMATS = "html,md,png,json,junit"
BEGIN, END = "<!-- {}: written by tox -e evidence -->\n", "<!-- {} ends -->\n"
COLUMNS = ("claim", "claimed", "measured", "verdict")


def netchurn(*arguments: object, where: Path = ROOT, good: tuple[int, ...] = (0,)) -> str:
    """Run the installed netchurn, and give what it prints; end with its status where that is not a good one."""
    argv = [sys.executable, "-P", "-m", "harness", *map(str, arguments)]
    done = subprocess.run(argv, check=False, stdout=subprocess.PIPE, text=True, cwd=where)
    if done.returncode not in good:
        sys.stderr.write(f"{done.stdout}evidence: netchurn {arguments[0]}: status {done.returncode}; nothing is kept\n")
        raise SystemExit(done.returncode)
    return done.stdout


def refuse_what_nobody_has() -> None:
    """Make sure that the commit in the evidence is the code that was measured with."""
    version = netchurn("--version")
    if "commit" not in version or "-dirty" in version:
        raise SystemExit(f"evidence: {version.strip()} is no commit; commit what was changed, and run this again")


def measure(scenario: str, options: Sequence[str], scratch: Path, max_load: float = MAX_LOAD) -> Path:
    """Measure below a scratch folder, which no argument names; give the thinned result."""
    options = ("--sample-interval", SAMPLE_INTERVAL, "--max-load", f"{max_load:g}", "--no-report", *options)
    netchurn("run", scenario, *options, where=scratch, good=MEASURED)
    (whole,) = (scratch / "results" / scenario).iterdir()
    netchurn("verify", whole)
    netchurn("export", whole, "--format", "thin", "--output", scratch / "thin")
    refuse_busy(json.loads(netchurn("report", scratch / "thin", "--format", "json", "--output", "-")), max_load)
    return scratch / "thin"


def refuse_busy(analysis: dict[str, Any], max_load: float = MAX_LOAD) -> None:
    """End where the machine was busy while something was measured, by the number that says so."""
    named = {one["phase"]: one for one in analysis["loads"]}
    wanted = ["sampling"] + ["events"] * bool(analysis["plan"]["scripts"])
    for phase in wanted:
        if phase not in named:
            raise SystemExit(f"evidence: {analysis['scenario']}: no load was recorded of {phase}; nothing is kept")
    for phase, one in named.items():
        if one["most"] >= max_load:
            raise SystemExit(
                f"evidence: {analysis['scenario']}: a load of {one['most']:.2f} in {phase} (median {one['median']:.2f} "
                f"of {one['readings']}); a reference is made below {max_load:g}"
            )


def render(scenario: str, home: Path) -> None:
    """Render a kept result, hold both against each other, and write the tables that are made from it."""
    result, report = (home / room / KEPT[scenario] for room in ("results", "reports"))
    if report.exists():
        shutil.rmtree(report)
    netchurn("report", result, "--format", FORMATS, "--output", report)
    line = netchurn("verify", result, "--report", report).splitlines()[-1]
    analysis = json.loads((report / "report.json").read_text())
    table = part(analysis, (report / "report.md").read_text(), line)
    readme, page, list_ = (home / one for one in PAGES)
    if scenario == CASE:
        fill(readme, scenario, table)
        fill(page, scenario, table)
        fill(page, "costs", costs(analysis))
    else:
        fill(list_, scenario, table)


def packed_bytes(*folders: Path) -> int:
    """Return what files take in git, which compresses each."""
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return sum(len(zlib.compress(path.read_bytes())) for path in files)


def fill(page: Path, name: str, text: str) -> None:
    """Put text between the two comments of a page that carry a name."""
    begin, end = BEGIN.format(name), END.format(name)
    before, _, rest = page.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"evidence: {page} has no place for the table: {begin.strip()} … {end.strip()}")
    page.write_text(f"{before}{begin}{text}{end}{after}")


def costs(analysis: dict[str, Any]) -> str:
    """Write what each watcher in Go allocates, and what it reported of the scripted events."""
    rows = [
        ("watcher", "a poll", "an event of another link", "a day without events", "events detected", "false restarts"),
        ("---", "---:", "---:", "---:", "---:", "---:"),
    ]
    for one in analysis["subjects"]:
        churn, seen = one["churn"], one["detection"]
        if one["role"] != "control" and churn["accounting"].startswith("go:"):
            numbers = (churn[name] for name in ("bytes_per_poll", "bytes_per_event", "idle_bytes_per_day"))
            amounts = ("–" if number is None else churn_bytes(number) for number in numbers)
            rows.append((one["name"], *amounts, f"{seen['detected']} of {seen['expected']}", seen["false_positives"]))
    return "\n".join(("", *(f"| {' | '.join(map(str, row))} |" for row in rows), "", ""))


def part(analysis: dict[str, Any], markdown: str, line: str) -> str:
    """Write what the README says of the reference: what was measured on, each claim, growth, and how to check it."""
    where = {one["text"]: _at(one, analysis["plan"]) for one in analysis["plan"]["claims"]}
    rows = [[f"{row[0].rstrip('.')}{where[row[0]]}", *row[1:]] for row in ledger(markdown)]
    if len(rows) != len(analysis["claims"]):
        raise SystemExit(f"evidence: the report's table has {len(rows)} claims of {len(analysis['claims'])}")
    table = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    lines = [
        _on_what(analysis),
        "",
        *(f"| {' | '.join(row)} |" for row in table),
        "",
        "Resident memory over this time:",
        "",
        *_grown(analysis),
        "",
        *_loads(analysis),
        *("```text", line, "```"),
    ]
    return "\n".join(("", *lines, "", ""))


def _grown(analysis: dict[str, Any]) -> list[str]:
    """List how each subject's memory was judged, with its bound, and whether controls were judged rightly."""
    found = [one for one in analysis["subjects"] if one["growth"] and one["role"] != "control"]
    wrong = [one["name"] for one in analysis["controls"] if not one["ok"]]
    return [
        *(
            f"* `{one['name']}`: {GROWTH[one['growth']['verdict']].word}; {one['growth']['explanation']}"
            for one in found
        ),
        f"* controls: {'wrong: ' + ', '.join(wrong) if wrong else 'OK'}",
    ]


def _loads(analysis: dict[str, Any]) -> list[str]:
    """Say how busy the machine was, where that was recorded."""
    phases = [f"{one['least']:.2f} to {one['most']:.2f} in {one['phase']}" for one in analysis["loads"]]
    return [f"Load of the machine, the run included: {'; '.join(phases)}.", ""] if phases else []


def _on_what(analysis: dict[str, Any]) -> str:
    there, links = analysis["environment"], analysis["namespace"]["links"]
    lasted = duration(analysis["plan"]["duration_s"])
    return (
        f"One run of {lasted} at the real pace, among {links} links unless a claim says otherwise,\n"
        f"by netchurn {there['netchurn']} ({there['commit']}) on Linux {there['kernel']}, {there['machine']}, "
        f"{there['cpus']} CPUs, {there['go'] or 'Python ' + there['python']}:"
    )


def _at(claim: dict[str, Any], plan: dict[str, Any]) -> str:
    """Say where a claim was measured, if that is not at the real pace among all links."""
    if claim["quantity"] == "rss_bytes_per_day" and plan["compressed"]:
        return f" (a day's polls without pauses, {plan['compressed']['links']} links)"
    return f" ({claim['links']} links)" if claim["links"] else ""


def ledger(markdown: str) -> list[list[str]]:
    """Read the columns that the README shows from the report's table of claims."""
    lines = iter(markdown.splitlines())
    for line in lines:
        head = _cells(line)
        if set(COLUMNS) <= set(head):
            next(lines)
            break
    else:
        raise SystemExit(f"evidence: the report has no table of {', '.join(COLUMNS)}")
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([_cells(line)[head.index(column)] for column in COLUMNS])
    return rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def replace(result: Path, kept: Path) -> None:
    """Put a result where the kept one was."""
    if kept.exists():
        shutil.rmtree(kept)
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(result, kept)


def copy_pages(home: Path) -> None:
    """Put the pages that are written into a folder other than the checkout."""
    for page in PAGES:
        (home / page).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / page, home / page)


def arguments() -> tuple[argparse.Namespace, list[str]]:
    """Read the arguments; what is not known here goes to netchurn run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--render", action="store_true", help="do not measure")
    parser.add_argument("--only", choices=KEPT, help="one reference and not both")
    parser.add_argument(
        "--duration", type=seconds, default=DURATION, help=f"of the sampling phase; {QUIET} takes half  [{DURATION}]"
    )
    parser.add_argument("--max-load", type=float, default=MAX_LOAD, help=f"no reference at or above  [{MAX_LOAD:g}]")
    parser.add_argument("--into", type=Path, default=ROOT, help="folder for results, reports and pages  [the checkout]")
    return parser.parse_known_args()


def main() -> None:
    """Make the references, one after another, and render what is kept."""
    known, more = arguments()
    home = known.into.resolve()
    if home != ROOT:
        copy_pages(home)
    if not known.render:
        refuse_what_nobody_has()
    for scenario in [known.only] if known.only else KEPT:
        kept = home / "results" / KEPT[scenario]
        if not known.render:
            options = ("--duration", f"{known.duration * SHARE[scenario]:g}s", *more)
            scratch = Path(tempfile.mkdtemp(prefix="netchurn-evidence-"))  # stays where something is refused
            replace(measure(scenario, options, scratch, known.max_load), kept)
            shutil.rmtree(scratch)
        if kept.exists():
            render(scenario, home)
            size = packed_bytes(kept, home / "reports" / KEPT[scenario])
            sys.stderr.write(f"evidence: {scenario}: {size:,} bytes in git\n")


if __name__ == "__main__":
    main()
