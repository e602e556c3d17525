"""Run a command again and again in the lab, as the user whose program it is done to.

Started as ``python -P -m harness.lab.actions.repeat COMMAND...``; takes the requests that the agent takes for other
stimuli, a line each on standard input, and answers each with a ``pace.Done``. It ends with its standard input.
"""

import subprocess
import sys

import msgspec

from harness.lab.actions.pace import Pacer
from harness.lab.messages import Stimulate, Stimulated

PATIENCE_S = 30.0  # a command that takes longer is killed, and counts as failed
_KILLED = -9


def perform(argv: list[str]) -> int:
    """Run the command once; give its exit status, a signal as a negative number."""
    try:
        done = subprocess.run(
            argv,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return _KILLED
    return done.returncode


def main() -> None:
    """Serve requests until there are no more."""
    argv, pacer = sys.argv[1:], None
    decoder = msgspec.json.Decoder(Stimulate | Stimulated)
    for line in sys.stdin:
        match decoder.decode(line):
            case Stimulate() as asked:
                pacer = Pacer(lambda _: perform(argv), rate=asked.rate, count=asked.count)
            case Stimulated() as asked if pacer is not None:
                done = pacer.stop() if asked.stop else pacer.done
                sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
