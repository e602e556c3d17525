"""tiny: does a run of two seconds that meets every phase of a longer one survive what is done to it?"""

from harness.scenario import Scenario

SCENARIO = Scenario(
    name="tiny",
    question="Does a run that meets every phase of a longer one survive what is done to it?",
    pairs=2,
    subjects={"poll-name": "before", "netlink-filtered": "after"},
    duration_s=1.5,
    interval_s=0.2,
)
