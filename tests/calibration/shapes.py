"""Series of resident memory whose truth is known: flat shapes, single steps, and leaks. Everything comes from a seed.

Bytes over hours, one sample a second unless told otherwise, in whole pages of 4 KiB, as a kernel tells them. Where a
shape has a size, its docstring or its name says which; where it is said to vary, it varies from series to series.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

Floats = npt.NDArray[np.float64]
Kind = Literal["flat", "rough", "step", "delta", "leak", "slow", "teeth", "falls", "shown"]
MINUTES = (10, 30, 60)
DAY = 1440

PAGE = 4096.0
KIB = 1024.0
MIB = 1024.0 * 1024.0
STAIR = 132 * KIB  # by how much malloc extends the heap
BASE = 40 * MIB
NOISE_SD = 100 * KIB


@dataclass(frozen=True, kw_only=True)
class Time:
    """The hours at which a series is read, from 0, and those of the run that sizes and moments are shares of."""

    x: Floats
    run: float


Shape = Callable[[np.random.Generator, Time], Floats]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A named shape. ``rate`` is the truth, in bytes an hour; ``kind`` decides what is promised of it.

    ``minutes`` are the lengths of its series.
    """

    name: str
    kind: Kind
    shape: Shape
    rate: float = 0.0
    hertz: float = 1.0
    minutes: tuple[int, ...] = MINUTES


def sample(
    case: Case, minutes: int, number: int, seed: int = 0, run_minutes: float | None = None
) -> tuple[Floats, Floats]:
    """Make one series: hours from 0, and bytes in whole pages. The same arguments make the same series.

    ``run_minutes``: of the run that a warm-up, a step or a period is a share of, where the series is longer.
    """
    rng = np.random.default_rng([seed, crc32(case.name.encode()), minutes, number])
    x = np.arange(round(minutes * 60 * case.hertz)) / (3600.0 * case.hertz)
    y = BASE + case.shape(rng, Time(x=x, run=float(x[-1]) if run_minutes is None else run_minutes / 60))
    return x, np.round(y / PAGE) * PAGE


def ar1(rng: np.random.Generator, x: Floats, phi: float, sd: float = NOISE_SD) -> Floats:
    """Noise that forgets: ``phi`` is its correlation over one second, ``sd`` its standard deviation in bytes."""
    step_s = (x[1] - x[0]) * 3600
    here = phi**step_s
    shocks = rng.normal(0, sd * np.sqrt(1 - here**2), x.size)
    shocks[0] = rng.normal(0, sd)
    return np.asarray(lfilter([1.0], [1.0, -here], shocks))


def noisy(phi: float, sd: float = NOISE_SD) -> Shape:
    """Noise and nothing else."""
    return lambda rng, time: ar1(rng, time.x, phi, sd)


def constant(_: np.random.Generator, time: Time) -> Floats:
    """A process that sleeps."""
    return np.zeros(time.x.size)


def pages(rng: np.random.Generator, time: Time) -> Floats:
    """A few pages that come and go every minute or so: nearly all samples tie."""
    return ar1(rng, time.x, 0.98, 1.0 * PAGE)


def spikes(rng: np.random.Generator, time: Time) -> Floats:
    """Noise, and in 2 % of the samples 4 MiB that are gone at the next one."""
    return ar1(rng, time.x, 0.9) + 4 * MIB * (rng.random(time.x.size) < 0.02)


def walk(kib: float) -> Shape:
    """Give a random walk without drift whose standard deviation after one second is ``kib`` KiB."""

    def shape(rng: np.random.Generator, time: Time) -> Floats:
        step_s = (time.x[1] - time.x[0]) * 3600
        return np.cumsum(rng.normal(0, kib * KIB * np.sqrt(step_s), time.x.size))

    return shape


def warm_up(rng: np.random.Generator, time: Time) -> Floats:
    """5 MB that come as 1 - exp(-t / tau), tau from a hundredth to a fifth of the run, on noise of 20 to 100 KiB."""
    tau = time.run * rng.uniform(0.01, 0.2)
    return _exponential(time.x, tau) + ar1(rng, time.x, 0.9, rng.uniform(20, 100) * KIB)


