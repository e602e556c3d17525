"""Files that people bring, as large as they may be: `tox -e bench` judges ten million rows, an ordinary run fewer."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

MOST_SECONDS, MOST_MEMORY_KIB = 15.0, 500_000
CHUNK = 100_000
JUDGED = """
import re, sys, time
from pathlib import Path
from harness.cli import main
began = time.monotonic()
try:
    main(["judge", sys.argv[1]])
except SystemExit as end:
    peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
    print(end.code, time.monotonic() - began, peak[1])
"""


@pytest.mark.parametrize("clock", ["seconds", "ISO 8601"])
def test_ten_million_rows_are_judged_within_bounds(clock: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    whole = request.config.getoption("benchmark_enable")
    rows = 10_000_000 if whole else 300_000
    path = tmp_path / "it.csv"
    with path.open("w") as file:
        file.write("time,rss_bytes\n")
        for first in range(0, rows, CHUNK):
            at = np.arange(first, first + CHUNK)
            times = np.datetime_as_string(np.datetime64("2026-05-04") + at.astype("m8[s]"), unit="s")
            shown = times if clock == "ISO 8601" else at + 1_700_000_000
            file.writelines(
                f"{one},{50_000_000 + (number * 7919 % 4096) * 64}\n" for one, number in zip(shown, at, strict=True)
            )

    done = subprocess.run([sys.executable, "-P", "-c", JUDGED, path], check=True, capture_output=True, text=True)
    status, seconds, peak = done.stdout.splitlines()[-1].split()
    assert status == "0"
    assert int(peak) < MOST_MEMORY_KIB
    assert float(seconds) < MOST_SECONDS or not whole
