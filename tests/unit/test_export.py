"""Exports open in the readers that they are for, with the numbers that are ours."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from harness.analysis.facts import Facts
from harness.derive import derive
from harness.export import benchmarks, perfetto, series, stacks
from harness.export.stacks import Stacked
from harness.files.profiles import captures
from harness.files.profiles import forms as profiles
from harness.model import Analysis
from harness.probes.pprof import pprof
from harness.report.flamegraph import fold
from harness.report.flamegraph.view import View, pairs

REFERENCE = Path(__file__).parents[2] / "results" / "netbird-5857" / "reference"
NETCHURN = (sys.executable, "-P", "-m", "harness", "export")
GO = shutil.which("go")


@pytest.fixture(scope="module")
def derived() -> tuple[Facts, Analysis]:
    return derive(REFERENCE)


@pytest.fixture(scope="module")
def views(derived: tuple[Facts, Analysis]) -> dict[str, View]:
    found = fold.views(pairs(derived[0]), REFERENCE)
    return {one.subject: one for one in found if one.seen and one.root.width > 0}


@pytest.fixture(scope="module")
def stacked(views: dict[str, View]) -> dict[str, Stacked]:
    return {name: stacks.of_view(one) for name, one in views.items()}


@pytest.mark.slow
@pytest.mark.parametrize("subject", ["poll", "go-poll", "netlink"])
def test_pprof_has_our_sums_to_the_byte(subject: str, views: dict[str, View], stacked: dict[str, Stacked]) -> None:
    view = views[subject]
    found = pprof.totals(pprof.parse(stacks.pprof(stacked[subject]), "it"))

    assert found["alloc_space"] == round(view.total * view.units)
    assert found["alloc_objects"] == round(view.allocations * view.units)


def test_gos_own_tool_reads_the_same_sums(views: dict[str, View], stacked: dict[str, Stacked], tmp_path: Path) -> None:
    if GO is None:
        pytest.skip("no Go toolchain on PATH")
    (tmp_path / "it.pb.gz").write_bytes(stacks.pprof(stacked["go-poll"]))
    top = subprocess.run(
        [GO, "tool", "pprof", "-unit=B", "-top", "it.pb.gz"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout

    total = re.search(r"of (\d+)B total", top)
    assert "Type: alloc_space" in top
    assert total is not None
    assert int(total[1]) == round(views["go-poll"].total * views["go-poll"].units)
    assert "net.InterfaceByName" in top


def test_folded_stacks_are_read_back_with_the_same_sum(stacked: dict[str, Stacked]) -> None:
    for one in stacked.values():
        found = captures.folded(stacks.folded(one, "alloc_space").decode())
        assert sum(found.values()) == sum(row.values[0] for row in one.rows)


SPEEDSCOPE = {  # what its importer relies on, from dist/release/file-format-schema.json of speedscope 1.25
    "type": "object",
    "required": ["$schema", "shared", "profiles"],
    "properties": {
        "shared": {"required": ["frames"], "properties": {"frames": {"items": {"required": ["name"]}}}},
        "profiles": {
            "items": {
                "required": ["type", "name", "unit", "startValue", "endValue", "samples", "weights"],
                "properties": {
                    "type": {"const": "sampled"},
                    "unit": {"enum": ["bytes", "microseconds", "milliseconds", "nanoseconds", "none", "seconds"]},
                },
            }
        },
    },
}


def test_speedscope_takes_the_document_and_its_weights_are_ours(stacked: dict[str, Stacked]) -> None:
    document = json.loads(stacks.speedscope(stacked.values()))
    own = Path(os.environ.get("SPEEDSCOPE_SCHEMA", "none"))

    jsonschema.validate(document, json.loads(own.read_text()) if own.is_file() else SPEEDSCOPE)
    assert len(document["profiles"]) == 2 * len(stacked)
    for one in document["profiles"]:
        assert sum(one["weights"]) == one["endValue"] > 0
        assert len(one["samples"]) == len(one["weights"])
        assert max(max(sample) for sample in one["samples"]) < len(document["shared"]["frames"])


def test_openmetrics_is_read_by_the_parser_of_prometheus(derived: tuple[Facts, Analysis]) -> None:
    parser = pytest.importorskip("prometheus_client.openmetrics.parser", reason="pip install prometheus-client")
    facts, analysis = derived

    families = {
        one.name: one for one in parser.text_string_to_metric_families(series.openmetrics(facts, analysis).decode())
    }
    rss = [one for one in families["netchurn_resident_memory_bytes"].samples if one.labels["subject"] == "poll"]
    assert [one.value for one in rss] == [one.rss_bytes for one in facts.series["poll"]]
    steps = [
        (two.at_ns - one.at_ns) / 1e9 for one, two in zip(facts.series["poll"], facts.series["poll"][1:], strict=False)
    ]
    assert float(rss[-1].timestamp) - float(rss[0].timestamp) == pytest.approx(sum(steps), abs=0.002)
    growth = {one.labels["subject"]: one.value for one in families["netchurn_growth_bytes_per_hour"].samples}
    assert growth == {
        one.name: one.growth.bytes_per_hour
        for one in analysis.subjects
        if one.growth and one.growth.bytes_per_hour is not None
    }


@pytest.mark.slow
def test_promtool_imports_the_samples(derived: tuple[Facts, Analysis], tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool on PATH")
    (tmp_path / "it.txt").write_bytes(series.openmetrics(*derived))

    subprocess.run([promtool, "tsdb", "create-blocks-from", "openmetrics", "it.txt", "data"], cwd=tmp_path, check=True)


def test_the_trace_is_read_by_the_messages_of_perfettos_package(derived: tuple[Facts, Analysis]) -> None:
    """Its trace processor is a program that the package downloads: see the next test."""
    protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2", reason="pip install perfetto")
    facts, _ = derived
    trace = protos.Trace.FromString(perfetto.perfetto(facts))

    assert {one.trusted_packet_sequence_id for one in trace.packet} == {1}
    tracks = {one.track_descriptor.uuid: one.track_descriptor for one in trace.packet if one.track_descriptor.uuid}
    events = [one for one in trace.packet if one.HasField("track_event")]
    assert len(tracks) + len(events) == len(trace.packet)
    read: dict[str, list[tuple[int, int]]] = {}
    for one in events:
        if one.track_event.type == protos.TrackEvent.TYPE_COUNTER:
            track = tracks[one.track_event.track_uuid]
            assert track.counter.unit == protos.CounterDescriptor.UNIT_SIZE_BYTES
            read.setdefault(track.name, []).append((one.timestamp, one.track_event.counter_value))
    began = min(trial.began_ns for trial in facts.result.trials)
    assert read == {
        f"RSS of {subject}": [(sample.at_ns - began, sample.rss_bytes) for sample in samples]
        for subject, samples in facts.series.items()
    }
    kinds = [one.track_event.type for one in events]
    slices = len(facts.result.trials) + len(facts.result.event_runs)
    assert kinds.count(protos.TrackEvent.TYPE_SLICE_BEGIN) == kinds.count(protos.TrackEvent.TYPE_SLICE_END) == slices


def test_perfettos_own_processor_counts_the_same(derived: tuple[Facts, Analysis], tmp_path: Path) -> None:
    processor = shutil.which("trace_processor_shell") or shutil.which("trace_processor")
    if processor is None:
        pytest.skip("no trace_processor_shell on PATH")
    (tmp_path / "it.pftrace").write_bytes(perfetto.perfetto(derived[0]))
    query = tmp_path / "it.sql"
    query.write_text("select count(*) as n from counter;")
    done = subprocess.run([processor, "-q", query, tmp_path / "it.pftrace"], check=True, capture_output=True, text=True)

    assert str(sum(map(len, derived[0].series.values()))) in done.stdout


def test_benchstat_reads_our_rates(derived: tuple[Facts, Analysis], tmp_path: Path) -> None:
    text = benchmarks.benchstat(derived[1]).decode()
    rates = dict(re.findall(r"BenchmarkWatch/subject=(\S+) \d+ (\S+) B/poll", text))
    measured = {
        one.name: one.churn.bytes_per_poll for one in derived[1].subjects if one.churn and one.role != "control"
    }

    assert {name: float(rate) for name, rate in rates.items()} == {
        n: rate for n, rate in measured.items() if rate is not None
    }
    benchstat = shutil.which("benchstat")
    if benchstat is None:
        pytest.skip("no benchstat on PATH: go install golang.org/x/perf/cmd/benchstat@latest")
    (tmp_path / "it.txt").write_text(text)
    shown = subprocess.run(
        [benchstat, "-format", "csv", "it.txt"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    for name, rate in rates.items():
        row = re.search(rf"subject={name}\S*,([\d.e+]+)", shown.stdout)
        assert row is not None
        assert float(row[1]) == pytest.approx(float(rate), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pprof", "speedscope", "folded", "openmetrics", "perfetto", "benchstat"])
def test_the_verb_writes_a_file_and_names_it(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "it"
    done = subprocess.run(
        [*NETCHURN, REFERENCE, "--format", kind, "--subject", "poll", "-o", target],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{target}\n", "")
    assert target.stat().st_size > 100


@pytest.mark.slow
def test_a_form_for_one_subject_asks_which() -> None:
    done = subprocess.run([*NETCHURN, REFERENCE, "--format", "pprof"], check=False, capture_output=True, text=True)

    assert done.returncode == 2
    assert "--subject" in done.stderr


def test_a_profile_in_hand_is_exported_too(tmp_path: Path) -> None:
    source = tmp_path / "heap.txt"
    source.write_text("heap profile: 2: 64 [3: 96] @ heapprofile\n 2: 64 [3: 96] @ 0x10 0x20\n")

    found = profiles.parse(stacks.pprof(stacks.of_profile(profiles.read(source))), "it")
    assert pprof.totals(found) == {"inuse_objects": 2, "inuse_space": 64, "alloc_objects": 3, "alloc_space": 96}
