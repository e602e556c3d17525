"""What became of the watched interface, by looks at it."""

from types import SimpleNamespace
from typing import Any

import pytest

from harness.run.machine.presence import Presence

THERE, GONE, RENAMED, ANOTHER = (7, "wt0"), (0, ""), (0, "wt9"), (8, "")


@pytest.mark.parametrize(
    ("looks", "kind"),
    [
        ([THERE, THERE], None),
        ([THERE, GONE], "deleted"),
        ([THERE, GONE, GONE, ANOTHER], "deleted"),
        ([GONE, ANOTHER, GONE], "recreated"),
        ([THERE, ANOTHER, GONE], "recreated"),
        ([RENAMED, ANOTHER], "renamed"),
    ],
)
def test_what_is_seen_first_counts_and_a_gap_of_one_look_is_a_recreation(
    looks: list[tuple[int, str]], kind: str | None
) -> None:
    answers = iter(looks)
    lab: Any = SimpleNamespace(find=lambda *_: next(answers))
    world: Any = SimpleNamespace(ifname="wt0", ifindex=7)
    presence = Presence(lab, world)
    for _ in looks:
        presence.look()
    assert (presence.change.kind if presence.change else None) == kind
