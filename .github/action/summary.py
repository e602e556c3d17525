"""Write the job summary, below GitHub's limit, and the numbers that a workflow may want.

From the environment: FOLDER, where run.sh measured; VERDICT; GITHUB_STEP_SUMMARY; GITHUB_OUTPUT.
Into GITHUB_OUTPUT: churn-before, churn-after (bytes a day), pair, analysis (a path). Standard library only.
"""

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

LIMIT_BYTES = 1_000_000  # GitHub takes 1 MiB a step, and nothing at all of more
CLOSED = "\n\n</details>"
CUT = "\n\n*The rest did not fit here: it is in the artifact.*\n"
MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "invalid": "⚠️", "not-measured": "⚠️"}
PAIRS = ("regressed", "not_decided", "no_difference", "fix_verified")  # the worst first
LONGEST_MESSAGE = 20_000


def main() -> None:
    """Summarise one run."""
    folder = Path(os.environ["FOLDER"])
    pages = sorted((folder / "reports").rglob("report.md"))
    text = pages[-1].read_text(errors="replace") if pages else complaint(folder, os.environ["VERDICT"])
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a") as summary:
        summary.write(fit(text, LIMIT_BYTES))
    documents = sorted((folder / "reports").rglob("report.json"))
    outputs = numbers(json.loads(documents[-1].read_text())) if documents else {}
    if documents:
        outputs["analysis"] = str(shutil.copyfile(documents[-1], folder / "analysis.json"))
    with Path(os.environ["GITHUB_OUTPUT"]).open("a") as out:
        out.writelines(f"{name}={value}\n" for name, value in outputs.items())


def complaint(folder: Path, verdict: str) -> str:
    """Say why there is no report, in what netchurn said, as a block that nothing in it can end."""
    path = folder / "messages.txt"
    said = path.read_text(errors="replace")[-LONGEST_MESSAGE:] if path.is_file() else ""
    block = "\n".join(f"    {line}" for line in said.splitlines())
    return f"## {MARKS.get(verdict, '')} netchurn: {verdict}\n\nThere is no report. It said:\n\n{block}\n"


def numbers(analysis: dict[str, Any]) -> dict[str, str]:
    """Read the churn of the first subject of each role, and the worst verdict of a pair; empty where there is none."""
    found = {}
    for role in ("before", "after"):
        churns = [one.get("churn") for one in analysis.get("subjects", ()) if one.get("role") == role]
        value = churns[0].get("bytes_per_day") if churns and churns[0] else None
        measured = isinstance(value, int | float) and math.isfinite(value)
        found[f"churn-{role}"] = f"{value:.0f}" if measured else ""
    verdicts = {one.get("verdict") for one in analysis.get("pairs", ())}
    found["pair"] = next((word for word in PAIRS if word in verdicts), "")
    return found


def fit(text: str, limit: int) -> str:
    """Cut a page between two lines, outside of code, to ``limit`` bytes with the words that say so."""
    if len(text.encode()) <= limit:
        return text
    size, fenced, safe, lines = len((CLOSED + CUT).encode()), False, 0, text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        size += len(line.encode())
        if size > limit:
            break
        fenced ^= line.startswith("```")
        safe = safe if fenced else number + 1
    kept = "".join(lines[:safe]).rstrip()
    return kept + (CLOSED if kept.count("<details>") > kept.count("</details>") else "") + CUT


if __name__ == "__main__":
    main()
