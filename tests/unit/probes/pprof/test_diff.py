"""Two profiles to what lies between them: by values, and against a simulation of Go's sampling."""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from harness.probes.pprof import pprof
from harness.probes.pprof.diff import Function, difference
from harness.probes.pprof.pprof import Profile
from raising import raises_id

Build = Callable[..., Any]
RATE = 524_288
OLD = {("main", "watch", "lookup"): (10, 10_240, 4, 4096)}
NEW = {("main", "watch", "lookup"): (30, 30_720, 1, 1024), ("main", "other"): (5, 5120, 5, 5120)}
LATER = 10**18 + 60 * 10**9


def profile(message: Any, name: str = "it") -> Profile:
    return pprof.parse(message.SerializeToString(), name)


def refused(before: Any, after: Any, name: str, *facts: object) -> None:
    with raises_id(name, *facts):
        difference(profile(before, "before.prof"), profile(after, "after.prof"), "alloc_space")


def test_the_difference_is_told_by_function_and_by_stack(build: Build) -> None:
    found = difference(profile(build(OLD)), profile(build(NEW, at_ns=LATER)), "alloc_space")

    assert (found.total, found.seconds, found.period) == (25_600, 60.0, RATE)
    assert found.stacks == {("main", "watch", "lookup"): 20_480, ("main", "other"): 5120}
    assert found.functions == (
        Function("lookup", 20_480, 20_480),
        Function("other", 5120, 5120),
        Function("main", 0, 25_600),
        Function("watch", 0, 20_480),
    )
    assert found.accounting == "go:sampled-profile"


def test_what_is_in_use_may_shrink(build: Build) -> None:
    found = difference(profile(build(OLD)), profile(build(NEW, at_ns=LATER)), "inuse_space")

    assert found.total == -3072 + 5120
    assert found.functions[0] == Function("other", 5120, 5120)


def test_stacks_of_a_function_that_is_not_asked_for_are_left_out(build: Build) -> None:
    found = difference(profile(build(OLD)), profile(build(NEW)), "alloc_space", without=("oth",))

    whole = difference(profile(build(OLD)), profile(build(NEW)), "alloc_space")
    assert found.stacks == {("main", "watch", "lookup"): 20_480}
    assert (found.left_out, whole.left_out) == (whole.total - found.total, 0)


def test_a_profile_has_no_difference_to_itself(build: Build) -> None:
    found = difference(profile(build(OLD)), profile(build(OLD)), "alloc_space")

    assert (found.total, found.standard_error, found.seconds, found.functions) == (0, 0.0, None, ())


@pytest.mark.parametrize("at_ns", [(0, LATER), (LATER, 0), (0, 0)])
def test_profiles_without_a_time_have_no_seconds(build: Build, at_ns: tuple[int, int]) -> None:
    old, new = (profile(build(rows, at_ns=at)) for rows, at in zip((OLD, NEW), at_ns, strict=True))

    assert difference(old, new, "alloc_space").seconds is None


def test_profiles_that_do_not_belong_together_are_told(build: Build) -> None:
    other_kinds = build(OLD)
    other_kinds.string_table[other_kinds.sample_type[0].type] = b"samples"
    of_a_period = build(OLD)
    of_a_period.duration_nanos = 10**9

    refused(build(NEW, at_ns=LATER), build(OLD), "profiles_reversed", "60.000 s")
    refused(build(OLD), build(NEW, period=1), "profiles_differ", f"{RATE:,}")
    refused(build(OLD), other_kinds, "profiles_differ", "alloc_space", "after.prof")
    refused(of_a_period, build(NEW), "profiles_differ", "before.prof")
    refused(build({}, period=0), build({}, period=0), "profiles_differ", "before.prof")


def test_a_restart_is_told_by_the_total(build: Build) -> None:
    refused(build(NEW), build(OLD, at_ns=LATER), "process_restarted", "alloc_space", "10,240", "35,840")


def test_a_restart_is_told_by_one_stack_where_the_total_grew(build: Build) -> None:
    restarted = {("main", "other"): (1000, 1_024_000, 0, 0)}

    refused(build(OLD), build(restarted, at_ns=LATER), "process_restarted")


def test_small_blocks_have_the_error_of_their_samples(build: Build) -> None:
    total = 100 * RATE
    after = build({("main",): (total // 16, total, 0, 0)}, block=16)
    found = difference(profile(build({}, block=16)), profile(after), "alloc_space")

    assert found.standard_error / found.total == pytest.approx(1 / math.sqrt(100), rel=0.001)


def test_blocks_beyond_the_rate_are_all_seen(build: Build) -> None:
    after = build({("main",): (10, 10 * 2**24, 0, 0)}, block=2**24)
    found = difference(profile(build({})), profile(after), "alloc_space")

    assert found.standard_error / found.total < 1e-6


def test_every_allocation_counted_has_no_error(build: Build) -> None:
    found = difference(profile(build(OLD, period=1)), profile(build(NEW, period=1)), "alloc_space")

    assert found.standard_error == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["alloc_space", "alloc_objects"])
@pytest.mark.parametrize("block", [4096, 262_144, 1_048_576])
def test_the_error_is_that_of_gos_sampling(build: Build, block: int, kind: str) -> None:
    chance = random.Random(1)  # noqa: S311 - a simulation
    share = 1 - math.exp(-block / RATE)
    allocations = round(400 / share)
    truth = allocations * (block if kind == "alloc_space" else 1)
    inside = 0
    for _ in range(200):
        sampled = sum(chance.random() < share for _ in range(allocations))
        values = (int(sampled / share), int(sampled * block / share), 0, 0)
        after = profile(build({("main",): values}, block=block))
        found = difference(profile(build({}, block=block)), after, kind)
        inside += abs(found.total - truth) <= 1.96 * found.standard_error

    assert 0.9 <= inside / 200 <= 1
