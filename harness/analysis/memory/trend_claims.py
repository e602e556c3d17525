"""Claims about a trend: resident memory at the real pace or compressed, or another resource that was sampled."""

from collections.abc import Callable

from harness.model import ClaimPlan, ClaimVerdict, Finding, Resource

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
    one = _named(claim, found)
    return (one.per_hour, one.low, one.high) if one else NOTHING


def _named(claim: ClaimPlan, found: Finding) -> Resource | None:
    return next((one for one in getattr(found, "resources", ()) if one.name == claim.resource), None)


_RATES: dict[str, Callable[[ClaimPlan, Finding], Rate]] = {
    "growth": _growth,
    "compressed_growth": _compressed,
    "rss_bytes_per_day": _per_day,
    "resource": _resource,
}


def state(claim: ClaimPlan, found: Finding) -> str | None:
    """Return the verdict of the growth procedure on what is claimed; None where it was not measured."""
    if claim.quantity == "resource":
        one = _named(claim, found)
        return one.verdict if one else None
    judged = found.compressed if _by_polls(claim, found) else found.growth
    return judged.verdict if judged else None


def verdict(claim: ClaimPlan, found: Finding | None, by_interval: ClaimVerdict) -> ClaimVerdict:
    """Decide a claim about a trend; ``by_interval`` is what the interval of the rate says of a number that was claimed.

    A number is held against the interval, to which a run of less than ten minutes has no right, wherever it lies.
    """
    known = state(claim, found) if found else None
    if known is None:
        return "not_measured"
    if claim.relation not in {"flat", "growing"}:
        withheld = by_interval == "not_measured" or too_short(claim, found) or _overruled(claim, found)
        return "inconclusive" if known not in _SHOWN and withheld else by_interval
    if known in _UNSHOWN:
        return _UNSHOWN[known]
    return "reproduced" if known == claim.relation else "not_reproduced"


def too_short(claim: ClaimPlan, found: Finding | None) -> bool:
    """Return whether the subject lived too briefly for a rate an hour to mean anything."""
    return found is not None and found.growth is not None and found.growth.too_short and not _by_polls(claim, found)


def _by_polls(claim: ClaimPlan, found: Finding) -> bool:
    """Return whether the claim is about compressed time, where polls are counted and not minutes."""
    of_a_day = claim.quantity == "rss_bytes_per_day" and found.compressed is not None
    return claim.quantity == "compressed_growth" or of_a_day


def _overruled(claim: ClaimPlan, found: Finding | None) -> bool:
    """Return whether the interval lies on one side of the threshold although the procedure did not decide."""
    low, high, delta = _held(claim, found) if found else (None, None, None)
    return high is not None and delta is not None and (high < delta or (low or 0) > delta)


def _held(claim: ClaimPlan, found: Finding) -> Rate:
    """Return the interval of the procedure and its threshold, of a rate an hour; Nones where there is none."""
    if claim.quantity == "resource":
        one = _named(claim, found)
        return (one.low, one.high, one.delta_per_hour) if one else NOTHING
    growth = None if _by_polls(claim, found) else found.growth
    return (growth.low, growth.high, growth.delta_bytes_per_hour) if growth else NOTHING
