"""Claims about trends, levels and shares, by values."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from harness import claim
from harness.analysis import claims
from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.model import Churn, ClaimVerdict, Compressed, Cpu, Finding, Growth, Loss, Memory, Resource

Build = Callable[..., Facts]
MIB = 2**20


def growth(verdict: str, low: float, high: float) -> Growth:
    return msgspec.convert(
        {
            "verdict": verdict,
            "bytes_per_hour": (low + high) / 2 * MIB,
            "low": low * MIB,
            "high": high * MIB,
            "confidence": 0.95,
            "delta_bytes_per_hour": 4.0 * MIB,
            "minimal_detectable_bytes_per_hour": None,
            "additional_seconds": None,
            "bytes_per_poll": None,
            "steady_from_s": None,
            "step_at_s": None,
            "explanation": "",
        },
        Growth,
    )


UNSETTLED = msgspec.structs.replace(growth("no_steady_state", 0, 0), bytes_per_hour=None, low=None, high=None)


def compressed(verdict: str, low: float, high: float) -> Compressed:
    return msgspec.convert(
        {
            **dict.fromkeys(("polls", "links", "rss_first_bytes", "rss_last_bytes", "rss_peak_bytes"), 1),
            **dict.fromkeys(("seconds", "delta_per_poll", "confidence"), 1.0),
            "verdict": verdict,
            "bytes_per_poll": (low + high) / 2,
            "low_per_poll": low,
            "high_per_poll": high,
            "bytes_per_day": (low + high) / 2 * 43_200,
            "low_per_day": low * 43_200,
            "high_per_day": high * 43_200,
            "explanation": "",
        },
        Compressed,
    )


def churn(a_day: float, accounting: str = "self-reported") -> Churn:
    return Churn(
        bytes_per_poll=None,
        bytes_per_event=None,
        idle_bytes_per_day=None,
        bytes_per_day=a_day,
        allocations_per_day=7.0,
        accounting=accounting,
        polls=1,
        events=0,
    )


@pytest.fixture
def judged(facts: Build) -> Callable[..., ClaimVerdict]:
    """Judge a claim about ``new``, beside ``old``, whose findings are given."""

    def judge(text: str, new: dict[str, object], old: dict[str, object] | None = None) -> ClaimVerdict:
        built = facts()
        plain = analyse(built).subjects[0]
        findings: tuple[Finding, ...] = tuple(
            msgspec.structs.replace(plain, name=name, **given) for name, given in (("new", new), ("old", old or {}))
        )
        (plan,) = claim.read([text], ["new", "old"])
        result = msgspec.structs.replace(built.result, plan=msgspec.structs.replace(built.result.plan, claims=(plan,)))
        (found,) = claims.ledger(findings, replace(built, result=result))
        return found.verdict

    return judge


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("new.growth flat", growth("flat", -1, 1), "reproduced"),
        ("new.growth flat", growth("growing", 9, 11), "not_reproduced"),
        ("new.growth flat", growth("inconclusive", -9, 11), "inconclusive"),
        ("new.growth growing", growth("growing", 9, 11), "reproduced"),
        ("new.growth growing", growth("flat", -1, 1), "not_reproduced"),
        ("new.growth growing", growth("no_steady_state", 0, 0), "inconclusive"),
        ("new.growth <= 12MiB/h", growth("growing", 9, 11), "reproduced"),
        ("new.growth <= 10MiB/h", growth("growing", 9, 11), "inconclusive"),
        ("new.growth <= 8MiB/h", growth("growing", 9, 11), "not_reproduced"),
        ("new.growth <= 8MiB/h", growth("inconclusive", 5, 6), "inconclusive"),
        ("new.growth flat", None, "not_measured"),
        ("new.growth <= 8MiB/h", UNSETTLED, "inconclusive"),
    ],
)
def test_growth_is_claimed_at_the_real_pace(
    judged: Callable[..., ClaimVerdict], text: str, known: Growth | None, expected: str
) -> None:
    assert judged(text, {"growth": known}) == expected


SHORT = msgspec.structs.replace(growth("inconclusive", 3, 6), too_short=True)  # on both sides of delta


def descriptors(verdict: str, low: float, high: float) -> Resource:
    return msgspec.convert(
        {
            "name": "descriptors",
            "unit": "count",
            "first": 5,
            "last": 5,
            "verdict": verdict,
            "per_hour": (low + high) / 2,
            "low": low,
            "high": high,
            "share_of_rss_growth": None,
            "delta_per_hour": 10.0,
        },
        Resource,
    )


@pytest.mark.parametrize("text", ["<= 8MiB/h", "<= 2MiB/h", ">= 1MiB/h", "= 4.5MiB/h +- 50%"])
def test_no_claim_about_a_rate_is_decided_by_a_life_of_less_than_ten_minutes(
    judged: Callable[..., ClaimVerdict], text: str
) -> None:
    assert judged(f"new.growth {text}", {"growth": SHORT}) == "inconclusive"


@pytest.mark.parametrize("known", [descriptors("inconclusive", -1, 0.5), descriptors("inconclusive", 0.2, 30)])
def test_nor_is_one_about_another_resource(judged: Callable[..., ClaimVerdict], known: Resource) -> None:
    for text in ("new.descriptors <= 1/h", "new.descriptors <= 0.1/h", "new.descriptors >= 0.1/h"):
        assert judged(text, {"growth": SHORT, "resources": (known,)}) == "inconclusive"


def test_nor_is_one_about_a_share(judged: Callable[..., ClaimVerdict]) -> None:
    grown = growth("growing", 90, 110)

    assert judged("new.growth <= 20% of old", {"growth": SHORT}, {"growth": grown}) == "inconclusive"
    assert judged("old.growth <= 90% of new", {"growth": SHORT}, {"growth": grown}) == "inconclusive"


def test_what_lived_for_long_enough_is_held_against_a_rate(judged: Callable[..., ClaimVerdict]) -> None:
    new = {"growth": growth("flat", -1, 1), "resources": (descriptors("flat", -1, 0.5),)}

    assert judged("new.descriptors <= 1/h", new) == "reproduced"
    assert judged("new.descriptors >= 1/h", new) == "not_reproduced"
    assert judged("new.growth <= 8MiB/h", {"growth": growth("inconclusive", 3, 6)}) == "reproduced"


def test_polls_in_compressed_time_need_no_ten_minutes(judged: Callable[..., ClaimVerdict]) -> None:
    new = {"growth": SHORT, "compressed": compressed("flat", -1, 1)}

    assert judged("new.compressed_growth <= 2B/poll", new) == "reproduced"


def test_growth_is_claimed_compressed(judged: Callable[..., ClaimVerdict]) -> None:
    assert judged("new.compressed_growth flat", {"compressed": compressed("flat", -1, 1)}) == "reproduced"
    assert judged("new.compressed_growth <= 2B/poll", {"compressed": compressed("flat", -1, 1)}) == "reproduced"
    assert judged("new.compressed_growth flat", {}) == "not_measured"


MEMORY = Memory(
    rss_first_bytes=MIB, rss_last_bytes=2 * MIB, rss_peak_bytes=3 * MIB, pss_last_bytes=MIB, uss_last_bytes=None
)
CPU = Cpu(user_s=1.0, system_s=0.5, voluntary_switches=10, involuntary_switches=3, minor_faults=100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("new.rss_peak_bytes <= 3MiB", "reproduced"),
        ("new.rss_peak_bytes <= 2.9MiB", "not_reproduced"),
        ("new.rss_last_bytes >= 2MiB", "reproduced"),
        ("new.pss_last_bytes = 1MiB +- 1%", "reproduced"),
        ("new.uss_last_bytes <= 1GiB", "not_measured"),
        ("new.user_s <= 1s", "reproduced"),
        ("new.voluntary_switches <= 9", "not_reproduced"),
        ("new.dropped <= 0", "reproduced"),
        ("new.missed <= 0", "not_measured"),
        ("new.allocations_per_day <= 7/day", "reproduced"),
        ("new.descriptors flat", "not_measured"),
    ],
)
def test_a_level_is_claimed(judged: Callable[..., ClaimVerdict], text: str, expected: str) -> None:
    new = {"memory": MEMORY, "cpu": CPU, "loss": Loss(dropped=0, reported=True), "churn": churn(5.0)}

    assert judged(text, new) == expected


@pytest.mark.parametrize(
    ("text", "new", "old", "expected"),
    [
        ("new.bytes_per_day <= 1% of old", churn(1.0), churn(100.0), "reproduced"),
        ("new.bytes_per_day <= 1% of old", churn(2.0), churn(100.0), "not_reproduced"),
        ("new.bytes_per_day <= 1% of old", churn(1.0), churn(0.0), "not_measured"),
        ("new.bytes_per_day <= 1% of old", churn(1.0), churn(100.0, "go:size-classes"), "not_measured"),
        ("new.bytes_per_day <= 1% of old", churn(1.0), None, "not_measured"),
    ],
)
def test_a_share_is_claimed_within_one_accounting_mode(
    judged: Callable[..., ClaimVerdict], text: str, new: Churn, old: Churn | None, expected: str
) -> None:
    assert judged(text, {"churn": new}, {"churn": old}) == expected


def test_a_share_of_growth_has_the_widest_interval_that_its_parts_leave(judged: Callable[..., ClaimVerdict]) -> None:
    new, old = {"growth": growth("flat", -1, 1)}, {"growth": growth("growing", 90, 110)}

    assert judged("new.growth <= 2% of old", new, old) == "reproduced"
    assert judged("new.growth <= 1% of old", new, old) == "inconclusive"
    assert judged("old.growth <= 2% of new", new, old) == "not_measured"
