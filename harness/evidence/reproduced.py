"""Does a run of one's own agree with a result: the rule behind the level *reproduced*. Pure."""

from dataclasses import dataclass

from harness.compare.comparability import Side, refusals
from harness.compare.document import refused
from harness.compare.judge import compare_run
from harness.verify.deviation import Deviation


@dataclass(frozen=True, kw_only=True)
class Reproduced:
    """What came of it; ``words`` say what agreed, and are empty where nothing did."""

    words: str = ""
    deviations: tuple[Deviation, ...] = ()
    uncompared: str = ""


def check(result: Side, own: Side) -> Reproduced:
    """Compare a result with a run of one's own: no quantity may differ, and at least one must agree."""
    if explanation := _unfit(result, own):
        return Reproduced(uncompared=explanation)
    run = own.analysis.run_id
    rows = compare_run(result, own).rows
    different = [row for row in rows if row.verdict == "different"]
    if different:
        texts = [f"{row.subject}, {row.measure}, {row.quantity}: {row.why}" for row in different]
        return Reproduced(deviations=tuple(Deviation("not_reproduced", f"against {run}", text) for text in texts))
    same = sum(row.verdict == "same" for row in rows)
    undecided = sum(row.verdict == "undecided" for row in rows)
    if not same:
        return Reproduced(uncompared=f"none of {undecided} quantities could be decided")
    return Reproduced(words=f"{run}: {same} quantities agree, {undecided} are undecided")


def _unfit(result: Side, own: Side) -> str:
    """Return why a run reproduces nothing, whatever was measured in it; nothing where it may."""
    run = own.analysis.run_id
    if run == result.analysis.run_id:
        return f"{run} is the same run, which reproduces nothing"
    if own.analysis.status != "complete":
        return f"{run} is {own.analysis.status}; a whole run is needed"
    if own.analysis.verdict == "invalid":
        return f"{run} is invalid: its controls were measured wrong"
    found = refusals(result, own)
    return f"they are not of one kind: {refused(found)}" if found else ""
