"""The numbers of a run, and between which limits they may lie. Pure."""

from harness.analysis.growth.schedule import LEAST_S
from harness.errors import UsageFault
from harness.model import MOST_SUBJECTS, MOST_TRIALS, SubjectPlan
from harness.plan.options import Options
from harness.scenario import Scenario
from harness.units import SECONDS_A_DAY, duration, growth_rate

MOST_S = 366.0 * SECONDS_A_DAY
MOST_PAIRS = 20_000  # some 2 GB of kernel memory, which no process is charged for


def pairs(scenario: Scenario, options: Options) -> int:
    """Return how many veth pairs there are to be."""
    wanted = _at_least("--pairs", 1, options.pairs, scenario.pairs)
    if wanted > MOST_PAIRS:
        raise UsageFault(
            "out_of_range",
            f"--pairs is {wanted:g}; at most {MOST_PAIRS:,} can be",
            "a pair takes 94 KiB that no process is charged",
        )
    return int(wanted)


def times(scenario: Scenario, options: Options) -> tuple[float, float, float]:
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


def trials(scenario: Scenario, wanted: int) -> int:
    """Return how often what is measured is repeated."""
    if not 1 <= wanted <= MOST_TRIALS:
        raise UsageFault(
            "out_of_range",
            f"--trials is {wanted}; from 1 to {MOST_TRIALS} can be",
            "4 a side let two results be compared",
        )
    if wanted > 1 and not scenario.duration_s:
        raise UsageFault(
            "option_conflict", f"{scenario.name} plays its own script and takes no --trials", "leave it out"
        )
    return wanted


def until_decided(options: Options, duration_s: float, interval_s: float) -> bool:
    """Refuse what could never end a run: a verdict takes ten minutes, and the duration is the most that it may."""
    if options.until_decided and interval_s == 0:
        raise UsageFault(
            "option_conflict",
            "--until-decided looks at growth by the hour, and --interval 0 is judged by the poll",
            "leave one of them out; --polls ends the run",
        )
    if options.until_decided and duration_s <= LEAST_S:
        least = duration(LEAST_S)
        raise UsageFault(
            "option_conflict",
            f"--until-decided needs a run longer than {least} (got {duration(duration_s)})",
            "add --duration 1d",
        )
    return options.until_decided


def max_growth(scenario: Scenario, options: Options) -> float:
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


def not_too_many(subjects: tuple[SubjectPlan, ...]) -> tuple[SubjectPlan, ...]:
    """Return the subjects, refused where they are more than a report can hold."""
    if len(subjects) > MOST_SUBJECTS:
        raise UsageFault(
            "out_of_range", f"{len(subjects)} subjects, at most {MOST_SUBJECTS} can be measured", "split them over runs"
        )
    return subjects
