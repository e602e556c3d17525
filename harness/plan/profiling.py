"""What is profiled for how long: two durations of each process, at some numbers of links; a compressed day. Pure."""

import msgspec

from harness.model import CompressedPlan, ProfilePlan
from harness.plan.options import Options
from harness.scenario import FEWEST_LINKS, Scenario

MANY_PAIRS = 5_000  # beyond, one poll of all links takes half a minute under memray; single polls differ by some 20 kB


def profile(scenario: Scenario, pairs: int) -> ProfilePlan:
    ladder = sorted({step for step in scenario.step_pairs if step < pairs} | {pairs})
    return ProfilePlan(
        polls=(2, 5) if pairs <= MANY_PAIRS else (1, 2),
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