def clean_warm_up(rng: np.random.Generator, time: Time) -> Floats:
    """The same with the noise of a few pages."""
    tau = time.run * rng.uniform(0.01, 0.2)
    return _exponential(time.x, tau) + ar1(rng, time.x, 0.9, PAGE)


def _exponential(x: Floats, tau: float) -> Floats:
    return np.asarray(5e6 * (1 - np.exp(-x / tau)))


def step(low: float, high: float, sd: float) -> Shape:
    """2 MB at once, at a share of the run between ``low`` and ``high``."""

    def shape(rng: np.random.Generator, time: Time) -> Floats:
        return _late(time, rng.uniform(low, high)) + ar1(rng, time.x, 0.9, sd)

    return shape


def _late(time: Time, share: float) -> Floats:
    return np.where(time.x >= time.run * share, 2e6, 0.0)


def saw(rng: np.random.Generator, time: Time) -> Floats:
    """A collector: 1 to 4 MiB gained and freed; period from 5 s to a fifth of the run, 5 % jitter."""
    period = np.exp(rng.uniform(np.log(5.0), np.log(3600 * time.run / 5)))
    return _teeth(rng, time.x, period / 3600, 0.05, rng.uniform(1, 4) * MIB)


def strict_saw(rng: np.random.Generator, time: Time) -> Floats:
    """A collector that runs by the clock: like ``saw`` without jitter."""
    period = np.exp(rng.uniform(np.log(5.0), np.log(3600 * time.run / 5)))
    return _teeth(rng, time.x, period / 3600, 0.0, rng.uniform(1, 4) * MIB)


def _teeth(  # noqa: PLR0913, PLR0917 - what a tooth is made of
    rng: np.random.Generator, x: Floats, period: float, jitter: float, height: float, sd: float = 2 * PAGE
) -> Floats:
    count = int(x[-1] / period * 1.5) + 10
    lengths = period * np.clip(rng.normal(1, jitter, count), 0.5, 1.5) if jitter else np.full(count, period)
    ends = np.cumsum(lengths) - rng.uniform(0, period)
    tooth = np.searchsorted(ends, x, side="right")
    began = np.where(tooth > 0, ends[np.maximum(tooth - 1, 0)], ends[0] - lengths[0])
    return height * (x - began) / lengths[tooth] + ar1(rng, x, 0.5, sd)


def large_teeth(periods: float, jitter: float, sd: float) -> Shape:
    """Teeth of 4 to 64 MiB, so many in a run, at any phase."""

    def shape(rng: np.random.Generator, time: Time) -> Floats:
        height = np.exp(rng.uniform(np.log(4), np.log(64))) * MIB
        return _teeth(rng, time.x, time.run / periods, jitter, height, sd)

    return shape


def warm_teeth(periods: float) -> Shape:
    """The same after a warm-up of 5 MB, tau a hundredth to a twentieth of the run."""
    teeth = large_teeth(periods, 0.05, 50 * KIB)

    def shape(rng: np.random.Generator, time: Time) -> Floats:
        return _exponential(time.x, time.run * rng.uniform(0.01, 0.05)) + teeth(rng, time)

    return shape


def uneven_teeth(rng: np.random.Generator, time: Time) -> Floats:
    """A collector whose heap is filled in 5 to 20 s, each time by 2 MiB on average, exponentially distributed."""
    count = int(time.x[-1] * 3600 / 5) + 10
    ends = np.cumsum(rng.uniform(5, 20, count)) / 3600
    began = np.concatenate([[0.0], ends[:-1]])
    tooth = np.searchsorted(ends, time.x, side="right")
    share = (time.x - began[tooth]) / (ends - began)[tooth]
    return np.asarray(rng.exponential(2 * MIB, count)[tooth] * share + ar1(rng, time.x, 0.98, 200 * KIB))


