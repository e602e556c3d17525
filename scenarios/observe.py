"""observe: does the memory of a process of yours climb, where it runs?"""

from harness.scenario import Scenario

SCENARIO = Scenario(
    name="observe",
    question="Does the memory of a process climb, where it runs?",
    pairs=1,
    duration_s=600.0,
    subjects={},
    profiled=False,
    lab=False,
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
