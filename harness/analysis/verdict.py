"""The verdict of a run, from its claims and from whether it may be trusted at all."""

from harness.analysis.claims import SHOWN
from harness.model import Claim, Control, Finding, Verdict


def verdict(
    findings: tuple[Finding, ...], claims: tuple[Claim, ...], controls: tuple[Control, ...], *, complete: bool
) -> Verdict:
    """Judge a run: invalid before fail, fail before inconclusive, inconclusive before pass.

    A run whose subject died or hung is invalid, and so is one whose controls were measured wrong. A claim that does not
    gate never decides; one that is exceeded holds, and counts as reproduced. A run without claims, or one that was
    interrupted, cannot pass: it is inconclusive.
    """
    if any(one.outcome in {"crashed", "timed_out"} for one in findings):
        return "invalid"
    if not all(one.ok for one in controls):
        return "invalid"
    verdicts = {one.verdict for one in claims if one.gates}
    if "not_reproduced" in verdicts:
        return "fail"
    if not complete or not verdicts or verdicts - SHOWN:
        return "inconclusive"
    return "pass"
