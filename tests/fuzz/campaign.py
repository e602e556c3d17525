"""Fuzz everything that reads what others wrote: ``python tests/fuzz/campaign.py``. About ten minutes on two cores.

Decoders get their inputs from atheris, which looks at what they reach in ``harness``; where it is not installed, from
changed seeds. Results, command lines, and captures are made by rule. Prints a table; ends with 1 when anything was
raised that is not a line and a remedy. What did it is kept in the folder that the last line names: to make a test of
it, put it into ``tests/fuzz/corpus`` under another name. The same seed makes the same rules; atheris also depends on
the clock.
"""

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings

sys.path.append(str(Path(__file__).parent))  # the tests are no package
if TYPE_CHECKING:
    from tests.fuzz import captures
    from tests.fuzz.answers import ask, check, nothing_measured
    from tests.fuzz.commands import LINES
    from tests.fuzz.crashes import Crashes
    from tests.fuzz.documents import GOLDEN, Documents
    from tests.fuzz.mutation import inputs
    from tests.fuzz.targets import MOST_INPUT, TARGETS, seeds
else:
    import captures
    from answers import ask, check, nothing_measured
    from commands import LINES
    from crashes import Crashes
    from documents import GOLDEN, Documents
    from mutation import inputs
    from targets import MOST_INPUT, TARGETS, seeds

HERE = Path(__file__).resolve().parent
DECODED, RESULTS, COMMANDS, CAPTURES = 1_200_000, 1500, 5000, 60
MOST_SECONDS = 120  # of one decoder
_SLOW_OF_ALL = 0.02  # of the decoders' inputs: without atheris nothing is gained by more


class Row(NamedTuple):
    """What came of one target."""

    name: str
    how: str
    tried: int
    seconds: float
    found: list[str]


class Share(NamedTuple):
    """How much of everything is to be tried, from which seed, and where what is found is kept."""

    scale: float
    seed: int
    kept: Path


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    kept = Path(tempfile.mkdtemp(prefix="netchurn-fuzz-"))
    share = Share(arguments.scale, arguments.seed, kept)
    wanted = [name for name in TARGETS if name in (arguments.only or name)]
    with ThreadPoolExecutor(arguments.jobs) as pool:  # each waits for a process; the rest is done here meanwhile
        waiting = [pool.submit(decoder, name, share) for name in wanted]
        rows = [call(name, share) for name, call in RULES.items() if name in (arguments.only or name)]
        rows += [one.result() for one in waiting]
    sys.stdout.write(table(rows))
    found = [words for row in rows for words in row.found]
    sys.stdout.write("".join(f"{words}\n" for words in found))
    if found:
        sys.stdout.write(f"what did it is in {kept}\n")
    else:
        shutil.rmtree(kept)
    return 1 if found else 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="try so many times as much, such as 0.1  [1]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets at a time  [as many as processors]")
    parser.add_argument("--only", help="one target of the table")
    return parser.parse_args(argv)


def decoder(name: str, share: Share) -> Row:
    """Fuzz one decoder in a process of its own; one that dies is a crash as well."""
    number = max(100, int(share.scale * DECODED * TARGETS[name].share / sum(one.share for one in TARGETS.values())))
    began = time.monotonic()
    if importlib.util.find_spec("atheris") is None:
        return _unguided(name, int(number * _SLOW_OF_ALL), share)
    folder = share.kept / name.replace("/", "").replace(" ", "-")
    folder.mkdir()
    argv = [sys.executable, str(HERE / "guided.py"), name, str(number), str(MOST_SECONDS), str(share.seed)]
    done = subprocess.run(
        [*argv, str(seeds(name)), str(folder)], check=False, capture_output=True, text=True, cwd=folder
    )
    told = folder / "told.json"
    said: dict[str, Any] = json.loads(told.read_text()) if told.exists() else {"tried": 0, "found": {}}
    found = list(said["found"].values())
    if done.returncode or not said["tried"]:
        found.append(f"{name}: ended with status {done.returncode}: {' '.join(done.stderr[-600:].split())}")
    return Row(name, "atheris", said["tried"], time.monotonic() - began, found)


def _unguided(name: str, number: int, share: Share) -> Row:
    began = time.monotonic()
    crashes = Crashes(share.kept)
    files = [file.read_bytes() for file in sorted(seeds(name).iterdir())]
    for data in inputs(files, number, share.seed, MOST_INPUT):
        crashes.attempt(name, data, TARGETS[name].decode, TARGETS[name].may_raise)
    return Row(name, "changed seeds", crashes.tried, time.monotonic() - began, list(crashes.found.values()))


def results(name: str, share: Share) -> Row:
    """Put changed results before every verb that reads one."""
    began, crashes = time.monotonic(), Crashes(share.kept)
    with tempfile.TemporaryDirectory() as folder, nothing_measured():
        documents = Documents(Path(folder), share.seed)
        for _ in range(int(share.scale * RESULTS)):
            crashes.attempt(name, documents.draw(), documents.attempt, ())
    return Row(name, "by rule", crashes.tried, time.monotonic() - began, list(crashes.found.values()))


def commands(name: str, share: Share) -> Row:
    """Type command lines, in a folder with a result and a pipe that nobody writes to."""
    began, crashes = time.monotonic(), Crashes(share.kept)

    @seed(share.seed)
    @settings(
        max_examples=int(share.scale * COMMANDS),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(LINES)
    def lines(line: list[str]) -> None:
        crashes.attempt(name, json.dumps(line).encode(), lambda raw: check(ask(json.loads(raw))), ())

    with tempfile.TemporaryDirectory() as folder, chdir(folder), nothing_measured():
        shutil.copytree(GOLDEN / "docker-host", "golden")
        os.mkfifo("fifo")
        lines()
    return Row(name, "hypothesis", crashes.tried, time.monotonic() - began, list(crashes.found.values()))


def memray(name: str, share: Share) -> Row:
    """Count captures that were cut off or changed, in batches."""
    began, random, tried, refused = time.monotonic(), Random(share.seed), 0, 0  # noqa: S311 - inputs, not secrets
    with tempfile.TemporaryDirectory() as folder:
        whole = captures.seed_capture(Path(folder))
        while tried < share.scale * CAPTURES:
            batch = [captures.changed(whole, random) for _ in range(captures.A_BATCH)]
            refused += captures.attempt(Path(folder), batch)
            tried += len(batch)
    return Row(f"{name} ({refused} refused)", "by rule", tried, time.monotonic() - began, [])


RULES = {"results": results, "command lines": commands, "captures": memray}


def table(rows: Sequence[Row]) -> str:
    """Print what was tried and found."""
    head = f"{'target':<24}{'inputs from':<15}{'inputs':>10}{'seconds':>9}{'crashes':>9}\n"
    lines = [f"{row.name:<24}{row.how:<15}{row.tried:>10,}{row.seconds:>9.0f}{len(row.found):>9}\n" for row in rows]
    total = f"{'all':<39}{sum(row.tried for row in rows):>10,}{'':>9}{sum(len(row.found) for row in rows):>9}\n"
    return head + "".join(lines) + total


if __name__ == "__main__":
    sys.exit(main())
