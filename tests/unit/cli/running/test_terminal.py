"""The last words on a terminal: they fit 80 columns and say of each subject whether its memory grows."""

from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from harness.cli.running.summary import summary
from harness.derive import analysis_of
from harness.model import Analysis, Claim, Control, Growth

GOLDEN = Path(__file__).parents[3] / "golden" / "docker-host"
OPEN = Growth(
    verdict="inconclusive",
    bytes_per_hour=1.0,
    low=-1.0,
    high=1.0,
    confidence=0.95,
    delta_bytes_per_hour=4.0,
    minimal_detectable_bytes_per_hour=5.0,
    additional_seconds=480.0,
    bytes_per_poll=None,
    steady_from_s=0.0,
    step_at_s=None,
    explanation="climbs by [b]1 B an hour (-1 B to 1 B, 95 %), which leaves open whether it grows by 4 MiB an hour",
)


def told(analysis: Analysis) -> list[str]:
    console = Console(width=80, no_color=True)
    with console.capture() as captured:
        console.print(summary(analysis))
    return captured.get().splitlines()


@pytest.fixture
def kept() -> Analysis:
    found = analysis_of(GOLDEN)
    first, *rest = found.subjects
    return msgspec.structs.replace(found, subjects=(msgspec.structs.replace(first, growth=OPEN), *rest))


def test_the_growth_of_each_subject_is_told_in_words(kept: Analysis) -> None:
    said = " ".join(" ".join(told(kept)).split())
    assert "inconclusive: climbs by [b]1 B an hour" in said
    assert "poll 8m more" in said
    assert "not measured in this version" not in said


def test_a_minute_has_one_line_on_growth_and_an_exceeded_claim_one_of_its_own() -> None:
    short = analysis_of(GOLDEN)
    lines = told(short)
    assert sum("not judged" in line for line in lines) == 1
    assert not any("inconclusive" in line for line in lines[:-1])
    (claim,) = (one for one in short.claims if one.times)
    assert sum(claim.id in line and "110 times" in line for line in lines) == 1


def test_all_fits_eighty_columns_and_ends_with_the_verdict(kept: Analysis) -> None:
    lines = told(kept)
    assert max(map(len, lines)) <= 80
    assert lines[-1].split()[0] == kept.verdict


@pytest.mark.parametrize(("ok", "words"), [(True, "controls OK"), (False, "controls failed: leaker")])
def test_the_last_line_says_how_the_controls_came_out(kept: Analysis, ok: bool, words: str) -> None:  # noqa: FBT001 - a parameter
    leaker = Control(name="leaker", what="growth", expected=1.0, measured=1.0, unit="bytes/hour", ok=ok)
    assert told(msgspec.structs.replace(kept, controls=(leaker,)))[-1].endswith(words)


@pytest.mark.parametrize(
    ("origin", "ok", "others", "stand"),
    [
        ("exec", True, True, True),
        ("exec", False, True, False),
        ("builtin", True, True, False),
        ("exec", True, False, False),
    ],
)
def test_who_crashed_is_named_with_its_last_words_and_whether_the_rest_can_be_used(
    kept: Analysis, origin: str, *, ok: bool, others: bool, stand: bool
) -> None:
    leaker = Control(name="leaker", what="growth", expected=1.0, measured=1.0, unit="bytes/hour", ok=ok)
    planned, found = kept.plan.subjects[0], kept.subjects[0]
    plan = msgspec.structs.replace(kept.plan, subjects=(msgspec.structs.replace(planned, name="mine", source=origin),))
    dead = msgspec.structs.replace(found, name="mine", outcome="crashed", death="crashed with status 7: \x1b[31mbroken")
    subjects = (dead, *kept.subjects[1:2]) if others else (dead,)
    said = told(msgspec.structs.replace(kept, plan=plan, subjects=subjects, controls=(leaker,), verdict="invalid"))

    assert any(line.startswith("mine crashed with status 7") for line in said)
    assert "\x1b[31m" not in "".join(said)
    assert ("The numbers of the others stand." in said) == stand


def test_names_are_printed_as_they_are_and_leave_room_for_the_words_beside_them(kept: Analysis) -> None:
    names = ("a[red]b[/]", "x" * 62 + "1", "x" * 62 + "2")
    first = kept.subjects[0]
    subjects = tuple(msgspec.structs.replace(first, name=name) for name in names)
    lines = told(msgspec.structs.replace(kept, subjects=subjects))

    assert max(map(len, lines)) <= 80
    for name in ("a[red]b[/] ", "xxxxxxx1 ", "xxxxxxx2 "):
        assert sum(name in line for line in lines) >= 2  # what it costs, and whether it grows
    assert any("inconclusive: climbs by [b]1 B an hour" in line for line in lines)


def test_claims_that_do_not_gate_are_not_passed_over(kept: Analysis) -> None:
    claims = tuple(
        Claim(id=str(n), text="", source="", gates=False, verdict="not_reproduced", claimed=1, measured=2, unit="")
        for n in range(2)
    )
    assert "2 non-gating claims were not reproduced" in told(msgspec.structs.replace(kept, claims=claims))[-2]
