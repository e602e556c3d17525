"""What a run keeps of captures that are counted while something else is measured."""

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness import environment, scenario
from harness.model import Capture
from harness.plan import Options, make_plan
from harness.results.writer import Writer
from harness.run.interrupt import Interrupt
from harness.run.phases.memray import CountedLater
from harness.run.record import ResultBuilder, Setting
from harness.run.watching.progress import Listener
from harness.subprocesses import Queue
from raising import raises_id


def capture_of(subject: str) -> Capture:
    return Capture(
        subject=subject,
        kind="idle",
        pairs=0,
        links=4,
        polls=2,
        events=0,
        live_s=1.0,
        bytes=7,
        allocations=1,
        accounting="python:all-objects",
        file="captures/good.bin",
    )


def test_a_capture_that_is_cut_off_does_not_end_what_is_being_measured(tmp_path: Path) -> None:
    plan = make_plan(scenario.find("docker-host"), Options(duration_s=10))
    capture = tmp_path / "broken.bin"
    capture.write_bytes(b"memray\0")
    facts = environment.read()
    with closing(Queue()) as queue, closing(Writer(tmp_path / environment.run_id(facts, plan.id))) as writer:
        setting = Setting(results=tmp_path, command="netchurn", listener=Listener(), interrupt=Interrupt(), queue=queue)
        record = ResultBuilder(plan, setting, writer, facts)
        profiled: Any = [SimpleNamespace(file=capture)]
        context: Any = SimpleNamespace(queue=queue, listener=setting.listener, captures=tmp_path)
        step: Any = SimpleNamespace()
        later = CountedLater(context, step, profiled)
        record.add_captures(later)
        good = capture_of(plan.subjects[0].name)
        record.add_captures((good,))
        queue.drain()
        assert later.ended

        for _ in range(2):
            record.meanwhile()
        with raises_id("file_damaged", "broken.bin"):
            record.count()
        assert record.result.captures == (good,)
