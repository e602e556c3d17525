"""A run that never ends by itself: makes a lab, ever more links, a subject, and events for it to see.

Started as a process of its own by ``test_death.py``, which ends it, or a part of it.
"""

import itertools

from harness.lab.client import Lab
from harness.lab.messages import ChurnPair
from harness.run.interrupt import Interrupt
from harness.run.process_group import ProcessGroup
from harness.subjects.registry import command


def main() -> None:
    with Lab() as lab, Interrupt() as interrupt, ProcessGroup(lab, interrupt) as processes:
        lab.add_watched("wt0")
        lab.add_pairs(0, 20)
        processes.start("netlink", command("netlink", ifname="wt0", interval_s=1))
        for number in itertools.count():
            lab.request(ChurnPair(number=number))
            processes.poll(0)


if __name__ == "__main__":
    main()
