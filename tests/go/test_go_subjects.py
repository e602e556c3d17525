"""The Go subjects in a real run, by a small scenario of netbird-5857's shape. Skipped where none can be built."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.errors import SubjectFault
from harness.subjects import registry

pytestmark = pytest.mark.slow  # its fixtures measure, and build

PACKAGE = Path(harness.__file__).resolve().parents[1]
HANG_S = 900.0  # the first build fetches modules and compiles the standard library

CLEAN_S = 4.0
SCENARIO = f"""
from harness.model import ClaimPlan, CompressedPlan, ScriptedEvent, ScriptPlan, StormPlan
from harness.scenario import Scenario

CONTRACT = {{"go-poll": "late", "go-netlink": "detected", "go-netlink-resilient": "detected"}}
SCENARIO = Scenario(
    name="small",
    question="?",
    pairs=6,
    duration_s={CLEAN_S},
    subjects={{"go-poll": "before", "go-netlink": "after", "go-netlink-resilient": "alternative", "netlink": "after"}},
    step_links=(7, 10),
    compressed=CompressedPlan(links=10, polls=2000, subjects=("go-poll", "go-netlink")),
    scripts=(
        ScriptPlan(
            scripted_events=tuple(
                ScriptedEvent(name=name, text=name, steps=steps, valid_reasons=truth, expected_outcomes=CONTRACT)
                for name, steps, truth in (
                    ("delete", ("fault: delete",), ("deleted",)),
                    ("rename", ("fault: rename",), ("renamed", "deleted")),
                )
            )
        ),
    ),
    storm=StormPlan(overrun=20.0, live_events=0, rates=(), seconds_a_rate=0.0),
    claims=(
        ClaimPlan(
            id="dump", text="It is the dump.", source="", subject="go-poll", quantity="function_share",
            relation="at_least", claimed=0.3, unit="of the bytes", links=10, function="syscall.NetlinkRIB",
        ),
    ),
)
"""


def run(folder: Path, *rest: str, **variables: str) -> tuple[int, dict[str, Any]]:
    argv = [sys.executable, "-P", "-m", "harness", "run", *rest, "--json", "--quiet", "--no-report"]
    done = subprocess.run(
        [*argv, "--results", str(folder / "results")],
        check=False,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        env={**os.environ, "PYTHONPATH": str(PACKAGE), **variables},
    )
    assert "Traceback" not in done.stderr
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    try:
        registry.gowatch()
    except SubjectFault as fault:
        pytest.skip(fault.message)
    folder = tmp_path_factory.mktemp("go")
    (folder / "small.py").write_text(SCENARIO)
    status, found = run(folder, str(folder / "small.py"))
    assert status == 0, found["warnings"]
    return found


def of(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["subjects"] if one["name"] == name)
    return found


def test_a_poll_costs_more_with_every_link(document: dict[str, Any]) -> None:
    costs = {one["links"]: one["bytes_per_poll"] for one in of(document, "go-poll")["cost_by_links"]}
    fewest, more, *_ = sorted(costs)

    assert (fewest, more) == (7, 10), "odd numbers of links are made as well"
    assert 5_000 < (costs[more] - costs[fewest]) / 3 < 25_000


@pytest.mark.parametrize("name", ["go-netlink", "go-netlink-resilient"])
def test_an_idle_subscription_allocates_next_to_nothing(document: dict[str, Any], name: str) -> None:
    allocated = of(document, name)["churn"]["idle_bytes_per_day"] * CLEAN_S / 86_400

    assert allocated < 1024, "bytes in the sampling phase: Go's scheduler makes a wait queue entry of 112 now and then"


def test_a_subscription_pays_for_events_of_others(document: dict[str, Any]) -> None:
    after, resilient = (
        of(document, name)["churn"]["bytes_per_event"] for name in ("go-netlink", "go-netlink-resilient")
    )

    assert 3_000 < after < 20_000
    assert resilient < 500


def test_a_churner_in_go_is_found_within_half_a_percent(document: dict[str, Any]) -> None:
    (control,) = [one for one in document["controls"] if one["name"] == "go-churner"]

    assert control["ok"]
    assert control["measured"] == pytest.approx(1_048_576, rel=0.005)


def test_the_share_of_a_function_comes_from_its_profile(document: dict[str, Any]) -> None:
    (claim,) = document["claims"]
    assert (claim["verdict"], 0.3 < claim["measured"] <= 1) == ("reproduced", True)


def test_a_day_of_polls_is_made_back_to_back(document: dict[str, Any]) -> None:
    poll, silent = (of(document, name)["compressed"] for name in ("go-poll", "go-netlink"))

    assert poll["polls"] >= 1000  # of 2000: those before the first count are not in it, and a busy machine makes many
    assert (poll["links"], silent["links"]) == (10, 10)
    assert of(document, "go-netlink-resilient")["compressed"] is None


def test_changes_are_seen_and_the_overrun_restarts_only_the_one_that_gives_up(document: dict[str, Any]) -> None:
    seen = {name: of(document, name)["detection"] for name in ("go-poll", "go-netlink", "go-netlink-resilient")}

    assert all(one["missed"] == 0 for one in seen.values())
    assert {name: one["false_positives"] for name, one in seen.items()} == {
        "go-poll": 0,
        "go-netlink": 1,
        "go-netlink-resilient": 0,
    }


def test_what_was_lost_is_told_by_the_resilient_one_alone(document: dict[str, Any]) -> None:
    faithful, resilient = (of(document, name)["loss"] for name in ("go-netlink", "go-netlink-resilient"))

    assert faithful["dropped"] > 0
    assert not faithful["reported"]
    assert resilient["dropped"] > 0
    assert resilient["reported"]


def test_two_languages_are_never_compared(document: dict[str, Any]) -> None:
    pairs = {(one["before"], one["after"]) for one in document["comparisons"]}
    assert pairs == {("go-poll", "go-netlink"), ("go-poll", "go-netlink-resilient")}


def test_without_go_the_others_are_measured_and_the_report_says_so(tmp_path: Path) -> None:
    folders = os.environ["PATH"].split(os.pathsep)
    bare = os.pathsep.join(folder for folder in folders if shutil.which("go", path=folder) is None)
    subjects = ("--subject", "go-poll", "--subject", "netlink")
    short = ("--pairs", "2", "--duration", "1s", "--no-profile")
    _, found = run(tmp_path, "docker-host", *short, *subjects, PATH=bare)
    if of(found, "go-poll")["outcome"] != "skipped":
        pytest.skip("there is a Go besides PATH")

    assert of(found, "netlink")["outcome"] == "completed"
    assert any(one["text"].startswith("Go: not measured: no Go on PATH") for one in found["warnings"])
