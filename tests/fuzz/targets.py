"""The decoders, each as a function of bytes that may raise what its caller catches and nothing else."""

import io
import math
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harness import claim, scenario, units
from harness.errors import NetchurnError
from harness.export import stacks
from harness.files import bundle, source
from harness.files.profiles import forms as file_profiles
from harness.files.profiles import profile_view
from harness.files.series import forms as series
from harness.files.series.judge import Limits, judge_all
from harness.files.series.table import Wanted
from harness.probes.pprof import goheap, pprof
from harness.probes.pprof.diff import KINDS, difference
from harness.probes.process import procfs, sockets
from harness.probes.recordings import fold_stacks
from harness.results.folder import decode_result
from harness.results.samples import parse_samples
from harness.subjects import external, fetch, protocol
from harness.verify import checksums, facts, sample_rows
from harness.verify.by_plan import planned
from harness.watchers import filtered

NOTHING: tuple[type[Exception], ...] = ()
KERNEL = (ValueError, KeyError, IndexError)  # what text of /proc that is no text of /proc may end in
MOST_INPUT = 4096

Decode = Callable[[bytes], object]


class Target(NamedTuple):
    """A decoder. ``may_raise``: what is answered by its callers; anything else is a crash. ``share``: of all inputs."""

    decode: Decode
    may_raise: tuple[type[Exception], ...] = (NetchurnError,)
    share: float = 1.0


def subject_lines(data: bytes) -> None:
    """Cut as a pipe might, then decode: what a subject says is one of the protocol's types, or garbage of a size."""
    buffer = protocol.LineBuffer()
    lines = [line for at in range(0, len(data), 512) for line in buffer.feed(data[at : at + 512])]
    for line in lines:
        told = protocol.decode(line)
        assert isinstance(told, protocol.Line)
        assert not isinstance(told, protocol.MalformedLine) or len(told.text) <= 200


def proc_texts(data: bytes) -> None:
    text = data.decode(errors="replace")
    for read in (procfs.used, procfs.switches, procfs.status, procfs.rollup, sockets.rows, _peak):
        try:
            read(text)
        except KERNEL:
            continue


def _peak(text: str) -> int | None:
    return procfs.kib_field(text, "VmHWM")


def process_names(data: bytes) -> None:
    """Whatever a process calls itself, its numbers are read from the right place."""
    name = data.decode(errors="replace").replace("\0", "")[:64]
    stat = f"7 ({name}) S " + " ".join(map(str, range(4, 53)))
    used = procfs.used(stat)
    assert (used.faults, used.user_ticks, used.system_ticks, used.waited) == ((10, 12), 14, 15, (11, 13, 16, 17))


def sample_files(data: bytes) -> None:
    """Both readers of samples take anything, and what the strict one accepts the quick one reads alike."""
    text = data.decode(errors="replace")
    quick = [*parse_samples(data)]
    strict = sample_rows.read(text.splitlines(keepends=True), torn=True)
    if not strict.malformed and text.isascii() and '"' not in text and "\r" not in text:
        assert quick == [one for _, one in strict.numbered]


def results(data: bytes) -> None:
    result = decode_result(data, Path("result.json"))
    for check in (facts.check, planned.check):
        with suppress(ArithmeticError):  # verify tells it as a number beyond all measure
            check(result)


def seals(data: bytes) -> None:
    listed, _ = checksums.listed(data)
    assert all(len(digest) == 64 for digest in listed.values())


def profiles(data: bytes) -> None:
    found = pprof.parse(data, "it")
    pprof.totals(found)
    for kind in found.kinds:
        pprof.by_function(pprof.stacks(found, kind))


def two_profiles(data: bytes) -> None:
    half = len(data) // 2
    first = pprof.parse(data[:half], "before")
    difference(first, pprof.parse(data[half:], "after"), KINDS[data[0] % len(KINDS)])


def memstats(data: bytes) -> None:
    goheap.memstats(data.decode(errors="replace"), "it")


def link_messages(data: bytes) -> None:
    for one in filtered.events(memoryview(data)):
        assert one.kind in {"RTM_NEWLINK", "RTM_DELLINK"}
        assert "\0" not in one.name


def frames(data: bytes) -> None:
    name, _, file = data.decode(errors="replace").partition("\n")
    both = (fold_stacks.python_frame(name, file), fold_stacks.go_frame(name))
    assert {one.origin for one in both} <= {"own", "library", "standard", "other"}