def falls(count: int) -> Shape:
    """Memory that is given back: so many falls of 1 to 4 MiB, anywhere."""

    def shape(rng: np.random.Generator, time: Time) -> Floats:
        steps = [rng.uniform(1, 4) * MIB * (time.x >= time.run * rng.uniform(0.05, 0.95)) for _ in range(count)]
        return np.asarray(ar1(rng, time.x, 0.9, 50 * KIB) - np.sum(steps, axis=0))

    return shape


def decay(longest: float) -> Shape:
    """Memory of 2 to 8 MiB that goes as exp(-t / tau), tau from a hundredth of the run to a share of it."""

    def shape(rng: np.random.Generator, time: Time) -> Floats:
        tau = time.run * np.exp(rng.uniform(np.log(0.01), np.log(longest)))
        return np.asarray(rng.uniform(2, 8) * MIB * np.exp(-time.x / tau) + ar1(rng, time.x, 0.9, 50 * KIB))

    return shape


def idle_collector(rng: np.random.Generator, time: Time) -> Floats:
    """A collector with small teeth that gives 2 to 8 MiB back once, over a twentieth of the run."""
    began, lasts = time.run * rng.uniform(0.1, 0.8), time.run / 20
    given = np.clip((time.x - began) / lasts, 0.0, 1.0) * rng.uniform(2, 8) * MIB
    return _teeth(rng, time.x, time.run / 60, 0.05, 200 * KIB) - given


def early_jump(sd: float) -> Shape:
    """1 to 8 MiB at once, and five times as long a rest behind it."""

    def shape(rng: np.random.Generator, time: Time) -> Floats:
        jump = rng.uniform(1, 8) * MIB * (time.x >= time.run * rng.uniform(0.01, 0.16))
        return np.asarray(jump + ar1(rng, time.x, 0.9, sd))

    return shape


def fill(how: Literal["log", "root", "line"]) -> Shape:
    """Give a cache that fills to 4 MiB: ever slower, or steadily until 85 % of the run."""

    def shape(rng: np.random.Generator, time: Time) -> Floats:
        share = time.x / time.run
        level: dict[str, Floats] = {
            "log": np.log1p(50 * share) / np.log(51),
            "root": np.sqrt(share),
            "line": np.minimum(share / 0.85, 1),
        }
        return 4 * MIB * level[how] + ar1(rng, time.x, 0.9, 8 * KIB)

    return shape


def leak(rate: float, noise: Shape) -> Shape:
    """``rate`` bytes an hour, touched page by page, on ``noise``."""
    return lambda rng, time: rate * time.x + noise(rng, time)


def stairs(rate: float, height: float, noise: Shape) -> Shape:
    """``rate`` bytes an hour that become resident ``height`` bytes at a time, from a random phase, on ``noise``."""
    return lambda rng, time: height * np.floor(rate * time.x / height + rng.uniform()) + noise(rng, time)


def warm_leak(rate: float) -> Shape:
    """A leak after a warm-up of 5 MB, tau a hundredth to a twentieth of the run."""

    def shape(rng: np.random.Generator, time: Time) -> Floats:
        tau = time.run * rng.uniform(0.01, 0.05)
        return rate * time.x + _exponential(time.x, tau) + ar1(rng, time.x, 0.9, 50 * KIB)

    return shape


def late_leak(rate: float) -> Shape:
    """Give a leak that begins at 70 % of the run."""
    return lambda rng, time: rate * np.maximum(time.x - 0.7 * time.run, 0.0) + ar1(rng, time.x, 0.9)


def stepped_leak(rate: float) -> Shape:
    """Give a leak with a late step of 2 MB in it."""
    late = step(0.5, 0.95, 50 * KIB)
    return lambda rng, time: rate * time.x + late(rng, time)


