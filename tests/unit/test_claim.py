"""The grammar of --claim: each form, and each way to be wrong with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import claim
from harness.errors import UsageFault
from harness.model import ClaimPlan
from raising import raises_id

NAMES = ("old", "new", "a.b-c")


def read(text: str) -> ClaimPlan:
    (found,) = claim.read([text], NAMES)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("new.growth flat", ("new", "growth", "flat", 0, "bytes/hour")),
        ("old.growth growing", ("old", "growth", "growing", 0, "bytes/hour")),
        ("  new.compressed_growth   flat ", ("new", "compressed_growth", "flat", 0, "bytes/poll")),
        ("a.b-c.growth flat", ("a.b-c", "growth", "flat", 0, "bytes/hour")),
        ("new.rss_peak_bytes <= 60MiB", ("new", "rss_peak_bytes", "at_most", 60 * 2**20, "bytes")),
        ("new.rss_peak_bytes<=60 MiB", ("new", "rss_peak_bytes", "at_most", 60 * 2**20, "bytes")),
        ("new.growth <= 1MiB/h", ("new", "growth", "at_most", 2**20, "bytes/hour")),
        ("new.growth >= -1MiB/hour", ("new", "growth", "at_least", -(2**20), "bytes/hour")),
        ("new.bytes_per_day <= 1.5GB/day", ("new", "bytes_per_day", "at_most", 1.5e9, "bytes/day")),
        ("new.bytes_per_event <= 0", ("new", "bytes_per_event", "at_most", 0, "bytes/event")),
        ("new.latency_p99_s <= 50ms", ("new", "latency_p99_s", "at_most", 0.05, "s")),
        ("new.missed <= 0", ("new", "missed", "at_most", 0, "events")),
        ("new.threads <= 3/h", ("new", "resource", "at_most", 3, "an hour")),
        ("new.bytes_per_day <= 1% of old", ("new", "bytes_per_day", "at_most", 0.01, "of old")),
    ],
)
def test_a_form_is_read(text: str, expected: tuple[object, ...]) -> None:
    found = read(text)

    assert (found.subject, found.quantity, found.relation, found.claimed, found.unit) == expected
    assert found.gates


def test_about_takes_a_tolerance() -> None:
    assert read("new.bytes_per_poll = 30kB +- 25%").tolerance == 0.25
    assert read("new.bytes_per_poll = 30kB ± 25 %").claimed == 30_000


def test_a_resource_and_a_share_name_theirs() -> None:
    assert read("new.descriptors flat").resource == "descriptors"
    assert read("new.bytes_per_day <= 1% of old").share_of == "old"


@pytest.mark.parametrize("text", claim.EXAMPLES)
def test_every_example_of_an_error_is_right(text: str) -> None:
    assert read(text).source == claim.SOURCE


@pytest.mark.parametrize("word", claim.QUANTITIES)
def test_every_quantity_can_be_claimed(word: str) -> None:
    assert read(f"new.{word} <= 1").quantity == claim.QUANTITIES[word].quantity


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1),
        ("new", 1),
        ("growth flat", 1),
        ("nwe.growth flat", 1),
        ("  nwe.growth flat", 3),
        ("new.grwth flat", 5),
        ("new.growth", 11),
        ("new.growth flatt", 11),
        ("new.rss_peak_bytes flat", 24),
        ("new.rss_peak_bytes < 5", 19),
        ("new.rss_peak_bytes <=", 22),
        ("new.rss_peak_bytes <= x", 22),
        ("new.rss_peak_bytes <= 5 parsec", 25),
        ("new.rss_peak_bytes <= 5MiB/h", 27),
        ("new.missed <= 5MiB", 16),
        ("new.bytes_per_day <= 1% of x", 28),
        ("new.bytes_per_day <= 1% of new", 28),
        ("new.bytes_per_day = 5kB", 24),
        ("new.bytes_per_day = 5kB +- 5", 29),
        ("new.growth flat x", 16),
        (f"new.rss_peak_bytes <= {'9' * 400}", 423),
    ],
)
def test_what_is_wrong_is_placed_and_answered_with_an_example(text: str, column: int) -> None:
    with raises_id("bad_claim") as caught:
        read(text)

    assert f", column {column}: " in caught.value.message
    assert any(repr(example) in caught.value.hint for example in (*claim.EXAMPLES, "new.growth flat"))


def test_claims_have_ids_of_their_own_and_none_counts_twice() -> None:
    found = claim.read(["new.growth flat", "old.growth growing", "new.growth flat"], NAMES)

    assert [one.id for one in found] == ["claim-1", "claim-2"]


@given(st.text(max_size=60))
def test_any_text_is_a_claim_or_a_usage_fault(text: str) -> None:
    try:
        found = read(text)
    except UsageFault:
        return
    assert found.subject in NAMES
