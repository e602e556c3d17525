"""A scenario and what the command line changes of it become a plan, before anything is measured."""

from harness.plan.limits import sample_interval
from harness.plan.make import identified, make_plan
from harness.plan.options import Options

__all__ = ("Options", "identified", "make_plan", "sample_interval")
