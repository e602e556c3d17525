"""``python -m harness`` is ``netchurn``."""

import signal
import sys


def main() -> None:
    """Run the command line. Ctrl-C while it is still loaded, or already done, ends as it does in between."""
    try:
        from harness import cli  # noqa: PLC0415 - it takes a moment, in which Ctrl-C may come

        cli.speak_utf8()
        cli.main()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said and put away


if __name__ == "__main__":
    main()
