"""A scenario and options become a plan: everything that a run depends on, decided before it. Pure."""

import hashlib

import msgspec

from harness import claim
from harness.analysis.growth.schedule import LEAST_S
from harness.errors import UsageFault
from harness.model import (
    MOST_TRIALS,
    ClaimPlan,
    CompressedPlan,
    ControlsPlan,
    Injection,
    Plan,
    ProfilePlan,
    ScriptedEvent,
    ScriptPlan,
    Seen,
    SubjectPlan,
)
from harness.plan import copies
from harness.plan.checks import check_options
from harness.plan.options import Options
from harness.plan.subjects import all_subjects, choose_controls, not_too_many
from harness.scenario import FEWEST_LINKS, Scenario
from harness.units import SECONDS_A_DAY, duration, growth_rate

LEAK_BYTES = 16 * 1024.0 * 1024.0  # by the leaker, over a whole run
LEAST_LEAK_BYTES_PER_HOUR = 10 * 1024.0 * 1024.0  # 2.5 times the climb that matters
MOST_S = 366.0 * SECONDS_A_DAY
MANY_PAIRS = 5_000  # beyond, one poll of all links takes half a minute under memray; single polls differ by some 20 kB
MOST_PAIRS = 20_000  # some 2 GB of kernel memory, which no process is charged for


def make_plan(scenario: Scenario, options: Options) -> Plan:
    """Decide everything that a run depends on. The same scenario and options give the same plan and id."""
    duration_s, interval_s, pace_s = _times(scenario, options)
    check_options(scenario, options)
    subjects = all_subjects(scenario, options)
    controls = choose_controls(subjects) if scenario.duration_s else ()
    pairs = _pairs(scenario, options)
    draft = Plan(
        id="",
        scenario=scenario.name,
        question=scenario.question,
        pairs=pairs,
        duration_s=duration_s,
        interval_s=interval_s,
        polls=options.polls,
        seed=options.seed,
        sample_interval_s=pace_s,
        churn_pairs_per_s=scenario.churn_pairs_per_s,
        subjects=not_too_many((*subjects, *controls)),
        lab=scenario.lab,
        own_interface=_own_interface(scenario, subjects),
        max_load=options.max_load,
        until_decided=_until_decided(options, duration_s),
        trials=_trials(scenario, options.trials),
        controls=_controls_plan(duration_s) if controls else None,
        profile=_profile(scenario, pairs) if options.profile and scenario.profiled else None,
        compressed=_compressed(scenario, options),
        sweep=scenario.sweep,
        claims=_claims(scenario, subjects, options),
        scripts=_scripts(scenario, subjects),
        storm=scenario.storm,
        dose_trial=copies.trial(scenario.dose_trial, subjects, duration_s),
        dumps=scenario.dumps,
        delta_bytes_per_hour=_max_growth(scenario, options),
        delta_bytes_per_poll=scenario.max_growth_per_poll,
        reference_bytes_per_day=scenario.reference_bytes_per_day,
    )
    return identified(draft)


def identified(draft: Plan) -> Plan:
    """Return a plan with its id, a hash over the rest."""
    draft = msgspec.structs.replace(draft, id="")
    draft = msgspec.json.decode(msgspec.json.encode(draft), type=Plan)  # 60 and 60.0 are one plan, as once stored
    identity = hashlib.sha256(msgspec.json.encode(draft)).hexdigest()[:8]
    return msgspec.structs.replace(draft, id=identity)


def _pairs(scenario: Scenario, options: Options) -> int:
    pairs = _at_least("--pairs", 1, options.pairs, scenario.pairs)
    if pairs > MOST_PAIRS:
        raise UsageFault(
            "out_of_range",
            f"--pairs is {pairs:g}; at most {MOST_PAIRS:,} can be",
            "a pair takes 94 KiB that no process is charged",
        )
    return int(pairs)


def _times(scenario: Scenario, options: Options) -> tuple[float, float, float]:
    """Return the duration of the sampling phase, the pause between polls and that between samples, in seconds."""
    polls = options.polls
    interval_s = _at_least("--interval", 0, options.interval_s, scenario.interval_s)
    if polls is not None and polls < 1:
        raise UsageFault("out_of_range", f"--polls is {polls}; at least 1 is needed", "leave it out to measure by time")
    if interval_s == 0 and polls is None:
        raise UsageFault(
            "option_missing",
            "--interval 0 polls back to back and needs an end",
            "add --polls, for example --polls 43200",
        )
    least_s = 0 if options.duration_s is None else 0.001
    duration_s = _at_least("--duration", least_s, options.duration_s, scenario.duration_s)
    if polls is not None and options.duration_s is None:
        duration_s = polls * interval_s if interval_s else float(SECONDS_A_DAY)
    if duration_s > MOST_S:
        raise UsageFault(
            "out_of_range",
            f"a run of {duration_s:.6g} s was asked for; at most {MOST_S:,.0f} can be",
            "a year is a long time",
        )
    usual_s = max(0.001, sample_interval(duration_s)) if duration_s else 0.5
    return duration_s, interval_s, _at_least("--sample-interval", 0.001, options.sample_interval_s, usual_s)


