"""Simulate series of known truth and count the verdicts: ``python tests/calibration/simulate.py``.

Prints the table. A run over all shapes also writes it, and the picture, beside this file. Ends with 1 when a promise is
broken. The same seed makes the same table, on however many cores.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # one process a core is enough, and numpy reads this when it is imported
sys.path.append(str(Path(__file__).parent))  # the tests are no package
if TYPE_CHECKING:
    from tests.calibration import drawing, until
    from tests.calibration.rates import Rates, rates
    from tests.calibration.shapes import MINUTES, cases
else:
    import drawing
    import until
    from rates import Rates, rates
    from shapes import MINUTES, cases

HERE = Path(__file__).parent
README = HERE / "README.md"
PICTURE = HERE / "calibration.svg"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
BEGIN_UNTIL, END_UNTIL = "<!-- until: begin -->\n", "<!-- until: end -->\n"


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    order = [case.name for case in cases()]
    counted = sorted(_all(arguments), key=lambda one: (order.index(one.name), one.minutes))
    found = [one for one in counted if not isinstance(one, until.Stopped)]
    stopped = [one for one in counted if isinstance(one, until.Stopped)]
    table, of_stopped = drawing.table(found), until.table(stopped)
    sys.stdout.write(f"{table}\n{of_stopped}")
    if not arguments.only:
        told = f"series of each shape and length, seed {arguments.seed}.\n\n"
        _write(BEGIN, f"{arguments.series} {told}{table}", END)
        _write(BEGIN_UNTIL, f"{min(arguments.series, until.SERIES)} {told}{of_stopped}", END_UNTIL)
        PICTURE.write_text(drawing.picture(found))
    broken = [one for one in (*found, *filter(until.promised, stopped)) if not one.kept]
    for one in broken:
        sys.stderr.write(f"broken: {one.name}, {one.minutes} min: {dict(one.verdicts)}\n")
    return 1 if broken else 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Calibrate the growth verdict on simulated series.")
    parser.add_argument("--series", type=int, default=1000, metavar="N", help="of each shape and length")
    parser.add_argument("--only", default="", metavar="SHAPE", help="shapes whose name contains this; writes no file")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def _all(arguments: argparse.Namespace) -> Iterator[Rates]:
    wanted = [at for at, case in enumerate(cases()) if arguments.only in case.name]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(_counted, at, minutes, arguments.series, arguments.seed)
            for at in wanted
            for minutes in cases()[at].minutes
        ]
        jobs += [
            pool.submit(_stopped, at, scale, min(arguments.series, until.SERIES), arguments.seed)
            for at in wanted
            if cases()[at].minutes == MINUTES
            for scale in until.SCALES
        ]
        for done, job in enumerate(as_completed(jobs), start=1):
            sys.stderr.write(f"\r{done} of {len(jobs)} shapes and lengths")
            sys.stderr.flush()
            yield job.result()
    sys.stderr.write("\n")


def _counted(at: int, minutes: int, series: int, seed: int) -> Rates:
    """Count in another process: a shape is a function and does not travel, its place in the list does."""
    return rates(cases()[at], minutes, range(series), seed)


def _stopped(at: int, scale: float | None, series: int, seed: int) -> Rates:
    return until.stopped(cases()[at], scale, range(series), seed)


def _write(begin: str, text: str, end: str) -> None:
    before, rest = README.read_text().split(begin)
    README.write_text(before + begin + text + end + rest.split(end)[1])


if __name__ == "__main__":
    sys.exit(main())
