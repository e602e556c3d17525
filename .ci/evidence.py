"""Makes the reference evidence: measures netbird-5857 with the installed netchurn, and keeps it small enough for git.

``python .ci/evidence.py`` measures, verifies, thins, renders, and writes the tables of README.md and of
docs/netbird-5857.md; ``--render`` does the last two only. What was kept is replaced once the new result is known to be
whole. Run it by ``tox -e evidence``.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.units import churn_bytes

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = "netbird-5857"
KEPT = Path(SCENARIO) / "reference"
DURATION = "12m"  # a verdict on growth takes ten
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


def measure(duration: str, more: Sequence[str], scratch: Path) -> Path:
    """Measure below a scratch folder, which no argument names; give the thinned result."""
    netchurn("run", SCENARIO, "--duration", duration, "--no-report", *more, where=scratch, good=MEASURED)
    (whole,) = (scratch / "results" / SCENARIO).iterdir()
    netchurn("verify", whole)
    netchurn("export", whole, "--format", "thin", "--output", scratch / "thin")
    return scratch / "thin"


def render(result: Path, report: Path, readme: Path, page: Path) -> None:
    """Render a result, hold both against each other, and write the tables of the README and of the page on the case."""
    if report.exists():
        shutil.rmtree(report)
    netchurn("report", result, "--format", FORMATS, "--output", report)
    line = netchurn("verify", result, "--report", report).splitlines()[-1]
    analysis = json.loads((report / "report.json").read_text())
    table = part(analysis, (report / "report.md").read_text(), line)
    fill(readme, SCENARIO, table)
    fill(page, SCENARIO, table)
    fill(page, "costs", costs(analysis))


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
        f"Resident memory over these minutes: {_grown(analysis)}.",
        "",
        *("```text", line, "```"),
    ]
    return "\n".join(("", *lines, "", ""))


def _grown(analysis: dict[str, Any]) -> str:
    """Say how each subject's memory was judged, and whether the processes of known truth were judged rightly."""
    found = [one for one in analysis["subjects"] if one["growth"] and one["role"] != "control"]
    words = [f"`{one['name']}` {one['growth']['verdict'].replace('_', ' ')}" for one in found]
    wrong = [one["name"] for one in analysis["controls"] if not one["ok"]]
    return f"{', '.join(words)}; controls {'wrong: ' + ', '.join(wrong) if wrong else 'OK'}"


def _on_what(analysis: dict[str, Any]) -> str:
    there, links = analysis["environment"], analysis["namespace"]["links"]
    minutes = analysis["plan"]["duration_s"] / 60
    return (
        f"One run of {minutes:g} minutes at the real pace, among {links} links unless a claim says otherwise, by\n"
        f"netchurn {there['netchurn']} ({there['commit']}) on Linux {there['kernel']}, {there['machine']}, "
        f"{there['cpus']} CPUs, {there['go']}:"
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


def replace(result: Path) -> Path:
    """Put a result where the kept one was."""
    kept = ROOT / "results" / KEPT
    if kept.exists():
        shutil.rmtree(kept)
    kept.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copytree(result, kept))


def main() -> None:
    """Read the arguments; what is not known here goes to netchurn run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--render", action="store_true", help="do not measure")
    parser.add_argument("--duration", default=DURATION, help=f"of the sampling phase  [{DURATION}]")
    known, more = parser.parse_known_args()
    kept = ROOT / "results" / KEPT
    if not known.render:
        refuse_what_nobody_has()
        with tempfile.TemporaryDirectory(prefix="netchurn-evidence-") as scratch:
            replace(measure(known.duration, more, Path(scratch)))
    render(kept, ROOT / "reports" / KEPT, ROOT / "README.md", ROOT / "docs" / f"{SCENARIO}.md")


if __name__ == "__main__":
    main()
