"""What grows, by part and cause: every format has it, on a subject that leaks descriptors while its memory is flat."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import get_args

import msgspec
import pytest
from rich.console import Console

import builders
from harness.analysis.facts import Facts
from harness.analysis.memory.resources import KINDS, NAMES
from harness.analysis.warnings import warnings
from harness.cli.running.summary import summary as terminal
from harness.model import Analysis, Cause, Finding, Resource
from harness.report.compose import compose
from harness.report.document import Notes, Stacks, Table
from harness.report.pictures.drawing import NARROW, WIDE, draw
from harness.report.renderers import html, junit, markdown
from harness.report.sections.memory import resources
from harness.sanitize import json_document

Make = Callable[..., Analysis]
Build = Callable[..., Facts]
MIB = 2**20


def resource(name: str, unit: str = "bytes", **given: object) -> Resource:
    plain = Resource(
        name=name,
        unit="bytes" if unit == "bytes" else "count",
        first=9,
        last=1209,
        verdict="flat",
        per_hour=0.0,
        low=0.0,
        high=0.0,
        share_of_rss_growth=None,
        delta_per_hour=12.0,
    )
    return msgspec.structs.replace(plain, **given)


ROWS = (
    resource("anonymous"),
    resource("descriptors", "count", verdict="growing", per_hour=7200.0, low=7190.0, high=7210.0),
    resource("netlink_sockets", "count", verdict="growing", per_hour=7190.0, low=7180.0, high=7200.0),
)


@pytest.fixture
def leaking() -> Finding:
    plain: Finding = builders.finding("mine", "alternative", growth=builders.FLAT)
    return msgspec.structs.replace(plain, resources=ROWS, cause="sockets")


@pytest.fixture
def lived(facts: Build) -> Facts:
    parts = {"rss_anon_bytes": 3 * MIB, "rss_file_bytes": 2 * MIB, "rss_shmem_bytes": 0, "swap_bytes": 0}
    series = tuple(builders.sample(at, 5 * MIB, **parts) for at in range(60))
    return replace(facts(), series={"mine": series})


def test_a_leak_is_a_finding_although_memory_is_flat(leaking: Finding, analysis: Make, lived: Facts) -> None:
    section = resources.resources(analysis(leaking), lived)
    assert section is not None
    table = next(block for block in section.blocks if isinstance(block, Table))
    assert [row[:3] for row in table.rows] == [
        ("mine", "descriptors", "growing"),
        ("mine", "netlink sockets", "growing"),
    ]
    notes = next(block for block in section.blocks if isinstance(block, Notes))
    assert notes.items == (f"mine: {resources.CAUSES['sockets']}",)
    told = [one for one in warnings(lived, (leaking,), ()) if one.id == "resource_leaks"]
    assert {one.subject for one in told} == {"mine"}
    assert any("descriptors" in one.text for one in told)


@pytest.mark.slow
def test_every_format_has_the_cause(leaking: Finding, analysis: Make, lived: Facts) -> None:
    found = analysis(leaking)
    document = compose(found, lived)
    console = Console(file=StringIO(), width=200)
    console.print(terminal(found))
    assert isinstance(console.file, StringIO)
    cause = resources.CAUSES["sockets"]

    assert cause in html.render(document)
    assert cause in markdown.render(document)
    assert cause in console.file.getvalue()
    assert json.loads(json_document(found))["subjects"][0]["cause"] == "sockets"
    report = junit.render(found, lived)
    assert 'name="growth.mine.cause" value="sockets"' in report
    assert 'name="growth.mine.descriptors_per_hour" value="7200.0"' in report
    assert "<skipped" in report


def test_the_parts_are_stacked_one_panel_a_subject(leaking: Finding, analysis: Make, lived: Facts) -> None:
    section = resources.resources(analysis(leaking), lived)
    assert section is not None
    picture = next(block for block in section.blocks if isinstance(block, Stacks))
    [panel] = picture.panels

    assert panel.title == "mine"
    assert [(layer.label, layer.values[-1]) for layer in panel.layers] == [("anonymous", 3.0), ("mapped files", 2.0)]
    assert "mine: anonymous 3 MiB" in picture.alt
    for sheet in (WIDE, NARROW):
        canvas, _ = draw(picture, sheet)
        assert len(canvas.axes) == 1


def test_what_could_not_be_seen_is_said(leaking: Finding, analysis: Make, lived: Facts) -> None:
    charged = msgspec.structs.replace(leaking, resources=(*ROWS, resource("charged"), resource("files", "count")))
    unseen, seen = (
        str(resources.resources(analysis(one), lived)).count("no control group") for one in (leaking, charged)
    )
    assert (unseen, seen) == (1, 0)


def test_a_result_of_an_older_version_has_no_such_section(analysis: Make, lived: Facts) -> None:
    old = msgspec.structs.replace(
        builders.finding("mine", growth=builders.FLAT), resources=(resource("rss"), resource("pss"))
    )
    assert resources.resources(analysis(old), lived) is None


def test_a_climb_tells_when_memory_is_full(analysis: Make) -> None:
    growing = msgspec.structs.replace(builders.FLAT, verdict="slow", bytes_per_hour=10.0 * MIB)
    finding = msgspec.structs.replace(builders.finding("mine", growth=growing), cause="anonymous")
    finding = msgspec.structs.replace(finding, memory=msgspec.structs.replace(finding.memory, rss_last_bytes=24 * MIB))
    found = analysis(finding)
    machine = msgspec.structs.replace(found.environment, memory_bytes=24 * MIB + 240 * MIB * 30)
    found = msgspec.structs.replace(found, environment=machine)

    assert resources.full_in(finding, found).endswith("30d")
    assert resources.full_in(msgspec.structs.replace(finding, cause="file_mapped"), found) == ""
    assert resources.full_in(builders.finding("mine", growth=builders.FLAT), found) == ""


def test_every_resource_and_every_cause_has_words() -> None:
    assert {kind.name for kind in KINDS} | {"rss"} == set(NAMES)
    assert set(get_args(Cause)) == set(resources.CAUSES)
