"""Analysis documents that nobody vouches for, to a comment. Pure; standard library only.

A stranger's pull request may have chosen every byte of them, so no text of theirs is printed, not even as code. The
comment holds numbers and words of the lists below; any other name is replaced by a neutral label.
"""

import math
from collections.abc import Sequence
from typing import Any

MARKER = "<!-- netchurn comment -->"
LIMIT_BYTES = 60_000  # GitHub refuses more than 65,536 characters
MOST_SUBJECTS, MOST_CLAIMS, MOST_PAIRS = 20, 30, 20

VERDICTS = {"pass": "✅ pass", "fail": "❌ fail", "inconclusive": "❔ inconclusive", "invalid": "⚠️ invalid"}
ROLES = ("before", "after", "alternative", "control")
GROWTH = {
    "growing": "growing",
    "slow": "slow",
    "flat": "flat",
    "inconclusive": "inconclusive",
    "no_steady_state": "no steady state",
}
CAUSES = (  # what grows: the ids of an analysis
    *("anonymous", "file_mapped", "shared_memory", "swap", "huge_pages", "lazily_freed", "thread_stacks", "threads"),
    *("descriptors", "sockets", "kernel", "children", "mixed"),
)
CLAIMS = {
    "reproduced": "reproduced",
    "exceeded": "exceeded",
    "not_reproduced": "**not reproduced**",
    "inconclusive": "inconclusive",
    "not_measured": "not measured",
}
PAIRS = {  # the worst first
    "regressed": "❌ regressed",
    "not_decided": "❔ not decided",
    "no_difference": "no difference",
    "fix_verified": "✅ fix verified",
}
UNKNOWN = "–"
# Names that this version ships; tests/action compares them with the registry and the scenario files.
SCENARIO_NAMES = (
    *("container-churn", "docker-host", "dumps", "latency", "lifecycle", "netbird-5857", "observe", "quiet-host"),
    *("storm", "sweep"),
)
SUBJECT_NAMES = (
    *("poll", "netlink", "netlink-filtered", "poll-name", "poll-psutil", "poll-retry", "ip-monitor"),
    *("go-poll", "go-netlink", "go-netlink-resilient"),
    *("sleeper", "leaker", "churner", "go-churner"),
)
CLAIM_IDS = (
    "1-gb-a-day-on-a-docker-host",
    "1.3-gb-a-day",
    "513-mb-in-20-minutes",
    "a-burst-restarts-nothing",
    "a-burst-restarts-nothing-resilient",
    "a-call-allocates-30-kb",
    "a-storm-restarts-nothing",
    "a-storm-restarts-nothing-filtered",
    "about-1.3-gb-a-day-poll",
    "about-1.3-gb-a-day-poll-psutil",
    "filtered-is-untouched",
    "go-netlink-is-never-wrong",
    "go-netlink-links-spread",
    "go-netlink-resilient-is-never-wrong",
    "go-poll-is-never-wrong",
    "go-poll-links-r2",
    "it-is-the-dump",
    "netlink-false-positives",
    "netlink-filtered-false-positives",
    "netlink-filtered-is-never-wrong",
    "netlink-filtered-is-prompt",
    "netlink-filtered-links-spread",
    "netlink-filtered-missed",
    "netlink-is-never-wrong",
    "netlink-is-prompt",
    "netlink-links-spread",
    "netlink-missed",
    "nothing-between-events",
    "only-for-the-tracked-interface",
    "poll-is-never-wrong",
    "poll-links-r2",
    "poll-name-links-spread",
    "poll-psutil-links-r2",
    "poll-retry-is-never-wrong",
    "polling-churns",
    "rss-climbs-920-mb-a-day",
    "rss-climbs-with-polls",
    "still-seen",
    "subscription-is-silent",
)
_PREFIXES = ("", "k", "M", "G", "T", "P")
_LARGEST = 1e18


def comment_body(documents: Sequence[object], address: str, left_out: int = 0) -> str:
    """Build the comment: the marker, one section a document, and the address of the run, which is the caller's own.

    ``left_out`` artifacts are counted and not shown.
    """
    parts = [MARKER, "### netchurn", *(section(one) for one in documents)]
    if left_out:
        parts.append(f"Artifacts that are not shown: {left_out}.")
    parts += [f"The page, the pictures and the raw samples are in the artifacts of [the run]({address}).", ""]
    text = "\n\n".join(parts)
    if len(text.encode()) > LIMIT_BYTES:
        verdicts = [headline(one) for one in documents]
        text = "\n\n".join([*parts[:2], *verdicts, "Too much was measured for a comment.", *parts[-2:]])
    return text


