"""Claims about a trend: resident memory at the real pace or compressed, or another resource that was sampled."""

from collections.abc import Callable

from harness.model import ClaimPlan, ClaimVerdict, Finding

Rate = tuple[float | None, float | None, float | None]
NOTHING: Rate = (None, None, None)
QUANTITIES = {"growth", "compressed_growth", "resource", "rss_bytes_per_day"}
HOURS_A_DAY = 24
_SHOWN = {"growing", "slow", "flat"}
_UNSHOWN: dict[str, ClaimVerdict] = {"inconclusive": "inconclusive", "no_steady_state": "inconclusive"}


def rate(claim: ClaimPlan, found: Finding) -> Rate:
    """Return the rate in the unit of the claim, and its interval; Nones where it was not measured."""
    return _RATES[claim.quantity](claim, found)


def _growth(claim: ClaimPlan, found: Finding) -> Rate:
    del claim
    growth = found.growth
    return (growth.bytes_per_hour, growth.low, growth.high) if growth else NOTHING


def _compressed(claim: ClaimPlan, found: Finding) -> Rate:
    del claim
    day = found.compressed
    return (day.bytes_per_poll, day.low_per_poll, day.high_per_poll) if day else NOTHING


def _per_day(claim: ClaimPlan, found: Finding) -> Rate:
    """Return the day of a compressed run, else that of the real pace."""
    day = found.compressed
    if day is not None:
        return (day.bytes_per_day, day.low_per_day, day.high_per_day)
    hourly = _growth(claim, found)
    value, low, high = (None if one is None else one * HOURS_A_DAY for one in hourly)
    return (value, low, high)


def _resource(claim: ClaimPlan, found: Finding) -> Rate:
    one = next((one for one in getattr(found, "resources", ()) if one.name == claim.resource), None)
    return (one.per_hour, one.low, one.high) if one else NOTHING


_RATES: dict[str, Callable[[ClaimPlan, Finding], Rate]] = {
    "growth": _growth,
    "compressed_growth": _compressed,
    "rss_bytes_per_day": _per_day,
    "resource": _resource,
}


def state(claim: ClaimPlan, found: Finding) -> str | None:
    """Return the verdict of the growth procedure on what is claimed; None where it was not measured."""
    if claim.quantity == "resource":
        return next((one.verdict for one in getattr(found, "resources", ()) if one.name == claim.resource), None)
    compressed = claim.quantity == "compressed_growth" or (claim.quantity == "rss_bytes_per_day" and found.compressed)
    judged = found.compressed if compressed else found.growth
    return judged.verdict if judged else None


def verdict(claim: ClaimPlan, found: Finding | None, by_interval: ClaimVerdict) -> ClaimVerdict:
    """Decide a claim about a trend; ``by_interval`` is what the interval of the rate says of a number that was claimed.

    A number is held against the interval, which a run of less than ten minutes has no right to: then its state is
    inconclusive although the interval lies on one side of the procedure's own threshold.
    """
    known = state(claim, found) if found else None
    if known is None:
        return "not_measured"
    if claim.relation not in {"flat", "growing"}:
        open_ = known not in _SHOWN and (by_interval == "not_measured" or _too_short(claim, found))
        return "inconclusive" if open_ else by_interval
    if known in _UNSHOWN:
        return _UNSHOWN[known]
    return "reproduced" if known == claim.relation else "not_reproduced"


def _too_short(claim: ClaimPlan, found: Finding | None) -> bool:
    """Return whether the interval would have decided the procedure's threshold, and was not let."""
    growth = found.growth if found else None
    of_the_day = claim.quantity == "rss_bytes_per_day" and found is not None and found.compressed is None
    if not (claim.quantity == "growth" or of_the_day) or growth is None or growth.high is None:
        return False
    return growth.high < growth.delta_bytes_per_hour or (growth.low or 0) > growth.delta_bytes_per_hour
