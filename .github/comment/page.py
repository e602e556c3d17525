"""Analysis documents that nobody vouches for, to a comment. Pure; standard library only.

A pull request of a stranger chose every byte of them. So nothing of their text becomes Markdown: what is printed is a
number, a word of a known list, or a word between backticks from which all but plain characters was taken, which
names nobody, links nowhere and ends no table.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

MARKER = "<!-- netchurn comment -->"
LIMIT_BYTES = 60_000  # GitHub refuses more than 65,536 characters
MOST_SUBJECTS, MOST_CLAIMS = 20, 30
LONGEST_WORD, LONGEST_TEXT = 40, 160

VERDICTS = {"pass": "✅ pass", "fail": "❌ fail", "inconclusive": "❔ inconclusive", "invalid": "⚠️ invalid"}
ROLES = ("before", "after", "alternative", "control")
GROWTH = {"growing": "growing", "flat": "flat", "inconclusive": "inconclusive", "no_steady_state": "no steady state"}
CLAIMS = {
    "reproduced": "reproduced",
    "exceeded": "exceeded",
    "not_reproduced": "**not reproduced**",
    "inconclusive": "inconclusive",
    "not_measured": "not measured",
}
UNKNOWN = "–"
_UNPRINTABLE = re.compile(r"[^A-Za-z0-9 .,;()%+=/_-]+")
_PREFIXES = ("", "k", "M", "G", "T", "P")
_LARGEST = 1e18


def page(documents: Sequence[object], address: str) -> str:
    """Build the comment: the marker, one section a document, and the address of the run, which is the caller's own."""
    parts = [MARKER, "### netchurn", *(section(one) for one in documents)]
    parts += [f"The page, the pictures and the raw samples are in the artifacts of [the run]({address}).", ""]
    text = "\n\n".join(parts)
    if len(text.encode()) > LIMIT_BYTES:
        text = "\n\n".join([*parts[:2], "Too much was measured for a comment.", *parts[-2:]])
    return text


def section(document: object) -> str:
    """Show one analysis; whatever is not as it should be shows as a dash."""
    analysis = table(document)
    lines = [f"**{choice(VERDICTS, analysis.get('verdict'))}** · {word(analysis.get('scenario'), LONGEST_WORD)}", ""]
    lines += ["| subject | role | a poll | an event | a day | memory |", "| --- | --- | ---: | ---: | ---: | --- |"]
    lines += [subject(one) for one in rows(analysis.get("subjects"), MOST_SUBJECTS)]
    claims = [claim(one) for one in rows(analysis.get("claims"), MOST_CLAIMS)]
    if claims:
        lines += ["", "| claim | claimed | measured | verdict |", "| --- | ---: | ---: | --- |", *claims]
    return "\n".join(lines)


def subject(given: dict[str, Any]) -> str:
    """Show one subject as a row."""
    churn, growth = table(given.get("churn")), table(given.get("growth"))
    cells = [word(given.get("name"), LONGEST_WORD), choice({role: role for role in ROLES}, given.get("role"))]
    cells += [quantity(churn.get(f"bytes_per_{unit}"), "B") for unit in ("poll", "event", "day")]
    return row([*cells, choice(GROWTH, growth.get("verdict"))])


def claim(given: dict[str, Any]) -> str:
    """Show one claim as a row."""
    unit = given.get("unit")
    symbol = "B" if isinstance(unit, str) and unit.startswith("bytes") else ""
    numbers = [quantity(given.get(name), symbol) for name in ("claimed", "measured")]
    return row([word(given.get("text"), LONGEST_TEXT), *numbers, choice(CLAIMS, given.get("verdict"))])


def row(cells: Sequence[str]) -> str:
    """Join cells; none of them holds a bar."""
    return f"| {' | '.join(cells)} |"


def table(given: object) -> dict[str, Any]:
    """Take what should be an object."""
    return given if isinstance(given, dict) else {}


def rows(given: object, most: int) -> list[dict[str, Any]]:
    """Take what should be a list of objects."""
    return [table(one) for one in given[:most]] if isinstance(given, list) else []


def choice(known: dict[str, str], given: object) -> str:
    """Take a word of a known list."""
    return known.get(given, UNKNOWN) if isinstance(given, str) else UNKNOWN


def word(given: object, longest: int) -> str:
    """Take free text, between backticks."""
    if not isinstance(given, str):
        return UNKNOWN
    plain = " ".join(_UNPRINTABLE.sub("?", given[: 4 * longest]).split())[:longest].strip()
    return f"`{plain}`" if plain else UNKNOWN


def quantity(given: object, symbol: str) -> str:
    """Take a number, scaled to three digits."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) < _LARGEST:
        return UNKNOWN
    value = float(given)
    step = min(max(int(math.log10(abs(value)) // 3), 0), len(_PREFIXES) - 1) if value else 0
    return f"{value / 1000**step:.3g} {_PREFIXES[step]}{symbol}".strip()
