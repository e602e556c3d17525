"""What is profiled, and with how much work, at which numbers of links; a compressed day. Pure."""

from collections.abc import Sequence

import msgspec

from harness.model import CompressedPlan, ProfilePlan, SubjectPlan
from harness.plan.options import Options
from harness.scenario import FEWEST_LINKS, Scenario

SLOW = "poll"  # one dump of 10,000 pairs through pyroute2 takes half a minute under memray
MANY_PAIRS = 5_000  # beyond, it polls once and twice: single polls differ by some 20 kB, of more than a gigabyte


def profile(scenario: Scenario, subjects: Sequence[SubjectPlan], pairs: int) -> ProfilePlan:
    """Return how much work each profiled process does, and at which numbers of links."""
    slow = any(SLOW in {one.name, one.duplicate_of} for one in subjects)
    dumped = min(pairs, scenario.max_pairs.get(SLOW, pairs)) if slow else 0
    ladder = sorted({step for step in scenario.step_pairs if step < pairs} | {pairs})
    return ProfilePlan(
        polls=(2, 5) if dumped <= MANY_PAIRS else (1, 2),
        idle_s=(0.5, 1.5) if scenario.sweep else (1.0, 4.0),
        events=(32, 128),
        step_pairs=tuple(ladder),
        step_links=tuple(links for links in scenario.step_links if links <= 2 * pairs + FEWEST_LINKS),
        profile_at_every_step=scenario.sweep is not None,
        max_pairs=scenario.max_pairs,
    )


def compressed(scenario: Scenario, options: Options) -> CompressedPlan | None:
    """Return the scenario's compressed day, for those of its subjects that are measured."""
    day = scenario.compressed
    if day is None or not options.profile:
        return None
    subjects = tuple(name for name in day.subjects if not options.subjects or name in options.subjects)
    return msgspec.structs.replace(day, subjects=subjects) if subjects else None
