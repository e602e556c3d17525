"""What other tools print, rewritten as tables: pidstat -r, docker stats, Prometheus' answer, a terminal's recording."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from harness.files.series import quantities
from harness.files.series.cutting import decoded
from harness.files.series.table import Series, Wanted, no_series

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CLOCK_WORDS = re.compile(r"#|Time|\d{1,2}:\d{2}:\d{2}|[AaPp][Mm]|\d{9,}")
_HALF_DAY = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?) +([AaPp][Mm])\b")  # one cell, whatever the header says
_HALF_DAYS = re.compile(r"(?m)^[^,;\t\n]*\d:\d{2} +[AaPp][Mm]\b[^,;\t\n]*$")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_OWNER = frozenset(("UID", "USER"))
_PIDSTAT = {"RSS": "RSS(KiB)", "VSZ": "VSZ(KiB)"}
_MAX_SERIES = 1000
_INSTANT = "ask /api/v1/query_range, which answers with values over time"


def is_pidstat(head: str) -> bool:
    return "minflt/s" in head and "RSS" in head


def pidstat(lines: Iterator[str]) -> Iterator[str]:
    """Rewrite ``pidstat -r``, with ``-h`` or without: the rows of memory, below one header.

    Headers that return, averages and the tables of other options, such as ``-u``, are left out.
    """
    titled = of_memory = False
    titles: list[str] = []
    for line in lines:
        words = line.split()
        if words[-1:] == ["Command"] and not _OWNER.isdisjoint(words):
            titles, of_memory = words, "minflt/s" in words
            if of_memory and not titled:
                yield "\t".join(["Time", *(_PIDSTAT.get(title, title) for title in _titles(words))]) + "\n"
            titled = titled or of_memory
        elif of_memory and words and words[0][0].isdecimal():
            yield _row(line, len(_titles(titles)))


def _row(line: str, before_command: int) -> str:
    """Make one cell of the time, points of decimal commas, and put tabs between: a command may have commas in it."""
    cells = _HALF_DAY.sub(r"\1\2", line, count=1).split(maxsplit=before_command)
    numbers = [_DECIMAL_COMMA.sub(".", cell) for cell in cells[:before_command]]
    return "\t".join([*numbers, *cells[before_command:]]).rstrip() + "\n"


def _titles(words: list[str]) -> list[str]:
    """Return the titles of the columns behind the time."""
    begin = next((at for at, word in enumerate(words) if not _CLOCK_WORDS.fullmatch(word)), 0)
    return words[begin:]


def is_half_days(head: str) -> bool:
    """Recognise a table of cells between spaces whose times have AM or PM."""
    return bool(_HALF_DAYS.search(head))


def half_days(lines: Iterator[str]) -> Iterator[str]:
    """Rewrite ``05:46:40 PM`` as one cell."""
    return (_HALF_DAY.sub(r"\1\2", line, count=1) for line in lines)


def is_docker_stats(head: str) -> bool:
    return "MEM USAGE / LIMIT" in head


def docker_stats(lines: Iterator[str]) -> Iterator[str]:
    """Rewrite the table of ``docker stats``, screen after screen: ``A / B`` becomes one cell, as in its JSON."""
    titled = False
    for line in lines:
        if "MEM USAGE / LIMIT" in line:
            if not titled:
                titles = re.split(r"\s{2,}", line.strip().replace("MEM USAGE / LIMIT", "MEM USAGE"))
                yield " ".join(title.replace(" ", "_") for title in titles) + "\n"
            titled = True
        elif titled and " / " in line:
            yield line.replace(" / ", "/")


def is_json_lines(head: str) -> bool:
    return isinstance(decoded(head.lstrip().partition("\n")[0]), dict)


def is_drawn(head: str) -> bool:
    """Recognise the recording of a terminal, by what moves its cursor."""
    return bool(_ANSI.search(head))


def drawn(lines: Iterator[str], head: str) -> Iterator[str]:
    """Return the lines that stayed on the screen.

    ``docker stats`` of 28.2 draws each screen twice: as it is, and again with each line cleared to its end. Where lines
    are cleared the others were overwritten at once, and counting both would halve every rate.
    """
    cleared = "\x1b[K" in head
    for line in lines:
        if not cleared or "\x1b[K" in line:
            plain = line.replace(" \x1b[K", "") if cleared else line
            yield _ANSI.sub("", plain) if "\x1b" in plain else plain


REWRITTEN: tuple[tuple[Callable[[str], bool], Callable[[Iterator[str]], Iterator[str]], str], ...] = (
    (is_pidstat, pidstat, "pidstat -r"),
    (is_docker_stats, docker_stats, "docker stats"),
    (is_half_days, half_days, "a table"),
)


def is_prometheus(data: bytes) -> bool:
    """Recognise an answer of Prometheus' HTTP interface by its beginning."""
    return data.lstrip()[:1] == b"{" and b'"status"' in data[:200] and (b'"resultType"' in data or b'"error"' in data)


def prometheus(data: bytes, name: str, wanted: Wanted) -> list[Series]:
    """Read the answer of ``/api/v1/query_range``; UsageFault for one that holds no series."""
    try:
        answer = json.loads(data)
        if answer["status"] != "success":
            raise no_series(name, f"is an error of Prometheus: {answer.get('error')}", "repair the query")
        kind, result = answer["data"]["resultType"], answer["data"]["result"]
        if kind != "matrix":
            raise no_series(name, f"is Prometheus' answer of the type {kind}: one value each", _INSTANT)
        found = [_of_matrix(one, wanted) for one in result[:_MAX_SERIES]]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError) as cause:
        raise no_series(
            name, f"is not a whole answer of Prometheus: {type(cause).__name__}: {cause}", "fetch it again"
        ) from None
    if not found:
        raise no_series(
            name, "is an answer of Prometheus without a series", "check the query and the times of query_range"
        )
    return _chosen(found, wanted, name)


def _chosen(found: list[Series], wanted: Wanted, name: str) -> list[Series]:
    if not wanted.columns:
        return found
    chosen = [one for asked in wanted.columns for one in found if asked in one.name]
    if not chosen:
        raise no_series(
            name,
            f"has no series {wanted.columns[0]!r}; it has {', '.join(one.name for one in found[:5])}",
            "choose by a part of its name",
            "which_column",
        )
    return chosen


def _of_matrix(one: dict[str, Any], wanted: Wanted) -> Series:
    labels = dict(one["metric"])
    metric = str(labels.pop("__name__", ""))
    pairs = np.array([(float(at), float(value)) for at, value in one["values"]], dtype=float).reshape(-1, 2)
    given = quantities.Unit(wanted.unit_bytes, "as given") if wanted.unit_bytes else None
    unit = given or quantities.from_header(metric) or quantities.Unit(1.0, "Prometheus counts in base units")
    shown = ", ".join(f"{label}={value}" for label, value in sorted(labels.items()))
    return Series(
        name=f"{metric}{{{shown}}}" if shown else metric or "the query",
        kind="Prometheus",
        x=pairs[:, 0],
        y=pairs[:, 1] * unit.factor,
        unit=f"{unit.name}, {unit.source}",
        clock="seconds since 1970",
    )
