"""How often a dose is called the cause of what it is not: made-up runs of three copies, whose truth is known.

``python tests/calibration/doses.py`` makes 1,000 innocent runs and 200 of each leak in a minute or two, prints the
counts, and ends with 1 where a promise is broken. The same seed makes the same counts.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from harness.analysis.doses.cycles import decided
from harness.analysis.doses.dose import Copy, judged
from harness.analysis.facts import Floats
from harness.analysis.growth.batches import Series
from harness.analysis.growth.thresholds import Thresholds
from harness.model import Dose, DosePlan

PLAN = DosePlan(stimulus="link-events", doses=(0, 2, 20), max_growth_bytes=100.0)
SECONDS = np.arange(0.0, 150.0, 0.5)
PAGE, MIB = 4096, 2**20
# Of leaks, at least. Cycles of 200 B are found in 99.0 % of 3,000 (seed 77), so 99 % of 200 fail with 3 seeds of 10;
# 98 % fail with 1 of 20.
FOUND = 0.98
WITHIN = 0.1  # of its rate, a leak that is called caused
Shape = Callable[[float, np.random.Generator], Floats]


def noise(deviation: float, phi: float, rng: np.random.Generator) -> Floats:
    """Make noise of which ``phi`` is left after half a second."""
    shocks = rng.normal(0, deviation * np.sqrt(1 - phi**2), SECONDS.size)
    level, found = rng.normal(0, deviation), []
    for shock in shocks:
        level = phi * level + shock
        found.append(level)
    return np.array(found)


def walk(step: float, rng: np.random.Generator) -> Floats:
    """Make a random walk."""
    return np.asarray(np.cumsum(rng.normal(0, step, SECONDS.size)))


def warm_up(dose: float, rng: np.random.Generator) -> Floats:
    """Fill a cache of 5 MB, the sooner the more stimuli come."""
    tau = rng.uniform(0.02, 0.2) * SECONDS[-1] * PLAN.doses[-1]
    return np.asarray(5e6 * (1 - np.exp(-dose * SECONDS / tau)))


def queue(dose: float, rng: np.random.Generator) -> Floats:
    """Queue 4 kB a stimulus, and let all go at a limit."""
    limit = 4096 * 20 * rng.uniform(1, 20)
    return (4096 * dose * SECONDS + rng.uniform(0, limit)) % limit if dose else 0 * SECONDS


def garbage(dose: float, rng: np.random.Generator) -> Floats:
    """Allocate up to 20 kB a stimulus, until the heap of a Go program with GOGC=10 is full, and collected."""
    heap, a_stimulus = rng.uniform(1.0, 1.6) * MIB, rng.uniform(100, 20_000)
    return np.minimum(a_stimulus * dose * SECONDS, heap) * (1 - rng.uniform(0, 0.1, SECONDS.size))


COLLECTED = {"garbage": 2.0 * MIB, "16 kB, and garbage": 2.0 * MIB}  # and by how much they may climb by garbage alone
INNOCENT: dict[str, Shape] = {
    "garbage": garbage,
    "constant": lambda _, rng: rng.uniform() * 0 * SECONDS,
    "noise": lambda _, rng: noise(1e5, 0.0, rng),
    "noise that lasts": lambda _, rng: noise(1e5, 0.98, rng),
    "noise by the dose": lambda dose, rng: noise(1e4 * (1 + dose), 0.95, rng),
    "walk of a page": lambda _, rng: walk(PAGE, rng),
    "walk of 4 pages": lambda _, rng: walk(4 * PAGE, rng),
    "walk of 16 pages": lambda _, rng: walk(16 * PAGE, rng),
    "walk by the dose": lambda dose, rng: walk(PAGE * (1 + dose / 5), rng),
    "leak regardless": lambda _, rng: 4000 * SECONDS + noise(3e4, 0.9, rng),
    "warm-up": lambda dose, rng: warm_up(dose, rng) + noise(1e4, 0.5, rng),
    "warm-up, bare": warm_up,
    "queue": queue,
    "step anywhere": lambda _, rng: np.where(rng.uniform(0, SECONDS[-1]) < SECONDS, 2e6, 0.0),
    "level by the dose": lambda dose, _: 3e4 * dose * (1 - np.exp(-SECONDS / 3)),
}
LEAKS: dict[str, tuple[float, Shape]] = {
    "200 B": (200, lambda dose, rng: 200 * dose * SECONDS + noise(1e4, 0.9, rng)),
    "4 kB": (4096, lambda dose, rng: 4096 * dose * SECONDS + noise(5e4, 0.9, rng)),
    "4 kB in stairs of 1 MiB": (4096, lambda dose, _: np.floor(4096 * dose * SECONDS / MIB) * MIB),
    "4 kB, and regardless": (4096, lambda dose, rng: (4096 * dose + 4000) * SECONDS + noise(3e4, 0.9, rng)),
    "16 kB, and garbage": (16384, lambda dose, rng: 16384 * dose * SECONDS + garbage(dose, rng)),
}


def run(shape: Shape, rng: np.random.Generator, uncollected: float = 0.0) -> Dose:
    """Judge one made-up run."""
    copies = [
        Copy(
            name=f"it-at-{dose:g}",
            dose=dose,
            reached=dose,
            seconds=SECONDS,
            rss=np.round((40 * MIB + shape(dose, rng)) / PAGE) * PAGE,
            uncollected_bytes=uncollected,
        )
        for dose in PLAN.doses
    ]
    return judged("it", PLAN, copies, Thresholds())


CYCLES: Floats = np.arange(1.0, 10.0).astype(np.float64) * 250
LEVELS: dict[str, tuple[bool, Callable[[np.random.Generator], Floats]]] = {
    "levels of noise": (False, lambda rng: rng.normal(0, 1e5, 9)),
    "levels that walk by 4 pages": (False, lambda rng: np.cumsum(rng.normal(0, 4 * PAGE, 9))),
    "levels that walk by 64 pages": (False, lambda rng: np.cumsum(rng.normal(0, 64 * PAGE, 9))),
    "levels of a warm-up": (False, lambda rng: 5e6 * (1 - np.exp(-np.arange(9) / rng.uniform(0.3, 2.5)))),
    "levels with a step": (False, lambda rng: np.where(np.arange(9) > rng.integers(1, 8), 2e6, 0.0)),
    "levels of 200 B a cycle": (True, lambda rng: 200 * CYCLES + rng.normal(0, PAGE, 9)),
}
"""At rest, after each of nine rounds of 250 cycles: whether it leaks, and what memory holds."""


def cycled(shape: Callable[[np.random.Generator], Floats], rng: np.random.Generator) -> str:
    """Judge one made-up run of cycles."""
    held = np.round(shape(rng) / PAGE) * PAGE
    return decided(Series(x=CYCLES, y=held, resolution=PAGE), PLAN.max_growth_bytes, 0.95)[3]


def main(argv: Sequence[str] | None = None) -> int:
    """Count, print, and say whether the promises were kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--innocent", type=int, default=1000, help="runs, over all shapes")
    parser.add_argument("--leaks", type=int, default=200, help="runs of each leak")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    rng = np.random.default_rng(arguments.seed)
    counts: dict[str, Counter[str]] = {name: Counter() for name in INNOCENT}
    for number in range(arguments.innocent):
        name = list(INNOCENT)[number % len(INNOCENT)]
        counts[name][run(INNOCENT[name], rng, COLLECTED.get(name, 0.0)).verdict] += 1
    kept = not any(one["caused"] for one in counts.values())
    for name, (rate, shape) in LEAKS.items():
        found = [run(shape, rng, COLLECTED.get(name, 0.0)) for _ in range(arguments.leaks)]
        counts[name] = Counter(one.verdict for one in found)
        beside = max(abs((one.bytes_per_stimulus or 0.0) / rate - 1) for one in found)
        counts[name]["most beside, %"] = round(100 * beside)
        kept &= counts[name]["caused"] >= FOUND * arguments.leaks and beside <= WITHIN
    for name, (leaks, held) in LEVELS.items():
        counts[name] = Counter(cycled(held, rng) for _ in range(arguments.leaks))
        kept &= counts[name]["caused"] >= FOUND * arguments.leaks if leaks else not counts[name]["caused"]
    for name, one in counts.items():
        sys.stdout.write(f"{name:26} {', '.join(f'{word} {times}' for word, times in sorted(one.items()))}\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