_FLAT: tuple[tuple[str, Shape], ...] = (
    ("constant", constant),
    ("a few pages, nearly all tied", pages),
    ("noise, phi 0", noisy(0.0)),
    ("noise, phi 0.9", noisy(0.9)),
    ("noise, phi 0.98", noisy(0.98)),
    ("noise with spikes of 4 MiB", spikes),
    ("random walk, 1 KiB", walk(1)),
    ("random walk, 4 KiB", walk(4)),
    ("warm-up of 5 MB", warm_up),
    ("warm-up of 5 MB, little noise", clean_warm_up),
    ("early step of 2 MB", step(0.02, 0.3, NOISE_SD)),
    ("collector's saw-tooth", saw),
    ("saw-tooth by the clock", strict_saw),
    ("collector's uneven teeth", uneven_teeth),
)
_FILLS: tuple[tuple[str, Shape], ...] = (
    ("cache of 4 MiB that fills like a logarithm", fill("log")),
    ("cache of 4 MiB that fills like a root", fill("root")),
    ("cache of 4 MiB that is full at 85 %", fill("line")),
)
_ROUGH: tuple[tuple[str, Shape], ...] = (
    ("random walk, 16 KiB", walk(16)),
    ("random walk, 64 KiB", walk(64)),
)
_STEPS: tuple[tuple[str, Shape], ...] = (
    ("late step of 2 MB", step(0.5, 0.95, NOISE_SD)),
    ("late step of 2 MB, little noise", step(0.5, 0.95, PAGE)),
    ("step of 2 MB anywhere", step(0.0, 1.0, 30 * KIB)),
)


def cases(delta: float = 4 * MIB) -> list[Case]:
    """List every shape, flat ones first. ``delta`` in bytes an hour places the leaks of 1 and 2.5 delta."""
    return [
        *[Case(name=name, kind="flat", shape=shape) for name, shape in _FLAT],
        Case(name="noise, phi 0.98, 2 Hz", kind="flat", shape=noisy(0.98), hertz=2.0),
        *[Case(name=name, kind="rough", shape=shape) for name, shape in _ROUGH],
        *[Case(name=name, kind="step", shape=shape) for name, shape in _STEPS],
        *_at_delta(delta),
        *_found(2.5 * delta),
        *ladder(delta),
        *_coarse(delta),
        *_toothed(),
        *_fallen(delta),
        *_slow(),
        *[Case(name=name, kind="shown", shape=shape) for name, shape in _FILLS],
        Case(name="leak of 2.5 delta from 70 % on", kind="shown", shape=late_leak(2.5 * delta), rate=2.5 * delta),
        Case(name="leak of 2.5 delta and a late step", kind="shown", shape=stepped_leak(2.5 * delta), rate=2.5 * delta),
    ]


def _toothed() -> list[Case]:
    """List saw-teeth of which a run sees few; of a single one, nothing is promised."""
    noises = {"": (0.05, 50 * KIB), ", bare": (0.0, 0.0)}
    return [
        Case(
            name=f"saw-tooth of {periods:g} periods{name}",
            kind="teeth" if periods > 1 else "shown",
            shape=large_teeth(periods, *noise),
            minutes=(10, 30),
        )
        for periods in (1, 1.5, 2, 3, 5)
        for name, noise in noises.items()
    ] + [
        Case(
            name=f"saw-tooth of {periods:g} periods, warm-up", kind="teeth", shape=warm_teeth(periods), minutes=(10, 30)
        )
        for periods in (1.5, 2, 3)
    ]


def _fallen(delta: float) -> list[Case]:
    """List what falls, or jumps once early and rests, and the same with a leak on top."""
    shapes: dict[str, Shape] = {
        "one fall": falls(1),
        "three falls": falls(3),
        "decay": decay(0.2),
        "slow decay": decay(1.0),
        "collector's idle time": idle_collector,
        "early jump and a rest": early_jump(50 * KIB),
        "early jump and a rest, noisy": early_jump(NOISE_SD),
    }
    found = [Case(name=name, kind="falls", shape=shape, minutes=(30, 60)) for name, shape in shapes.items()]
    for name in ("one fall", "three falls", "decay", "collector's idle time"):
        leaking = leak(2.5 * delta, shapes[name])
        found.append(
            Case(name=f"leak of 2.5 delta, {name}", kind="delta", shape=leaking, rate=2.5 * delta, minutes=(30, 60))
        )
    for name in ("early jump and a rest", "early jump and a rest, noisy"):
        leaking = leak(2.5 * delta, shapes[name])
        found.append(
            Case(name=f"leak of 2.5 delta, {name}", kind="leak", shape=leaking, rate=2.5 * delta, minutes=(30, 60))
        )
    return found


