"""``python -m harness.builds``: an order as JSON on standard input, its answer as JSON on standard output.

It is a process of its own so that it can be the user who called sudo: git and a build run what a repository tells them.
"""

import sys

import msgspec

from harness.builds.build import Check, Fault, Order, build, check
from harness.builds.interruption import heed
from harness.errors import NetchurnError

_INTERRUPTED = 130


def main() -> None:
    """Carry out the order; a fault that a user can repair is the answer, with status 2."""
    heed()
    try:
        _carry_out()
    except KeyboardInterrupt:  # whoever asked for it tells of it
        sys.exit(_INTERRUPTED)


def _carry_out() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Check | Order)
    try:
        built = None
        if isinstance(order, Check):
            check(order)
        else:
            built = build(order)
        sys.stdout.buffer.write(msgspec.json.encode(built))
    except NetchurnError as fault:
        sys.stdout.buffer.write(msgspec.json.encode(Fault(id=fault.id, message=fault.message, hint=fault.hint)))
        sys.exit(fault.exit_code)


if __name__ == "__main__":
    main()
