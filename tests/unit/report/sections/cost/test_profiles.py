"""Shares by function, Go that could not be measured, and programs of the user's own."""

from collections.abc import Callable

import msgspec

import builders
from harness.analysis.facts import Facts
from harness.model import Analysis, Capture, ClaimPlan, GoFunction, GoHeap, Skipped, SubjectPlan, Trial
from harness.report.document import Links, Notes, Table, Text
from harness.report.sections.cost import profiles

Make = Callable[..., Analysis]
Build = Callable[..., Facts]
FUNCTIONS = (
    GoFunction(name="main.main", flat=0, cumulative=1000),
    GoFunction(name="net.interfaceTable", flat=14, cumulative=993),
    GoFunction(name="syscall.NetlinkRIB", flat=582, cumulative=589),
    GoFunction(name="compress/flate.NewWriter", flat=3, cumulative=6),
)


def captured(links: int, name: str = "go-poll") -> Capture:
    plain: Capture = builders.capture(name, 1, polls=1019, links=links)
    return msgspec.structs.replace(plain, accounting="go:size-classes", sampled_bytes=1000, functions=FUNCTIONS)


def claimed() -> dict[str, object]:
    return {
        "claims": (
            ClaimPlan(
                id="dump",
                text="",
                source="",
                subject="go-poll",
                quantity="function_share",
                relation="at_least",
                claimed=0.5,
                unit="of the bytes",
                links=75,
                function="syscall.NetlinkRIB",
            ),
        )
    }


def test_shares_are_of_the_profile_at_the_links_of_the_claim_largest_first(analysis: Make, facts: Build) -> None:
    both = (captured(75), captured(502))
    found = profiles.sources(analysis(builders.finding("go-poll"), plan=claimed()), facts(captures=both), ())
    assert found is not None
    [table] = [one for one in found.blocks if isinstance(one, Table)]
    assert table.caption == "go-poll at 75 links, 1,019 polls"
    assert table.rows == (("syscall.NetlinkRIB", "58.2 %", "58.9 %"), ("net.interfaceTable", "1.4 %", "99.3 %"))
    assert isinstance(found.blocks[0], Text)
    assert "each share is an estimate" in found.blocks[0].words


def test_without_a_claim_it_is_the_profile_at_the_most_links(analysis: Make, facts: Build) -> None:
    both = (captured(75), captured(502), captured(502, "go-churner"))
    controls = builders.finding("go-churner", "control")
    found = profiles.sources(analysis(builders.finding("go-poll"), controls), facts(captures=both), ())
    assert found is not None
    assert [one.caption for one in found.blocks if isinstance(one, Table)] == ["go-poll at 502 links, 1,019 polls"]


def test_go_that_could_not_be_built_says_why(analysis: Make, facts: Build) -> None:
    skipped = dict.fromkeys(("go-poll", "go-netlink"), Skipped(id="no_go", text="no Go on PATH is 1.25 or later"))
    two = (builders.finding("go-poll"), builders.finding("go-netlink", "after"))
    found = profiles.sources(analysis(*two), facts(skipped=skipped), ())
    assert found is not None
    assert found.blocks == (Notes(items=("no Go on PATH is 1.25 or later",)),)


def test_whose_flame_graph_a_page_is_is_said(analysis: Make, facts: Build) -> None:
    ours = (("go-poll", "churn-go-poll.html"), ("poll and netlink", "difference-poll-and-netlink.html"))
    memray = (("poll: 5 polls", "flamegraph-poll.html"),)
    found = profiles.sources(analysis(builders.finding("poll", language="python")), facts(), (*ours, *memray))
    assert found is not None
    assert [one.items for one in found.blocks if isinstance(one, Links)] == [ours, memray]
    assert [one.words.partition(" by ")[2].split()[0] for one in found.blocks if isinstance(one, Text)] == [
        "netchurn:",
        "memray",
    ]
    only = profiles.sources(analysis(builders.finding("go-poll")), facts(), ours[:1])
    assert only is not None
    assert len(only.blocks) == 2


def test_nothing_profiled_is_no_section(analysis: Make, facts: Build) -> None:
    assert profiles.sources(analysis(builders.finding("poll", language="python")), facts(), ()) is None


def brought(name: str, **given: object) -> SubjectPlan:
    plain = SubjectPlan(
        name=name, role="alternative", language="unknown", accounting=None, polls=False, source="exec", command=("it",)
    )
    return msgspec.structs.replace(plain, **given)


def test_programs_of_the_users_own_say_what_they_are_and_how_they_ended(analysis: Make, facts: Build) -> None:
    process = builders.process
    trial = Trial(
        index=0,
        began_ns=0,
        ended_ns=60 * 10**9,
        namespace=builders.WORLD,
        churned_pairs=0,
        runs=(
            process("gone", exited_after_s=3.0, exit_status=1, outcome="crashed"),
            process("unresponsive", sigkilled=True),
            process("mine"),
            process("me", exit_status=None),
        ),
    )
    plan = {
        "subjects": (
            brought("gone"),
            brought("unresponsive"),
            brought("mine", command=("sh", "-c", "true")),
            brought("me", source="pid", pid=7),
        )
    }
    section = profiles.programs(
        analysis(builders.finding("mine", growth=builders.FLAT)), facts(plan=plan, trials=(trial,))
    )
    assert section is not None
    table = section.blocks[1]
    assert isinstance(table, Table)
    assert table.rows == (
        ("gone", "it", "crashed after 3s with status 1", "not measured"),
        ("unresponsive", "it", "lived to the end; killed, since it did not end when asked", "not measured"),
        ("mine", "sh -c true", "lived to the end", "flat"),
        ("me", "process 7, where it runs", "lived to the end", "not measured"),
    )


def test_served_heaps_tell_how_finely_they_were_measured_and_what_a_visit_does(analysis: Make, facts: Build) -> None:
    heap = GoHeap(
        subject="mine",
        trial=0,
        bytes=10_000_000,
        allocations=1234,
        seconds=60.0,
        collections=7,
        fetch_cost_bytes=250_000,
        accounting="go:size-classes",
        sampled_bytes=1000,
        functions=FUNCTIONS,
        files=("0-mine-0", "0-mine-1"),
        since_start_s=1.234,
    )
    section = profiles.programs(
        analysis(builders.finding("mine")), facts(plan={"subjects": (brought("mine"),)}, heaps=(heap,))
    )
    assert section is not None
    _, exact, shares = (one for one in section.blocks if isinstance(one, Table))
    assert exact.rows == (("mine", "10 MB ± 8.19 kB", "1,234", "1.2s", "1m", "8.19 kB", "7", "250 kB"),)
    assert shares.rows[0] == ("syscall.NetlinkRIB", "58.2 %", "58.9 %")
    said = " ".join(one.words for one in section.blocks if isinstance(one, Text))
    assert "A visit forces a collection" in said


def test_without_programs_of_the_users_own_there_is_no_section(analysis: Make, facts: Build) -> None:
    assert profiles.programs(analysis(), facts()) is None
