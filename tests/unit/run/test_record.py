"""What a run keeps of captures that are counted while something else is measured."""

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from builders import capture
from harness import environment, scenario
from harness.plan import Options, make_plan
from harness.results.writer import Writer
from harness.run.interrupt import Interrupt
from harness.run.phases.memray import CountedLater
from harness.run.record import ResultBuilder, Setting
from harness.run.watching.progress import Listener
from harness.subprocesses import Queue
from raising import raises_id


def test_a_capture_that_is_cut_off_does_not_end_what_is_being_measured(tmp_path: Path) -> None:
    plan = make_plan(scenario.find("docker-host"), Options(duration_s=10))
    broken = tmp_path / "broken.bin"
    broken.write_bytes(b"memray\0")
    facts = environment.read()
    with closing(Queue()) as queue, closing(Writer(tmp_path / environment.run_id(facts, plan.id))) as writer:
        setting = Setting(results=tmp_path, command="netchurn", listener=Listener(), interrupt=Interrupt(), queue=queue)
        record = ResultBuilder(plan, setting, writer, facts)
        profiled: Any = [SimpleNamespace(file=broken)]
        context: Any = SimpleNamespace(queue=queue, listener=setting.listener, captures=tmp_path)
        step: Any = SimpleNamespace()
        later = CountedLater(context, step, profiled)
        record.add_captures(later)
        good = capture(plan.subjects[0].name, 7)
        record.add_captures((good,))
        queue.drain()
        assert later.ended

        for _ in range(2):
            record.meanwhile()
        with raises_id("file_damaged", "broken.bin"):
            record.count()
        assert record.result.captures == (good,)
