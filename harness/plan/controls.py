"""Controls: subjects of known behaviour beside those of a run, and how much they leak and churn. Pure."""

from harness.model import ControlsPlan, SubjectPlan
from harness.plan.subjects import planned
from harness.subjects import registry
from harness.units import MIB, SECONDS_AN_HOUR

LEAK_BYTES = 16.0 * MIB  # by the leaker, over a whole run
LEAST_LEAK_BYTES_PER_HOUR = 10.0 * MIB  # 2.5 times the climb that matters


def choose_controls(subjects: tuple[SubjectPlan, ...]) -> tuple[SubjectPlan, ...]:
    """Choose the controls of a run: Python's always, Go's beside subjects in Go; none that was asked for by name."""
    names = ["sleeper", "leaker", "churner"]
    if any(one.language == "go" and one.source == "builtin" for one in subjects):
        names.append("go-churner")
    taken = {one.name for one in subjects}
    return tuple(planned(registry.find(name), "control") for name in names if name not in taken)


def controls_plan(duration_s: float) -> ControlsPlan:
    """Fix a leak that a run of this length can show, and that takes little memory of the machine."""
    leak = max(LEAK_BYTES / duration_s * SECONDS_AN_HOUR, LEAST_LEAK_BYTES_PER_HOUR)
    return ControlsPlan(
        leak_bytes_per_hour=leak,
        leak_tolerance=0.1,
        churn_bytes_per_poll={"churner": 1_000_000, "go-churner": 1_048_576},
        churn_tolerance=0.005,
    )
