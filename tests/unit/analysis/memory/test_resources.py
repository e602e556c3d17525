"""Every resource by the growth procedure, on samples that are made."""

from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest

from harness import scenario
from harness.analysis.growth.samples import growth
from harness.analysis.memory import resources
from harness.model import GrowthVerdict, Plan, Resource, Sample
from harness.plan import Options, make_plan

SECOND = 10**9
MIB = 2**20
PLAN = make_plan(scenario.find("docker-host"), Options(duration_s=600.0, profile=False))
PLAIN = Sample(
    at_ns=0,
    rss_bytes=20 * MIB,
    pss_bytes=None,
    uss_bytes=None,
    rss_peak_bytes=90 * MIB,
    user_s=0.0,
    system_s=0.0,
    voluntary_switches=None,
    involuntary_switches=None,
    minor_faults=0,
    major_faults=0,
    polls=None,
    events=None,
    rss_anon_bytes=12 * MIB,
    rss_file_bytes=8 * MIB,
    rss_shmem_bytes=0,
    swap_bytes=0,
    threads=3,
    descriptors=9,
)


def series(change: Callable[[int], dict[str, int]], seconds: int = 600) -> list[Sample]:
    return [msgspec.structs.replace(PLAIN, at_ns=at * SECOND, **change(at)) for at in range(seconds + 1)]


def judged(readings: list[Sample], plan: Plan = PLAN) -> dict[str, Resource]:
    return {one.name: one for one in resources.resources([readings], growth(readings, plan), plan)}


def test_what_was_not_measured_is_left_out() -> None:
    found = judged(series(lambda _: {}))

    assert {"rss", "anonymous", "file_mapped", "shared_memory", "swap", "threads", "descriptors"} == set(found)
    assert all(one.verdict == "flat" and one.per_hour == 0 for one in found.values())
    assert all(one.share_of_rss_growth is None for one in found.values())
    assert resources.resources([[]], None, PLAN) == ()


def test_counts_have_a_threshold_of_their_own() -> None:
    found = judged(series(lambda at: {"descriptors": 9 + at // 10, "threads": 3 + at // 590}))

    descriptors = found["descriptors"]
    assert (descriptors.unit, descriptors.first, descriptors.last, descriptors.verdict) == ("count", 9, 69, "growing")
    assert descriptors.per_hour == pytest.approx(360, rel=0.02)
    assert descriptors.low is not None
    assert descriptors.high is not None
    assert descriptors.low <= 360 <= descriptors.high
    assert descriptors.delta_per_hour == PLAN.delta_counts_per_hour == 12
    assert found["threads"].verdict != "growing"
    assert found["rss"].verdict == "flat"


def test_the_parts_of_a_growth_add_up() -> None:
    def climbing(at: int) -> dict[str, int]:
        parts = {"rss_anon_bytes": 12 * MIB + 30_000 * at, "rss_file_bytes": 8 * MIB + 10_000 * at}
        return {**parts, "rss_bytes": sum(parts.values())}

    found = judged(series(climbing))

    assert found["rss"].share_of_rss_growth == 1
    assert found["anonymous"].share_of_rss_growth == pytest.approx(0.75)
    assert found["file_mapped"].share_of_rss_growth == pytest.approx(0.25)
    assert found["shared_memory"].share_of_rss_growth == 0
    assert found["swap"].share_of_rss_growth is None


def test_sparse_readings_are_judged_by_themselves() -> None:
    def sparse(at: int) -> dict[str, int]:
        return {"netlink_sockets": at, "files": 3} if at % 5 == 0 else {}

    found = judged(series(sparse))

    assert found["netlink_sockets"].verdict == "growing"
    assert found["netlink_sockets"].per_hour == pytest.approx(3600)
    assert found["files"].verdict == "flat"


def test_less_than_ten_minutes_are_inconclusive() -> None:
    found = judged(series(lambda at: {"descriptors": 9 + at}, seconds=300))

    assert found["descriptors"].verdict == "inconclusive"


def test_trials_have_to_agree() -> None:
    leaking, still = series(lambda at: {"descriptors": 9 + at}), series(lambda _: {})

    def of(*trials: list[Sample]) -> str:
        found = resources.resources(trials, growth(still, PLAN), PLAN)
        return next(one.verdict for one in found if one.name == "descriptors")

    assert [of(leaking, leaking), of(leaking, still), of(still, still)] == ["growing", "inconclusive", "flat"]


def test_names_are_told_apart() -> None:
    names = sorted(kind.name for kind in resources.KINDS)
    assert all(before != after for before, after in pairwise(names))
    assert {kind.column for kind in resources.KINDS} <= set(Sample.__struct_fields__)


def growing(name: str, verdict: GrowthVerdict = "growing") -> Resource:
    return Resource(
        name=name,
        unit="count",
        first=0,
        last=1,
        verdict=verdict,
        per_hour=1.0,
        low=1.0,
        high=1.0,
        share_of_rss_growth=None,
        delta_per_hour=1.0,
    )


@pytest.mark.parametrize(
    ("found", "leaked"),
    [
        ((growing("rss"), growing("threads"), growing("pipes")), ["threads"]),
        ((growing("rss"), growing("charged_kernel")), []),
        ((growing("rss", "flat"), growing("charged_kernel"), growing("charged")), ["charged_kernel"]),
        ((growing("descriptors"), growing("charged_kernel")), ["descriptors"]),
        ((growing("descriptors", "slow"), growing("children", "inconclusive")), []),
    ],
)
def test_leaks_besides_resident_memory_are_told(found: tuple[Resource, ...], leaked: list[str]) -> None:
    assert [one.name for one in resources.leaked(found)] == leaked


@pytest.mark.parametrize(
    ("given_back", "verdict", "rss"), [(50_000, "flat", "growing"), (20_000, "growing", "growing")]
)
def test_what_grows_by_lazily_freed_pages_alone_does_not_grow(given_back: int, verdict: str, rss: str) -> None:
    def freeing(at: int) -> dict[str, int]:
        freed = {"lazily_freed_bytes": given_back * at} if at % 5 == 0 else {}
        return {"rss_bytes": 20 * MIB + 50_000 * at, "rss_anon_bytes": 12 * MIB + 50_000 * at, **freed}

    readings = series(freeing)
    of = growth(readings, PLAN)

    assert of is not None
    assert of.verdict == verdict
    found = judged(readings)
    assert (found["rss"].verdict, found["rss"].share_of_rss_growth) == (rss, 1.0)
    assert found["rss"].per_hour == pytest.approx(50_000 * 3600)
    assert found["lazily_freed"].share_of_rss_growth == pytest.approx(given_back / 50_000, rel=0.05)
