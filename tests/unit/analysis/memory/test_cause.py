"""From judged resources to one cause, by values."""

import pytest

from harness.analysis.memory.cause import cause
from harness.model import GrowthVerdict, Resource

MIB = 2.0**20


def resource(
    name: str, per_hour: float | None, share: float | None = None, verdict: GrowthVerdict = "growing"
) -> Resource:
    return Resource(
        name=name,
        unit="bytes",
        first=0,
        last=1,
        verdict=verdict,
        per_hour=per_hour,
        low=per_hour,
        high=per_hour,
        share_of_rss_growth=share,
        delta_per_hour=1.0,
    )


RSS = resource("rss", 100 * MIB, 1.0)
ANONYMOUS = resource("anonymous", 100 * MIB, 0.99)
THREADS = resource("threads", 1800.0)
DESCRIPTORS = resource("descriptors", 7200.0)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ((), None),
        ((resource("rss", 0.0, None, "flat"), resource("descriptors", 0.1, None, "inconclusive")), None),
        ((RSS, ANONYMOUS), "anonymous"),
        ((resource("rss", 1 * MIB, 1.0, "slow"), resource("anonymous", 1 * MIB, 1.0, "slow")), "anonymous"),
        ((RSS, resource("anonymous", 1.0, 0.1), resource("file_mapped", 90 * MIB, 0.9)), "file_mapped"),
        ((RSS, resource("shared_memory", 90 * MIB, 0.9)), "shared_memory"),
        ((RSS, ANONYMOUS, resource("huge_pages", 90 * MIB, 0.9)), "huge_pages"),
        ((RSS, ANONYMOUS, resource("lazily_freed", 90 * MIB, 0.9)), "lazily_freed"),
        ((RSS, ANONYMOUS, resource("of_children", 90 * MIB, 0.9)), "children"),
        ((resource("children", 30.0),), "children"),
        ((RSS, ANONYMOUS, THREADS), "thread_stacks"),
        ((RSS, ANONYMOUS, resource("threads", 12.0)), "anonymous"),  # 8 MiB for each is not their stacks
        ((resource("rss", 1.0, None, "flat"), THREADS), "threads"),
        ((resource("rss", 2 * MIB, 1.0, "slow"), resource("anonymous", 2 * MIB, 1.0, "slow"), THREADS), "threads"),
        ((DESCRIPTORS,), "descriptors"),
        ((DESCRIPTORS, resource("netlink_sockets", 7100.0)), "sockets"),
        ((DESCRIPTORS, resource("inet_sockets", 3000.0), resource("unix_sockets", 3000.0)), "sockets"),
        ((DESCRIPTORS, resource("files", 7100.0)), "descriptors"),
        ((RSS, ANONYMOUS, DESCRIPTORS), "descriptors"),  # some 15 KiB for each: their buffers
        ((RSS, ANONYMOUS, resource("descriptors", 100.0)), "anonymous"),
        ((resource("swap", 50 * MIB),), "swap"),
        ((RSS, ANONYMOUS, resource("swap", 50 * MIB)), "anonymous"),
        ((resource("rss", -50 * MIB, None, "flat"), resource("swap", 90 * MIB)), "swap"),
        ((RSS, resource("anonymous", 1.0, 0.4), resource("file_mapped", 1.0, 0.4)), "mixed"),
        ((RSS,), None),  # an older result: no part was measured
        ((resource("socket_buffers", 50 * MIB),), "kernel"),
        ((resource("charged_shared_memory", 50 * MIB),), "shared_memory"),
    ],
)
def test_a_cause_follows_from_what_grows(resources: tuple[Resource, ...], expected: str | None) -> None:
    assert cause(resources) == expected
