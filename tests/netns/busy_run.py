"""A run that never ends by itself: makes a lab, ever more links, a subject, and events for it to see.

Started as a process of its own by ``test_death.py``, which ends it, or a part of it.
"""

import itertools

from harness.lab.client import Lab
from harness.lab.messages import CyclePair
from harness.run.interrupt import Interrupt
from harness.run.process_group import Cast
from harness.subjects.registry import command


def main() -> None:
    with Lab() as lab, Interrupt() as interrupt, Cast(lab, interrupt) as cast:
        lab.add_watched("wt0")
        lab.add_pairs(0, 20)
        cast.start("netlink", command("netlink", ifname="wt0", interval_s=1))
        for number in itertools.count():
            lab.order(CyclePair(number=number))
            cast.hear(0)


if __name__ == "__main__":
    main()