def _slow() -> list[Case]:
    """List leaks below delta over a day."""
    return [
        Case(
            name=f"leak of {mb:g} MB/h for a day, phi {phi:g}",
            kind="slow",
            shape=leak(mb * 1e6, noisy(phi)),
            rate=mb * 1e6,
            minutes=(DAY,),
        )
        for mb in (0.25, 0.5, 2.0)
        for phi in (0.9, 0.98)
    ]


def _coarse(delta: float) -> list[Case]:
    """List leaks that come by the arena or the huge page: too few jumps in a short run to be told from steps."""
    return [
        Case(
            name=f"leak of {times:g} delta in stairs of {height / MIB:g} MiB",
            kind="shown",
            shape=stairs(times * delta, height, noisy(0.0, 8 * KIB)),
            rate=times * delta,
        )
        for height in (0.5 * MIB, 1.0 * MIB, 2.0 * MIB)
        for times in (1.0, 2.5)
    ]


def _at_delta(rate: float) -> list[Case]:
    shapes: tuple[tuple[str, Shape], ...] = (
        ("leak of delta, bare", leak(rate, constant)),
        ("leak of delta, phi 0", leak(rate, noisy(0.0))),
        ("leak of delta, phi 0.98", leak(rate, noisy(0.98))),
        ("leak of delta, bare stairs of 132 KiB", stairs(rate, STAIR, constant)),
        ("leak of delta, random walk, 4 KiB", leak(rate, walk(4))),
        ("leak of delta, saw-tooth", leak(rate, saw)),
        ("leak of delta, collector's uneven teeth", leak(rate, uneven_teeth)),
    )
    return [Case(name=name, kind="delta", shape=shape, rate=rate) for name, shape in shapes]


def _found(rate: float) -> list[Case]:
    shapes: tuple[tuple[str, Shape], ...] = (
        ("leak of 2.5 delta, bare", leak(rate, constant)),
        ("leak of 2.5 delta, phi 0", leak(rate, noisy(0.0))),
        ("leak of 2.5 delta, phi 0.98", leak(rate, noisy(0.98))),
        ("leak of 2.5 delta, bare stairs of 132 KiB", stairs(rate, STAIR, constant)),
        ("leak of 2.5 delta, stairs, phi 0.9", stairs(rate, STAIR, noisy(0.9))),
        ("leak of 2.5 delta after a warm-up", warm_leak(rate)),
    )
    more = Case(
        name="leak of 2.5 delta, phi 0.9, 2 Hz", kind="leak", shape=leak(rate, noisy(0.9)), rate=rate, hertz=2.0
    )
    return [*[Case(name=name, kind="leak", shape=shape, rate=rate) for name, shape in shapes], more]


def ladder(delta: float = 4 * MIB) -> list[Case]:
    """List leaks from slow to fast, all on noise of phi 0.9."""
    rates = {f"{mb:g} MB/h": mb * 1e6 for mb in (0.25, 1.0, 2.5, 5.0, 12.5, 20.0, 50.0)}
    rates |= {"delta": delta, "2.5 delta": 2.5 * delta}
    return [
        Case(name=f"leak of {name}, phi 0.9", kind=_kind(rate / delta), shape=leak(rate, noisy(0.9)), rate=rate)
        for name, rate in sorted(rates.items(), key=lambda item: item[1])
    ]


def _kind(deltas: float) -> Kind:
    if deltas >= 2.5:
        return "leak"
    return "delta" if deltas >= 1 else "shown"
