"""Claims beside what was measured, and controls."""

from collections.abc import Callable

import msgspec
import pytest

from harness import wording
from harness.model import Analysis, Claim, ClaimPlan, Control
from harness.report.document import Table, Text
from harness.report.sections import claims

Make = Callable[..., Analysis]
PLAN = ClaimPlan(
    id="climbs",
    text="RSS climbs by 920 MB/day.",
    source="a pull request",
    subject="go-poll",
    quantity="rss_bytes_per_day",
    relation="about",
    claimed=920e6,
    unit="bytes/day",
    tolerance=0.5,
)
CLAIM = Claim(
    id="climbs",
    text=PLAN.text,
    source=PLAN.source,
    gates=False,
    verdict="not_reproduced",
    claimed=920e6,
    measured=3.26e6,
    unit="bytes/day",
    low=-16.1e6,
    high=22.7e6,
)


def test_what_was_claimed_stands_beside_what_was_measured_with_its_interval(analysis: Make) -> None:
    section = claims.claims(analysis(plan={"claims": (PLAN,)}, claims=(CLAIM,)))
    assert section is not None
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert table.columns == ("claim", "claimed", "measured", "verdict", "gates", "source")
    assert table.rows == (
        (
            "RSS climbs by 920 MB/day.",
            "about 920 MB/day ± 50 %",
            "3.26 MB/day (-16.1 MB/day to 22.7 MB/day, 95 %)",
            "✗ not reproduced",
            "no",
            "a pull request",
        ),
    )
    assert table.severities == ("bad",)


def test_what_is_allowed_beyond_a_claim_is_printed(analysis: Make) -> None:
    plan = msgspec.structs.replace(PLAN, relation="at_most", claimed=0, absolute_tolerance=1e6)
    section = claims.claims(analysis(plan={"claims": (plan,)}, claims=(msgspec.structs.replace(CLAIM, claimed=0),)))
    assert section is not None
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert table.rows[0][1] == "at most 0 B/day, 1 MB/day allowed"


def test_every_verdict_has_a_mark_that_needs_no_colour() -> None:
    assert len({one.word for one in wording.CLAIM.values()}) == 5
    assert len({one.word[0] for one in wording.CLAIM.values()}) == 5


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.587, "of the bytes", "58.7 % of the bytes"),
        (29_377.0, "bytes/poll", "29.4 kB/poll"),
        (0.0, "bytes/day", "0 B/day"),
        (0.0021, "s", "2.1 ms"),
        (1, "restarts", "1 restart"),
        (0, "restarts", "0 restarts"),
        (None, "bytes/day", "not measured"),
    ],
)
def test_values_print_in_the_unit_of_the_claim(value: float | None, unit: str, said: str) -> None:
    assert claims.in_unit(value, unit) == said


def test_controls_say_what_they_must_be_and_what_was_measured(analysis: Make) -> None:
    leaker = Control(name="leaker", what="growth", expected=1e9, measured=0.5e9, unit="bytes/hour", ok=False)
    sleeper = Control(name="sleeper", what="churn", expected=0.0, measured=0.0, unit="bytes/day", ok=True)
    section = claims.controls(analysis(controls=(leaker, sleeper)))
    assert section is not None
    [table] = [one for one in section.blocks if isinstance(one, Table)]
    assert table.rows == (
        ("leaker", "growth", "954 MiB/hour", "477 MiB/hour", wording.CONTROL[False].word),
        ("sleeper", "churn", "0 B/day", "0 B/day", wording.CONTROL[True].word),
    )
    assert table.severities == ("bad", "good")
    assert isinstance(section.blocks[0], Text)


def test_without_claims_or_controls_there_is_no_section(analysis: Make) -> None:
    assert claims.claims(analysis()) is None
    assert claims.controls(analysis()) is None


@pytest.mark.parametrize(("measured", "times"), [(2.14e12, "2,100"), (1.5e10, "15"), (282e9, "280")])
def test_a_claim_that_is_exceeded_says_how_many_times(analysis: Make, measured: float, times: str) -> None:
    plan = msgspec.structs.replace(PLAN, relation="at_least", claimed=1e9)
    one = msgspec.structs.replace(CLAIM, verdict="exceeded", claimed=1e9, measured=measured, times=measured / 1e9)
    found = analysis(plan={"claims": (plan,)}, claims=(one,))
    section = claims.claims(found)
    assert section is not None
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert table.rows[0][3].split()[2] == times
    assert times in claims.exceeded(found).split()
    assert claims.exceeded(analysis(claims=(CLAIM,))) == ""
