"""The verdict of a run, from its claims and from whether it may be trusted at all."""

from harness.analysis.claims import SHOWN
from harness.model import Claim, Control, DoseVerdict, Finding, PairVerdict, Verdict


def verdict(  # noqa: PLR0913 - all that a verdict rests on
    findings: tuple[Finding, ...],
    claims: tuple[Claim, ...],
    controls: tuple[Control, ...],
    pairs: tuple[PairVerdict, ...] = (),
    *,
    complete: bool,
    caused: tuple[DoseVerdict, ...] = (),
) -> Verdict:
    """Judge a run: invalid before fail, fail before inconclusive, inconclusive before pass.

    A run whose subject died or hung is invalid, and so is one whose controls were measured wrong. A claim that does not
    gate never decides; one that is exceeded holds, and counts as reproduced. A pair that regressed fails the run.
    In a run of doses or cycles a subject that grows because of the stimulus fails it, and it passes if none does.
    Without claims a run passes if every pair is a verified fix, and is inconclusive otherwise, as is one that was
    interrupted.
    """
    if any(one.outcome in {"crashed", "timed_out"} for one in findings):
        return "invalid"
    if not all(one.ok for one in controls):
        return "invalid"
    verdicts = {one.verdict for one in claims if one.gates}
    paired = {one.verdict for one in pairs}
    if "not_reproduced" in verdicts or "regressed" in paired or "caused" in caused:
        return "fail"
    if caused and not verdicts:
        return "pass" if complete and set(caused) == {"not_caused"} else "inconclusive"
    if not complete or (verdicts - SHOWN if verdicts else paired != {"fix_verified"}):
        return "inconclusive"
    return "pass"
