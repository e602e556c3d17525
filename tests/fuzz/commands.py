"""Command lines of all kinds: most of them nearly right, so that they come as far as to the verb."""

import click
from hypothesis import strategies as st

from harness import cli
from harness.scenario import names
from harness.subjects.registry import SUBJECTS

DURATIONS = (
    "0",
    "1ms",
    "60s",
    "10m",
    "24h",
    "9999999d",
    "1m 30s",
    "0.000001ms",
    "9" * 300 + "d",
    "9" * 400 + "s",
    "-5s",
    "x",
)
COUNTS = ("0", "1", "2", "-1", "4", "100", "101", "20000", "9" * 25, "0x10", "1_000", "\u0663", "1.5", "")
FOLDERS = (
    ".",
    "..",
    "golden",
    "golden/result.json",
    "golden/samples",
    "fifo",
    "latest",
    "nosuch",
    "nosuch/deep",
    "\udcff",
    "x" * 300,
)
NAMED = ("mine", "poll", "a.b", "-x", "../x", "", "\u202e", "mine2", "x" * 65)
VALUES = {
    "--duration": DURATIONS,
    "--interval": DURATIONS,
    **dict.fromkeys(("--pairs", "--polls", "--trials", "--seed", "--top"), COUNTS),
    **dict.fromkeys(("--results", "--reports", "--output", "--report", "FILES", "BASE", "OTHERS", "RESULT"), FOLDERS),
    **dict.fromkeys(("--subject", "--duplicate"), (*sorted(SUBJECTS), "nosuch", "")),
    "--exec": ("true", "sh -c 'x'", "nosuch", "'", "", "/", "sleep \u202e", "\x1b[31m", "\udcff"),
    **dict.fromkeys(("--before", "--after"), ("true", "sh -c 'x {ifname}'", "nosuch", "'", "{ifname}")),
    "--claim": (
        "mine.growth flat",
        "mine.rss_peak_bytes <= 60MiB",
        "mine2.bytes_per_day <= 1% of mine",
        "poll.missed <= 0",
        "x",
        "",
    ),
    "--detect": ("exit", "protocol", "is gone", "(", "[", "(?P<x>)", ""),
    **dict.fromkeys(("--base", "--head"), ("HEAD", "HEAD~1", ".", "nosuch", "")),
    **dict.fromkeys(("--build", "--run"), ("true {out}", "true", "")),
    "--scenario": (*names(), "nosuch"),
    "--pid": ("1", "0", "4194305", "-1", "\u0663", "9" * 30, "self", ""),
    "--pprof": ("http://127.0.0.1:6060", "http://10.0.0.1", "http://[", "http://localhost:99999", "ftp://x", ""),
    "--format": ("html", "md", "json", "junit", "md,json", "pdf", ",", ""),
    "--allow": ("links", "trials", "nosuch"),
    "--max-growth": ("4MiB/h", "100MiB/30d", "0MiB/h", "1e400GB/h", "4MiB", "/", ""),
    "--unit": ("KiB", "pages", "inch", ""),
    "--every": DURATIONS,
    **dict.fromkeys(("--column", "--time"), ("rss_bytes", "1", "0", "at_ns", "nosuch", "\x1b[31m", "")),
    "--sample-type": ("alloc_space", "inuse_objects", "nosuch"),
    "NAME": (
        *names(),
        *names(),
        "nosuch",
        "golden/result.json",
        "fifo.py",
        "x.py",
        "x" * 300 + ".py",
        "\udcff.py",
        "\x1b[2J",
    ),
}
ANYTHING = st.text(st.characters(exclude_characters="/\0"), max_size=30)
PRINTABLE = ANYTHING.filter(str.isprintable)  # a path is printed as it is


def _value(name: str) -> st.SearchStrategy[str]:
    known = st.sampled_from(VALUES.get(name, ("x",)))
    if name in {"--exec", "--before", "--after", "--detect", "--pid", "--pprof"}:
        known = st.tuples(st.sampled_from(NAMED), known).map("=".join)
    return (
        known
        if name == "NAME"
        else st.one_of(known, known, known, PRINTABLE if "golden" in VALUES.get(name, ()) else ANYTHING)
    )


def _option(parameter: click.Parameter) -> st.SearchStrategy[list[str]]:
    flag = max(parameter.opts, key=len)
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return st.just([flag])
    return st.tuples(st.just(flag), _value(flag)).map(list)


def _line(verb: str) -> st.SearchStrategy[list[str]]:
    """Give what the verb asks for, and some of the options that it knows."""
    command = cli.load(verb)
    places = [one for one in command.params if isinstance(one, click.Argument)]
    options = [_option(one) for one in command.params if isinstance(one, click.Option)]
    asked = [
        st.lists(_value((one.name or "").upper()), min_size=1, max_size=2 if one.nargs < 0 else 1) for one in places
    ]
    some = st.lists(st.one_of(options), max_size=4) if options else st.just([])
    return st.tuples(st.tuples(*asked), some).map(
        lambda drawn: [
            verb,
            *(word for words in drawn[0] for word in words),
            *(word for words in drawn[1] for word in words),
        ]
    )


LINES = st.one_of(
    _line("run"),
    _line("run"),
    *map(_line, cli._VERBS),
    st.lists(ANYTHING | st.sampled_from(list(cli._VERBS)), max_size=4),
)
"""Argument lists without a way up or to the root but by name: what they make, they make in the present folder."""
