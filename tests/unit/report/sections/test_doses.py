"""What makes it grow: the worst first, a row each, and growth against dose."""

from collections.abc import Callable

import pytest

from harness.model import Analysis, Cycles, Dose, DoseArm, DosePlan, DoseTrialPlan, DoseVerdict
from harness.report.sections import doses
from harness.wording import DOSE

Make = Callable[..., Analysis]
MIB = 2**20
OF_DOSES = {"dose": DosePlan(stimulus="link-events", doses=(0, 20))}


def arm(dose: float, **more: object) -> DoseArm:
    known = {"bytes_per_hour": dose * MIB, "low": dose * MIB - 1, "high": dose * MIB + 1}
    return DoseArm(copy=f"at-{dose:g}", dose=dose, reached=dose, **{**known, **more})  # type: ignore[arg-type]  # a copy


def dose(subject: str, verdict: DoseVerdict, *arms: DoseArm) -> Dose:
    return Dose(
        subject=subject,
        stimulus="link-events",
        doses=arms or (arm(0), arm(20)),
        bytes_per_stimulus=208.0,
        low=206.0,
        high=210.0,
        verdict=verdict,
        explanation="grows",
        max_growth_bytes=100.0,
        without=arm(0),
    )


def cycles(subject: str, verdict: DoseVerdict, released: float) -> Cycles:
    return Cycles(
        subject=subject,
        stimulus="containers",
        cycles=2000,
        kept_bytes_per_cycle=209.0,
        low=201.0,
        high=216.0,
        released_bytes=released,
        verdict=verdict,
        explanation="keeps",
        max_growth_bytes=100.0,
        seconds=12.0,
    )


def test_the_worst_stands_first_and_names_the_verdict_of_the_run(analysis: Make) -> None:
    found = analysis(
        plan=OF_DOSES, doses=(dose("fine", "not_caused"), dose("open", "not_decided"), dose("leaks", "caused"))
    )
    table = doses.table(found)
    assert table is not None
    assert [row[0] for row in table.rows] == ["leaks", "open", "fine"]
    assert table.severities == ("bad", "unsure", "good")
    assert doses.headline(found) == DOSE["caused"].word


def test_a_run_without_doses_has_nothing_of_it(analysis: Make) -> None:
    found = analysis()
    assert (doses.table(found), doses.section(found), doses.picture(found), doses.sentence(found)) == (None,) * 4


def test_copies_that_were_left_out_are_named_and_not_drawn(analysis: Make) -> None:
    out = arm(200, left_out="it ended after 3s", bytes_per_hour=None, low=None, high=None)
    found = analysis(plan=OF_DOSES, doses=(dose("it", "caused", arm(0), arm(20), out),))
    figure, section = doses.picture(found), doses.section(found)
    assert figure is not None
    assert [x for x, _ in figure.lines[0].points] == [0, 20]
    assert section is not None
    assert "it ended after 3s" in str(section.blocks[1])


def test_the_fan_is_the_interval_of_the_slope(analysis: Make) -> None:
    figure = doses.picture(analysis(doses=(dose("it", "caused"),)))
    assert figure is not None
    x, low, high = figure.lines[0].band[-1]
    assert x == 20
    assert (low * MIB / 3600 / 20, high * MIB / 3600 / 20) == pytest.approx((206.0, 210.0))


def test_what_fell_at_release_stands_beside_what_was_kept(analysis: Make) -> None:
    found = analysis(plan=OF_DOSES, cycles=(cycles("it", "not_caused", 13.0 * MIB),))
    table = doses.table(found)
    assert table is not None
    assert table.rows[0][-1] == "13 MiB"
    assert doses.section(found) is not None
    assert doses.picture(found) is None


def test_doses_within_a_scenario_have_a_section_and_leave_the_first_screen_to_it(analysis: Make) -> None:
    trial = DoseTrialPlan(subjects=("it",), dose=OF_DOSES["dose"], pairs=36, duration_s=60.0)
    found = analysis(plan={"dose_trial": trial}, doses=(dose("it", "caused"),))
    assert (doses.headline(found), doses.sentence(found), doses.table(found)) == (None,) * 3
    section = doses.section(found)
    assert section is not None
    assert doses.picture(found) in section.blocks
