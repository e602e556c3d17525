"""What was derived from a run about causes: doses of a stimulus, and cycles of it."""

from typing import Annotated

from msgspec import Meta

from harness.model.terms import (
    DoseVerdict,
    Model,
    Stimulus,
)


class DoseArm(Model, frozen=True, kw_only=True):
    """One dose of one subject: how much it really was, and how the copy that got it grew."""

    copy: Annotated[str, Meta(description="the copy of the subject, by its name in the plan")]
    dose: Annotated[float, Meta(description="stimuli a second, as planned")]
    reached: Annotated[float, Meta(description="stimuli a second, as they were made")]
    bytes_per_hour: Annotated[float | None, Meta(description="growth of resident memory; null: no line was fitted")]
    low: Annotated[float | None, Meta(description="lower end of its interval")]
    high: Annotated[float | None, Meta(description="upper end of its interval")]
    left_out: Annotated[str | None, Meta(description="why it is not in the line; null: it is")] = None
    allocator: Annotated[str | None, Meta(description="setting of the allocator; null: the program's own")] = None


class Dose(Model, frozen=True, kw_only=True):
    """Whether a subject grows because of a stimulus."""

    subject: Annotated[str, Meta(description="the subject whose copies got the doses")]
    stimulus: Annotated[Stimulus, Meta(description="what is blamed")]
    doses: Annotated[tuple[DoseArm, ...], Meta(description="the copies, the smallest dose first")]
    bytes_per_stimulus: Annotated[float | None, Meta(description="slope of growth against dose; null: no line")]
    low: Annotated[float | None, Meta(description="lower end of its interval, in bytes a stimulus")]
    high: Annotated[float | None, Meta(description="upper end of its interval, in bytes a stimulus")]
    verdict: Annotated[
        DoseVerdict,
        Meta(description="caused: the slope lies above the threshold; not_caused: it is shown to lie below it"),
    ]
    explanation: Annotated[str, Meta(description="what the verdict rests on, or what is missing, in one sentence")]
    max_growth_bytes: Annotated[float, Meta(description="the threshold, in bytes a stimulus")]
    without: Annotated[DoseArm | None, Meta(description="the copy without any stimulus; null: there was none")] = None
    allocator: Annotated[
        str | None, Meta(description="setting with which the growth goes away: the allocator kept it; null: none")
    ] = None


class Cycles(Model, frozen=True, kw_only=True):
    """What a subject keeps of each of many stimuli once they have stopped."""

    subject: Annotated[str, Meta(description="the subject")]
    stimulus: Annotated[Stimulus, Meta(description="what was done, as fast as it came back")]
    cycles: Annotated[int, Meta(description="stimuli between the first level that counts and the last")]
    kept_bytes_per_cycle: Annotated[
        float | None, Meta(description="what stays after release, a cycle; what an idle copy gains is taken off")
    ]
    low: Annotated[float | None, Meta(description="lower end of its interval")]
    high: Annotated[float | None, Meta(description="upper end of its interval")]
    released_bytes: Annotated[float | None, Meta(description="what memory fell by after the last cycle: a backlog")]
    verdict: Annotated[DoseVerdict, Meta(description="caused: a cycle keeps more than the threshold")]
    explanation: Annotated[str, Meta(description="what the verdict rests on, or what is missing, in one sentence")]
    max_growth_bytes: Annotated[float, Meta(description="the threshold, in bytes a cycle")]
    seconds: Annotated[float | None, Meta(description="how long cycles and rests took")] = None
