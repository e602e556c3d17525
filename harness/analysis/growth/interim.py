"""Is a verdict on growth settled while a run goes on? A look is stricter than the verdict of a whole run.

How often a run that is ended so errs was simulated: see ``tests/calibration``.
"""

import numpy as np
import numpy.typing as npt

from harness.analysis.growth.samples import SLACK, thresholds
from harness.analysis.growth.schedule import LEAST_S
from harness.analysis.growth.thresholds import Verdict
from harness.analysis.growth.verdict import Thresholds, judge
from harness.model import Plan
from harness.units import NS_A_SECOND, SECONDS_AN_HOUR

# One end is exceeded in 0.25 %. A week has ten looks, so that by Bonferroni a leak of delta would be called flat in
# at most 2.5 %, as by one interval of 95 %. What holds is the simulated rate, in tests/calibration.
CONFIDENCE = 0.995  # of a look, at least


def strict(plan: Plan) -> Thresholds:
    """Store the plan's thresholds, with the confidence of a look."""
    fixed = thresholds(plan)
    return Thresholds(delta=fixed.delta, confidence=max(fixed.confidence, CONFIDENCE))


def verdict(at_ns: npt.ArrayLike, rss_bytes: npt.ArrayLike, plan: Plan) -> Verdict:
    """Judge one series by the thresholds of a look; what is shorter than the least of all looks is inconclusive."""
    at = np.asarray(at_ns, dtype=np.int64)
    if not at.size or at[-1] - at[0] < LEAST_S * (1 - SLACK) * NS_A_SECOND:
        return "inconclusive"
    return judge((at - at[0]) / NS_A_SECOND / SECONDS_AN_HOUR, np.asarray(rss_bytes), strict(plan)).verdict