def durations(data: bytes) -> None:
    text = data.decode(errors="replace")
    try:
        seconds = units.seconds(text)
    except ValueError:
        return
    assert 0 <= seconds < math.inf
    units.duration(seconds)


def what_is_brought(data: bytes) -> None:
    first, _, rest = data.decode(errors="surrogateescape").partition("\n")
    second, _, third = rest.partition("\n")
    external.external_subjects([first] if first else [], [second] if second else [], [third] if third else [])


def claims(data: bytes) -> None:
    (found,) = claim.read([data.decode(errors="surrogateescape")], ("old", "new", "a.b"))
    assert found.subject in {"old", "new", "a.b"}
    assert math.isfinite(found.claimed)


def addresses(data: bytes) -> None:
    try:
        where = fetch.base(data.decode(errors="replace"))
    except ValueError:
        return
    assert 0 < where.port < 65_536


def scenario_files(data: bytes) -> None:
    """A file of Python is its author's program; what is ours is to say in a line what is wrong with it."""
    if any(word in data for word in (b"*", b"<<", b"import", b"while", b"for", b"open", b"exec", b"eval", b"__")):
        return  # what it does when it runs is its own
    with tempfile.NamedTemporaryFile(suffix=".py") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Path(file.name).write_bytes(data)
        scenario.load(Path(file.name))


def recorded_series(data: bytes) -> None:
    """Whatever is read has a unit and a clock, and is judged or refused."""
    options = Wanted(columns=("rss",) if data[:1] == b"c" else (), every_s=10.0 if len(data) % 2 else None)
    found = series.read(source.source("-", io.BytesIO(data)), options)
    assert all(one.unit and one.clock and one.x.size == one.y.size for one in found)
    judgement, _ = judge_all([("it", one) for one in found[:4]], Limits())
    assert judgement.verdict in {"pass", "fail", "inconclusive"}


def profiles_in_hand(data: bytes) -> None:
    """What is read as a profile can be shown, drawn and written again with the same sums."""
    found = file_profiles.parse(data, "it")
    kind = profile_view.best(found)
    profile_view.one(found, kind, 5)
    profile_view.side_by_side(found, found, profile_view.common(found, found), 5, "it is the same")
    assert pprof.totals(pprof.parse(stacks.pprof(stacks.of_profile(found)), "it")) == pprof.totals(found)


def bundles(data: bytes) -> None:
    """What an archive holds is listed without being written anywhere but in a folder of its own."""
    with tempfile.NamedTemporaryFile(suffix=".zip") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that occur twice
        Path(file.name).write_bytes(b"PK\x03\x04" + data[4:])
        bundle.heaps(bundle.entries(Path(file.name)))


def rates_of_growth(data: bytes) -> None:
    text = data.decode(errors="replace")
    try:
        rate = units.growth_rate(text)
    except ValueError:
        return
    assert 0 < rate < math.inf


TARGETS = {
    "subject lines": Target(decode=subject_lines, may_raise=NOTHING, share=2),
    "/proc texts": Target(decode=proc_texts, may_raise=NOTHING),
    "process names": Target(decode=process_names, may_raise=NOTHING),
    "samples": Target(decode=sample_files, may_raise=NOTHING),
    "result.json": Target(decode=results, share=2),
    "SHA256SUMS": Target(decode=seals, may_raise=NOTHING),
    "pprof": Target(decode=profiles, share=2),
    "two pprofs": Target(decode=two_profiles),
    "memstats": Target(decode=memstats),
    "netlink": Target(decode=link_messages, may_raise=NOTHING, share=2),
    "frames": Target(decode=frames, may_raise=NOTHING),
    "durations": Target(decode=durations, may_raise=NOTHING),
    "external": Target(decode=what_is_brought),
    "claims": Target(decode=claims),
    "addresses": Target(decode=addresses, may_raise=NOTHING),
    "series": Target(decode=recorded_series, share=2),
    "profiles in hand": Target(decode=profiles_in_hand, share=2),
    "bundles": Target(decode=bundles),
    "rates of growth": Target(decode=rates_of_growth, may_raise=NOTHING),
    "scenario files": Target(decode=scenario_files, share=0.2),
}


def seeds(name: str) -> Path:
    """Give the folder of a target's seeds: what made something crash once is among them."""
    return Path(__file__).resolve().parent / "corpus" / name.replace("/", "").replace(" ", "-")
