"""The cost of a poll against the number of links, as a straight line: how much for each link, and how straight."""

from math import sqrt
from statistics import correlation, linear_regression, pvariance

from scipy.special import stdtrit  # and not scipy.stats, which takes half a second to load

from harness.model import Fit, LinkCost

FEWEST = 3  # points through which a line can fail to go


def fit(costs: tuple[LinkCost, ...], confidence: float) -> Fit | None:
    """Draw a line through costs at three or more numbers of links; None where there are fewer."""
    links = [float(one.links) for one in costs]
    if len(set(links)) < FEWEST:
        return None
    spent = [one.bytes_per_poll for one in costs]
    slope, intercept = linear_regression(links, spent)
    r2 = correlation(links, spent) ** 2 if max(spent) > min(spent) else None
    unexplained = (1 - r2) * pvariance(spent) if r2 is not None else 0.0
    error = sqrt(max(0.0, unexplained) / pvariance(links) / (len(costs) - 2))
    half = float(stdtrit(len(costs) - 2, (1 + confidence) / 2)) * error
    miss, at = max((_miss(one, intercept + slope * one.links), one.links) for one in costs)
    return Fit(
        intercept=intercept,
        slope=slope,
        low=slope - half,
        high=slope + half,
        confidence=confidence,
        r2=r2,
        miss=miss,
        miss_links=at,
    )


def _miss(cost: LinkCost, foretold: float) -> float:
    return abs(foretold - cost.bytes_per_poll) / cost.bytes_per_poll if cost.bytes_per_poll else 0.0