def section(document: object) -> str:
    """Show one analysis; whatever is not as it should be shows as a dash."""
    analysis = table(document)
    lines = [*pairs(analysis.get("pairs")), headline(document), ""]
    lines += ["| subject | role | a poll | an event | a day | memory |", "| --- | --- | ---: | ---: | ---: | --- |"]
    lines += [subject(one) for one in rows(analysis.get("subjects"), MOST_SUBJECTS)]
    lines += more("Subjects", analysis.get("subjects"), MOST_SUBJECTS)
    claims = rows(analysis.get("claims"))
    shown = [claim(one) for one in claims if known(CLAIM_IDS, one.get("id"))]
    if shown:
        head = ["", "| claim | claimed | measured | verdict |", "| --- | ---: | ---: | --- |"]
        lines += [*head, *shown[:MOST_CLAIMS], *more("Claims", shown, MOST_CLAIMS)]
    if others := len(claims) - len(shown):
        lines += ["", f"Claims that are not of a shipped scenario: {others}."]
    return "\n".join(lines)


def headline(document: object) -> str:
    """Show the verdict of one analysis, and of which scenario it is."""
    analysis = table(document)
    scenario = known(SCENARIO_NAMES, analysis.get("scenario"), "another scenario")
    return f"**{choice(VERDICTS, analysis.get('verdict'))}** · {scenario}"


def more(what: str, given: object, most: int) -> list[str]:
    """Count what is not shown."""
    left = len(given) - most if isinstance(given, list) else 0
    return ["", f"{what} that are not shown: {left}."] if left > 0 else []


def pairs(given: object) -> list[str]:
    """Show the verdict of each pair of programs, the worst first; nothing where there is none."""
    order = list(PAIRS)
    judged = [one for one in rows(given) if one.get("verdict") in order]
    worst = sorted(judged, key=lambda one: order.index(one["verdict"]))
    lines = [
        line
        for one in worst[:MOST_PAIRS]
        for before, after in [(known(SUBJECT_NAMES, one.get(side), "another program") for side in ("before", "after"))]
        for line in (f"**{PAIRS[one['verdict']]}** · {before} → {after}", "")
    ]
    return [*lines, *reversed(more("Pairs", worst, MOST_PAIRS))]


def subject(given: dict[str, Any]) -> str:
    """Show one subject as a row."""
    churn, growth = table(given.get("churn")), table(given.get("growth"))
    name = known(SUBJECT_NAMES, given.get("name"), "another program")
    cells = [name, choice({role: role for role in ROLES}, given.get("role"))]
    cells += [quantity(churn.get(f"bytes_per_{unit}"), "B") for unit in ("poll", "event", "day")]
    cause = choice({name: name.replace("_", " ") for name in CAUSES}, given.get("cause"))
    memory = choice(GROWTH, growth.get("verdict"))
    return row([*cells, memory if cause == UNKNOWN else f"{memory}; grows: {cause}"])


def claim(given: dict[str, Any]) -> str:
    """Show one claim as a row."""
    unit = given.get("unit")
    symbol = "B" if isinstance(unit, str) and unit.startswith("bytes") else ""
    numbers = [quantity(given.get(name), symbol) for name in ("claimed", "measured")]
    return row([known(CLAIM_IDS, given.get("id")), *numbers, choice(CLAIMS, given.get("verdict"))])


def row(cells: Sequence[str]) -> str:
    """Join cells; none of them holds a bar."""
    return f"| {' | '.join(cells)} |"


def table(given: object) -> dict[str, Any]:
    """Take what should be an object."""
    return given if isinstance(given, dict) else {}


def rows(given: object, most: int | None = None) -> list[dict[str, Any]]:
    """Take what should be a list of objects, ``most`` of them."""
    return [table(one) for one in given[:most]] if isinstance(given, list) else []


def choice(words: dict[str, str], given: object) -> str:
    """Return the word that stands for a known value."""
    return words.get(given, UNKNOWN) if isinstance(given, str) else UNKNOWN


def known(names: Sequence[str], given: object, otherwise: str = "") -> str:
    """Return a name of a list as code, and ``otherwise`` for any other value."""
    return next((f"`{name}`" for name in names if name == given), otherwise)


def quantity(given: object, symbol: str) -> str:
    """Take a number, scaled to three digits."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) < _LARGEST:
        return UNKNOWN
    value = float(given)
    step = min(max(int(math.log10(abs(value)) // 3), 0), len(_PREFIXES) - 1) if value else 0
    return f"{value / 1000**step:.3g} {_PREFIXES[step]}{symbol}".strip()
