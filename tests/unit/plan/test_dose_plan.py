"""What ``netchurn dose`` asks for becomes copies that differ in their dose alone."""

import sys
from pathlib import Path

import msgspec
import pytest

from harness import scenario
from harness.analysis.doses import dose, from_facts
from harness.analysis.growth.thresholds import Thresholds
from harness.cli.running import run
from harness.errors import UsageFault
from harness.model import DosePlan, Plan
from harness.plan import Options, dose_plan
from harness.plan.dose_plan import Order
from harness.subjects import allocators, external


def plan(
    stimulus: str = "link-events", *, command: str = "sleep 60", subjects: tuple[str, ...] = (), **more: object
) -> Plan:
    mine = external.external_subjects([f"mine={command}"] if command else [], (), ())
    order = Order(stimulus=stimulus, **more)  # type: ignore[arg-type]  # what a test asks for
    return dose_plan.plan(order, Options(external=mine, subjects=subjects))


def test_each_dose_has_a_copy_and_nothing_else_differs() -> None:
    made = plan(doses="20,0,2")
    copies = [one for one in made.subjects if one.arm is not None]
    assert [(one.name, one.arm.dose, one.arm.of) for one in copies if one.arm] == [
        ("mine-at-0", 0.0, "mine"), ("mine-at-2", 2.0, "mine"), ("mine-at-20", 20.0, "mine"),
    ]  # fmt: skip
    assert len({(one.command, one.polls, one.source, one.language) for one in copies}) == 1
    assert made.dose is not None
    assert made.dose.doses == (0.0, 2.0, 20.0)


def test_the_plan_has_an_id_of_its_own() -> None:
    assert plan(doses="0,2").id != plan(doses="0,3").id
    assert plan(doses="0,2").id == plan(doses="0,2").id


def test_controls_live_beside_the_copies() -> None:
    assert {one.name for one in plan().subjects if one.role == "control"} == {"sleeper", "leaker"}


def test_cycles_have_an_idle_copy_beside_them() -> None:
    arms = [one.arm for one in plan(cycles=2000).subjects if one.arm is not None]
    assert [one.dose for one in arms] == [0.0, None]


def test_polls_change_how_often_a_poller_looks() -> None:
    made = plan("polls", command="sleep {interval}", doses="0,0.5,5")
    assert [one.command[-1] for one in made.subjects if one.arm] == ["86400", "2", "0.2"]


def test_a_bound_is_a_size_over_a_stimulus() -> None:
    made = plan(max_growth="1kB/cycle", cycles=2000)
    assert made.dose is not None
    assert made.dose.max_growth_bytes == 1000


@pytest.mark.parametrize(
    ("stimulus", "more"),
    [
        ("nothing", {}),
        ("command", {}),
        ("link-events=1", {}),
        ("command='", {}),
        ("link-events", {"doses": "2"}),
        ("link-events", {"doses": "0,x"}),
        ("link-events", {"doses": "-1,2"}),
        ("link-events", {"doses": "0,inf"}),
        ("link-events", {"doses": "0,nan"}),
        ("link-events", {"cycles": 3}),
        ("link-events", {"max_growth": "1kB/h"}),
        ("link-events", {"max_growth": "much"}),
        ("link-events", {"command": ""}),
        ("polls", {"cycles": 2000, "command": "sleep {interval}"}),
        ("polls", {}),
        ("polls", {"command": "", "subjects": ("netlink",)}),
    ],
)
def test_what_cannot_be_is_refused_before_the_run(stimulus: str, more: dict[str, object]) -> None:
    with pytest.raises(UsageFault):
        plan(stimulus, **more)  # type: ignore[arg-type]  # what a test asks for


def test_worlds_are_counted_before_a_plan_is_made() -> None:
    order = Order(stimulus="link-events", doses="0,2,20")
    assert dose_plan.worlds(order, 2) >= 1 + sum(one.arm is not None for one in plan().subjects) * 2
    assert dose_plan.worlds(Order(stimulus="nothing"), 2) == 1


def test_an_allocator_check_adds_copies_at_the_largest_dose() -> None:
    made = plan(command=f"{sys.executable} -c pass", allocators=True)
    settings = {one.arm.allocator: one for one in made.subjects if one.arm and one.arm.allocator}
    assert {one.arm.dose for one in settings.values() if one.arm} == {20.0}
    assert any(one.environment.get("PYTHONMALLOC") == "malloc" for one in settings.values())
    assert any("PYTHONMALLOC" not in one.environment for one in settings.values())


def test_a_go_program_is_known_by_what_go_writes_into_it(tmp_path: Path) -> None:
    program = tmp_path / "daemon"
    program.write_bytes(b"\x7fELF" + b"\xff Go buildinf:" + bytes(32))
    program.chmod(0o755)
    (subject,) = external.external_subjects([f"mine={program}"], (), ())
    assert [one.name for one in allocators.settings(subject)] == ["gogc"]
    assert allocators.uncollected_bytes(subject) == 4 * 2**20
    (early,) = external.external_subjects([f"mine=env GOGC=10 {program}"], (), ())
    assert allocators.uncollected_bytes(early) == pytest.approx(0.4 * 2**20)


def test_root_counts_the_worlds_of_netchurns_own_scenarios_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, own = tmp_path / "bundled", tmp_path / "dosed.py"
    home.mkdir()
    text = (
        "from harness.model import DosePlan, DoseTrialPlan\nfrom harness.scenario import Scenario\n"
        "SCENARIO = Scenario(name='dosed', question='?', pairs=1, subjects={'poll': 'before'}, dose_trial="
        "DoseTrialPlan(subjects=('poll',), pairs=1, duration_s=1.0, dose=DosePlan(stimulus='polls', doses=(0.0, 1.0))))"
    )
    for path in (home / "dosed.py", own):
        path.write_text(text)
    monkeypatch.setattr(scenario, "folder", lambda: home)
    assert [run.worlds({"name": name}) for name in ("dosed", str(own), "nothing")] == [3, 1, 1]


def test_the_collector_of_a_go_program_runs_early_unless_its_user_says_when(tmp_path: Path) -> None:
    program = tmp_path / "daemon"
    program.write_bytes(b"\x7fELF" + b"\xff Go buildinf:" + bytes(32))
    program.chmod(0o755)

    def gogc(command: str, *, check: bool = False) -> set[str | None]:
        return {one.environment.get("GOGC") for one in plan(command=command, allocators=check).subjects if one.arm}

    assert gogc(str(program)) == {"10"}
    assert gogc(f"env GOGC=50 {program}") == gogc(f"env GOGC=off {program}") == {None}
    assert gogc(str(program), check=True) == {None, "10"}  # a check tells what the collector's own pace does
    assert gogc("sleep 60") == {None}


def test_the_verdict_says_what_was_set_for_all_copies() -> None:
    copies = [(one, one.arm) for one in plan().subjects if one.arm]
    found = dose.judged("mine", DosePlan(stimulus="link-events"), [], Thresholds())
    assert from_facts.told(found, copies) == found
    early = [(msgspec.structs.replace(one, environment={"GOGC": "10"}), arm) for one, arm in copies]
    assert "GOGC=10" in from_facts.told(found, early).explanation
    assert from_facts.told(found, [*copies, *early]) == found