def sample_interval(duration_s: float) -> float:
    """Choose the sampler's pace in seconds: ten readings of a short run at least, two a second at most."""
    return min(0.5, duration_s / 10)


def _at_least(option: str, least: float, given: float | None, default: float) -> float:
    value = default if given is None else given
    if value < least:
        raise UsageFault(
            "out_of_range",
            f"{option} is {value:g}; at least {least:g} is needed",
            "netchurn run --help shows the defaults",
        )
    return value


def _claims(scenario: Scenario, subjects: tuple[SubjectPlan, ...], options: Options) -> tuple[ClaimPlan, ...]:
    """Return the scenario's claims; where programs were given, only those about a subject of the run."""
    names = {one.name for one in subjects}
    claims = tuple(one for one in scenario.claims if not options.external or one.subject in names)
    claims = tuple(msgspec.structs.replace(one, gates=True) for one in claims) if options.strict else claims
    return (*claims, *claim.read(options.claims, [one.name for one in subjects]))


_HELD: set[Injection] = {"hold", "refuse", "limit", "stop"}  # what takes a watcher that speaks of its rounds


def _scripts(scenario: Scenario, subjects: tuple[SubjectPlan, ...]) -> tuple[ScriptPlan, ...]:
    """Ask programs what is true of each event; of several scripts, in the one of the fewest rounds."""
    programs = [one.name for one in subjects if one.source == "exec" and one.detect is not None]
    if not programs or not scenario.scripts:
        return scenario.scripts
    fewest = min(scenario.scripts, key=lambda one: one.rounds)
    events = tuple(_asked(one, programs) for one in fewest.scripted_events)
    asked = msgspec.structs.replace(fewest, scripted_events=events)
    return tuple(asked if one is fewest else one for one in scenario.scripts)


def _asked(event: ScriptedEvent, programs: list[str]) -> ScriptedEvent:
    if event.injection in _HELD:
        return event
    truth: Seen = "detected" if event.valid_reasons else "true_negative"
    return msgspec.structs.replace(
        event, expected_outcomes={**event.expected_outcomes, **dict.fromkeys(programs, truth)}
    )


def _own_interface(scenario: Scenario, subjects: tuple[SubjectPlan, ...]) -> bool:
    ours = [one.name for one in subjects if one.source == "builtin"]
    if scenario.own_interface and ours:
        raise UsageFault(
            "option_conflict",
            f"{scenario.name} leaves the interface to its programs, and {ours[0]} would have none to watch",
            "leave it out",
        )
    return scenario.own_interface


def _until_decided(options: Options, duration_s: float) -> bool:
    """Refuse what could never end a run: a verdict takes ten minutes, and the duration is the most that it may."""
    if options.until_decided and duration_s <= LEAST_S:
        least = duration(LEAST_S)
        raise UsageFault(
            "option_conflict",
            f"--until-decided needs a run longer than {least} (got {duration(duration_s)})",
            "add --duration 1d",
        )
    return options.until_decided


def _max_growth(scenario: Scenario, options: Options) -> float:
    """Return the climb that matters, in bytes an hour."""
    text = options.max_growth or scenario.max_growth
    try:
        return growth_rate(text)
    except ValueError:
        raise UsageFault(
            "bad_option_value",
            f"--max-growth: {text!r} is not a size over a time",
            "write it like 4MiB/h or 100MiB/30d",
        ) from None


def _trials(scenario: Scenario, trials: int) -> int:
    if not 1 <= trials <= MOST_TRIALS:
        raise UsageFault(
            "out_of_range",
            f"--trials is {trials}; from 1 to {MOST_TRIALS} can be",
            "4 a side let two results be compared",
        )
    if trials > 1 and not scenario.duration_s:
        raise UsageFault(
            "option_conflict", f"{scenario.name} plays its own script and takes no --trials", "leave it out"
        )
    return trials


def _controls_plan(duration_s: float) -> ControlsPlan:
    """Fix a leak that a run of this length can show, and that takes little memory of the machine."""
    leak = max(LEAK_BYTES / duration_s * 3600, LEAST_LEAK_BYTES_PER_HOUR)
    return ControlsPlan(
        leak_bytes_per_hour=leak,
        leak_tolerance=0.1,
        churn_bytes_per_poll={"churner": 1_000_000, "go-churner": 1_048_576},
        churn_tolerance=0.005,
    )


def _profile(scenario: Scenario, pairs: int) -> ProfilePlan:
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


def _compressed(scenario: Scenario, options: Options) -> CompressedPlan | None:
    """Return the scenario's compressed day, for those of its subjects that are measured."""
    day = scenario.compressed
    if day is None or not options.profile:
        return None
    subjects = tuple(name for name in day.subjects if not options.subjects or name in options.subjects)
    return msgspec.structs.replace(day, subjects=subjects) if subjects else None
