"""What real programs record of a real process of known growth is read and judged right."""

import io
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from harness.files import source
from harness.files.series import forms as series
from harness.files.series.judge import Limits, judge_all
from harness.files.series.table import Series, Wanted

MIB = 2**20
READINGS = 45
COUNTERS = MIB  # a kernel counts pages per processor, and what it shows may be some off
PROGRAM = """
import sys
kept = []
for line in sys.stdin:
    kept.append(b"x" * int(line))
    print(flush=True)
"""
PATIENCE_S = 30.0


class Process:
    """A process that keeps as many bytes as it is told to."""

    def __init__(self) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.keep(1)

    def keep(self, size: int) -> None:
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        print(size, file=self.popen.stdin, flush=True)
        self.popen.stdout.readline()

    @property
    def rss(self) -> int:
        return int(Path(f"/proc/{self.popen.pid}/statm").read_text().split()[1]) * 4096


@pytest.fixture
def process() -> Iterator[Process]:
    found = Process()
    yield found
    found.popen.kill()
    found.popen.communicate()


def read(text: str, **wanted: float) -> list[Series]:
    return series.read(source.source("-", io.BytesIO(text.encode())), Wanted(**wanted))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(("kept", "verdict"), [(256 * 1024, "growing"), (1, "flat")])
def test_ps_in_a_loop(process: Process, kept: int, verdict: str) -> None:
    rows = []
    for _ in range(READINGS):
        process.keep(kept)
        ps = ["ps", "-o", "rss=", "-p", str(process.popen.pid)]
        rows.append(subprocess.run(ps, check=True, capture_output=True, text=True).stdout)

    (one,) = read("".join(rows), every_s=30.0)
    assert one.y[-1] == pytest.approx(process.rss, abs=COUNTERS)
    growth = judge_all([("ps", one)], Limits())[0].series[0].growth
    assert growth is not None
    assert growth.verdict == verdict
    if verdict == "growing":
        assert growth.low is not None
        assert growth.high is not None
        assert growth.low <= kept * 120 * 1.02
        assert growth.high >= kept * 120 * 0.98


@pytest.mark.slow
@pytest.mark.parametrize("options", [("-r",), ("-h", "-r")])
def test_pidstat(process: Process, options: tuple[str, ...]) -> None:
    if shutil.which("pidstat") is None:
        pytest.skip("no pidstat on PATH: apt-get install sysstat")
    command = ["pidstat", *options, "-p", str(process.popen.pid), "1", "2"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    (one,) = read(text)
    assert one.kind == "pidstat -r"
    np.testing.assert_allclose(one.y, process.rss, atol=COUNTERS)
    assert one.y.size == 2
    assert float(one.x[1] - one.x[0]) == pytest.approx(1, abs=1)


def test_psrecord(process: Process, tmp_path: Path) -> None:
    psrecord = shutil.which("psrecord") or shutil.which("psrecord", path=str(Path(sys.executable).parent))
    if psrecord is None:
        pytest.skip("no psrecord on PATH: pip install psrecord")
    log = tmp_path / "it.txt"
    command = [psrecord, str(process.popen.pid), "--interval", "0.2", "--duration", "1", "--log", str(log)]
    subprocess.run(command, check=True, capture_output=True)

    (one,) = read(log.read_text())
    assert one.kind == "psrecord"
    np.testing.assert_allclose(one.y, process.rss, rtol=0.01)


@pytest.mark.slow
def test_prometheus(tmp_path: Path) -> None:
    server = shutil.which("prometheus")
    if server is None:
        pytest.skip("no prometheus on PATH")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{free.getsockname()[1]}"
    (tmp_path / "it.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: it, static_configs: [{{targets: ['{where}']}}]}}]\n"
    )
    options = [f"--web.listen-address={where}", f"--storage.tsdb.path={tmp_path}", "--log.level=error"]
    with subprocess.Popen([server, f"--config.file={tmp_path / 'it.yml'}", *options]) as running:
        try:
            text = answer(where, 3)
        finally:
            running.terminate()

    (one,) = read(text)
    assert one.kind == "Prometheus"
    assert one.name.startswith("process_resident_memory_bytes{")
    assert (np.diff(one.x) == 1).all()
    assert 10 * MIB < one.y[-1] < 500 * MIB


def answer(where: str, rows: int) -> str:
    """Ask until there are so many readings."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        now = time.time()
        query = f"query=process_resident_memory_bytes&start={now - 60:.3f}&end={now:.3f}&step=1"
        with suppress(OSError), urllib.request.urlopen(f"http://{where}/api/v1/query_range?{query}") as stream:
            text: str = stream.read().decode()
            found = json.loads(text)["data"]["result"]
            if found and len(found[0]["values"]) >= rows:
                return text
        time.sleep(0.2)
    pytest.fail("Prometheus did not scrape itself in time")
