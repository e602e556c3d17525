"""What other tools print, rewritten as tables: pidstat -r, docker stats, JSON lines, Prometheus' answer."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import msgspec
import numpy as np

from harness.files import quantities
from harness.files.table import Series, Wanted, no_series

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CLOCK_WORDS = re.compile(r"#|Time|\d{1,2}:\d{2}:\d{2}|[AP]M|\d{9,}")
_DOCKER = re.compile(r"(\S+)\s+(\S+)\s+(?:[\d.]+|--)%\s+(\S+) / \S+")
_QUOTED = re.compile(r"[\"\r\n#]")
_HEAD = 64
_MOST_NESTED = 3
_MAX_SERIES = 1000
_INSTANT = "ask /api/v1/query_range, which answers with values over time"


def is_pidstat(head: str) -> bool:
    """Recognise the output of ``pidstat -r``."""
    return "minflt/s" in head and "RSS" in head


def pidstat(lines: Iterator[str]) -> Iterator[str]:
    """Rewrite ``pidstat -r``, with ``-h`` or without: headers that return and averages are left out."""
    titles: list[str] = []
    clock = 0
    yield "Time,PID,Command,RSS (KiB)\n"
    for line in lines:
        words = line.split()
        if "minflt/s" in words:
            clock = next((at for at, word in enumerate(words) if not _CLOCK_WORDS.fullmatch(word)), 0)
            titles = words[clock:]
            clock -= words[0] == "#"
        elif titles and len(words) >= clock + len(titles) and words[0] != "Average:":
            row = dict(zip(titles, words[clock:], strict=False))
            yield _line([" ".join(words[:clock]), row.get("PID", ""), row.get("Command", ""), row.get("RSS", "")])


def is_docker_stats(head: str) -> bool:
    """Recognise the table of ``docker stats``."""
    return "MEM USAGE / LIMIT" in head


def docker_stats(lines: Iterator[str]) -> Iterator[str]:
    """Rewrite the table of ``docker stats``, screen after screen."""
    yield "Name,MemUsage\n"
    for line in lines:
        if found := _DOCKER.match(_ANSI.sub("", line).strip()):
            yield _line([found[2], found[3]])


def is_json_lines(head: str) -> bool:
    """Recognise JSON objects, one per line."""
    return isinstance(_object(head.partition("\n")[0]), dict)


def json_lines(lines: Iterator[str]) -> Iterator[str]:
    """Rewrite JSON objects as rows; an object in an object gives columns such as ``memory.rss``."""
    lines = (line for line in lines if line.strip())
    head = [_flat(_object(line)) for line in islice(lines, _HEAD)]
    names = list(dict.fromkeys(name for row in head for name in row))
    yield _line(names)
    for row in head:
        yield _line([row.get(name, "") for name in names])
    for line in lines:
        row = _flat(_object(line))
        yield _line([row.get(name, "") for name in names])


def _object(line: str) -> Any:
    try:
        return msgspec.json.decode(_ANSI.sub("", line) if "\x1b" in line else line)
    except (msgspec.DecodeError, RecursionError):
        return None


def _flat(value: Any, before: str = "", depth: int = 0) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, one in value.items() if isinstance(value, dict) else ():
        if isinstance(one, dict) and depth < _MOST_NESTED:
            found.update(_flat(one, f"{before}{name}.", depth + 1))
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            found[f"{before}{name}"] = str(one)
    return found


def _line(cells: list[str]) -> str:
    plain = ",".join(cells)
    if plain.count(",") == len(cells) - 1 and not _QUOTED.search(plain):
        return f"{plain}\n"
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow([cell.replace("\n", " ").replace("\r", " ") for cell in cells])
    return stream.getvalue()


REWRITTEN: tuple[tuple[Callable[[str], bool], Callable[[Iterator[str]], Iterator[str]], str], ...] = (
    (is_pidstat, pidstat, "pidstat -r"),
    (is_docker_stats, docker_stats, "docker stats"),
    (is_json_lines, json_lines, "JSON lines"),
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
