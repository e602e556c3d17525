"""A report in JSON held against what is derived from its result: each value by its path."""

from pathlib import Path

import msgspec

from harness.errors import ResultFault
from harness.model import Analysis
from harness.reading import content
from harness.verify.seal import Deviation

MOST_REPORT_BYTES = 256 * 2**20


def check(analysis: Analysis, report: Path) -> list[Deviation]:
    """Name every value that the report has otherwise; ResultFault where it is no document at all."""
    said = _leaves(_read(report))
    derived = _leaves(msgspec.json.decode(msgspec.json.encode(analysis)))
    return [
        Deviation(
            where=report.name,
            words=f"{place}: the report says {_value(said, place)}, derived is {_value(derived, place)}",
        )
        for place in sorted(said.keys() | derived.keys())
        if place not in said or place not in derived or said[place] != derived[place]
    ]


def _read(report: Path) -> object:
    hint = "name one that was made by: netchurn report RESULT --format json"
    try:
        document: object = msgspec.json.decode(content(report, MOST_REPORT_BYTES, follow=True))
    except OSError as cause:
        raise ResultFault(f"cannot read {report}: {cause.strerror}", hint) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise ResultFault(f"{report} is no report in JSON: {cause}", hint) from None
    return document


def _leaves(document: object) -> dict[str, object]:
    """Give every value of a document by its path."""
    found: dict[str, object] = {}
    waiting: list[tuple[str, object]] = [("", document)]
    while waiting:
        place, node = waiting.pop()
        if isinstance(node, dict) and node:
            waiting += [(f"{place}.{key}".lstrip("."), inner) for key, inner in node.items()]
        elif isinstance(node, list) and node:
            waiting += [(f"{place}[{number}]", inner) for number, inner in enumerate(node)]
        else:
            found[place] = node
    return found


def _value(leaves: dict[str, object], place: str) -> str:
    return repr(leaves[place]) if place in leaves else "nothing"
