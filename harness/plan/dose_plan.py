"""What ``netchurn dose`` asks for to a plan: copies of each subject that differ in their dose alone. Pure."""

import re
import shlex
from dataclasses import dataclass
from typing import get_args

import msgspec

from harness import units
from harness.errors import UsageFault
from harness.model import MOST_SUBJECTS, DosePlan, Plan, Stimulus
from harness.plan import copies
from harness.plan.make import identified, make_plan
from harness.plan.options import Options
from harness.scenario import Scenario
from harness.subjects import allocators

KINDS: tuple[Stimulus, ...] = get_args(Stimulus)
STIMULI = ", ".join("command=CMD" if one == "command" else one for one in KINDS)  # as they are typed
DURATION_S = 150.0  # with start and stop within three minutes
CYCLES_S = 60.0  # the least that the controls live: cycles end when they have come back
CYCLES_SAMPLE_S = 0.1  # a rest of a second has ten readings
MAX_GROWTH_BYTES = 100.0  # a stimulus: half of the smallest leak that is worth a bug report, 200 B
FEWEST_DOSES, MOST_DOSES = 2, 12
MOST_A_SECOND = 10_000.0
LEAST_CYCLES, MOST_CYCLES = 80, 1_000_000  # ten a round, at least
_PER = re.compile(r"(.+)/\s*(?:stimulus|cycle)")


@dataclass(frozen=True, kw_only=True)
class Order:
    """What was asked for, as it was typed."""

    stimulus: str
    doses: str = "0,2,20"
    cycles: int | None = None
    max_growth: str | None = None
    allocators: bool = False


def plan(order: Order, options: Options) -> Plan:
    """Make the plan; UsageFault naming what is wrong."""
    dose = _dose(order)
    question = f"Does it grow because of {dose.stimulus}?"
    asked = Scenario(
        name="dose",
        question=question,
        pairs=1,
        subjects={},
        duration_s=CYCLES_S if order.cycles else DURATION_S,
        profiled=False,
    )
    made = make_plan(asked, options)
    subjects = [one for one in made.subjects if one.role != "control"]
    if not subjects:
        raise UsageFault(
            "option_missing",
            "dose has nothing to measure",
            "add --exec mine='./mydaemon {ifname}' or --subject go-poll",
        )
    controls = tuple(one for one in made.subjects if one.role == "control" and not one.polls)
    arms = tuple(arm for one in subjects for arm in copies.of(one, dose, check=order.allocators))
    if len(arms) + len(controls) > MOST_SUBJECTS:
        raise UsageFault("out_of_range", f"{len(arms)} copies, at most {MOST_SUBJECTS} can be", "name fewer doses")
    pace_s = CYCLES_SAMPLE_S if order.cycles else made.sample_interval_s
    draft = msgspec.structs.replace(made, subjects=(*arms, *controls), dose=dose, sample_interval_s=pace_s)
    return identified(draft)


def worlds(order: Order, subjects: int) -> int:
    """Return how many namespaces a run will want, the controls' among them; at least 1, and more than enough."""
    try:
        doses = len(_dose(order).doses) or 2
    except UsageFault:
        return 1  # the plan says what is wrong
    return 1 + subjects * (doses + (allocators.MOST if order.allocators else 0))


def _dose(order: Order) -> DosePlan:
    kind, equals, command = order.stimulus.partition("=")
    known = next((one for one in KINDS if one == kind), None)
    if known is None or bool(equals) != (known == "command"):
        raise UsageFault(
            "bad_option_value",
            f"--stimulus {order.stimulus!r} is none of {STIMULI}",
            "--stimulus link-events, or --stimulus command='kill -USR1 {pid}'",
        )
    if order.cycles is None:
        return DosePlan(
            stimulus=known, doses=_doses(order.doses), max_growth_bytes=_bound(order), command=_command(command)
        )
    if known == "polls":
        raise UsageFault(
            "option_conflict", "polls have no end that cycles could wait for", "use --doses, such as --doses 0,0.5,5"
        )
    if not LEAST_CYCLES <= order.cycles <= MOST_CYCLES:
        raise UsageFault(
            "out_of_range",
            f"--cycles is {order.cycles}; from {LEAST_CYCLES} to {MOST_CYCLES:,} can be",
            "--cycles 2000",
        )
    return DosePlan(stimulus=known, cycles=order.cycles, max_growth_bytes=_bound(order), command=_command(command))


def _command(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as cause:
        raise UsageFault(
            "bad_option_value", f"--stimulus command={text!r} cannot be split: {cause}", "quote it as for a shell"
        ) from None


def _doses(text: str) -> tuple[float, ...]:
    try:
        found = sorted({float(word) for word in text.split(",")})
    except ValueError:
        found = []
    if not FEWEST_DOSES <= len(found) <= MOST_DOSES or found[0] < 0 or not found[-1] <= MOST_A_SECOND:
        raise UsageFault(
            "bad_option_value",
            f"--doses {text!r} is not from {FEWEST_DOSES} to {MOST_DOSES} numbers from 0 to {MOST_A_SECOND:,.0f}",
            "name stimuli a second, none among them: --doses 0,2,20",
        )
    return tuple(found)


def _bound(order: Order) -> float:
    if order.max_growth is None:
        return MAX_GROWTH_BYTES
    per = _PER.fullmatch(order.max_growth.strip())
    try:
        found = units.size(per[1]) if per else 0.0
    except ValueError:
        found = 0.0
    if not found:
        raise UsageFault(
            "bad_option_value",
            f"--max-growth: {order.max_growth!r} is not a size over a stimulus",
            "write it like 1kB/stimulus or 1kB/cycle",
        )
    return found
