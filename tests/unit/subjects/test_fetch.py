"""What is fetched, from whom, and what is refused: against a small server that tells what a test wants."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.subjects import fetch
from harness.subjects.fetch import Base, base

TEXT = b"heap profile: 0: 0 [0: 0] @ heap/1048576\n\n# runtime.MemStats\n# TotalAlloc = 5\n"
PLAIN = {"heap?debug=1": TEXT, "heap?gc=1": b"the heap", "allocs": b"the allocs"}
Serve = Callable[[dict[str, bytes]], str]


class Answers(BaseHTTPRequestHandler):
    pages: dict[str, bytes] = PLAIN
    asked: list[str]

    def do_GET(self) -> None:
        what = self.path.removeprefix("/debug/pprof/")
        self.asked.append(what)
        body = self.pages.get(what, b"")
        status = 302 if body.startswith(b"http") else (200 if body else 404)
        self.send_response(status)
        self.send_header("Location", body.decode() if status == 302 else "")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        pass


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[ThreadingHTTPServer] = []

    def start(pages: dict[str, bytes]) -> str:
        kind = type("Mine", (Answers,), {"pages": pages, "asked": ASKED})
        ASKED.clear()
        server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        running.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


ASKED: list[str] = []


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-P", "-m", "harness.subjects.fetch", *arguments]
    code = str(Path(fetch.__file__).parents[2])
    return subprocess.run(
        argv, check=False, capture_output=True, text=True, env={"PYTHONPATH": code, **environment}, timeout=50
    )


def refused(*arguments: str, status: int = 1) -> str:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("path", ["", "/", "/debug/pprof", "/debug/pprof/"])
@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:6060", Base("127.0.0.1", 6060)),
        ("127.200.0.9:1", Base("127.200.0.9", 1)),
        ("LOCALHOST:6060", Base("localhost", 6060)),
        ("[::1]:6060", Base("::1", 6060)),
        ("127.0.0.1", Base("127.0.0.1", 80)),
    ],
)
def test_loopback_is_accepted(host: str, path: str, expected: Base) -> None:
    assert base(f"http://{host}{path}") == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:6060",
        "https://127.0.0.1:6060",
        "file:///etc/passwd",
        "http://",
        "http://192.0.2.1:6060",
        "http://10.0.0.1:6060",
        "http://0.0.0.0:6060",
        "http://example.org:6060",
        "http://localhost.example.org:6060",
        "http://127.0.0.1.example.org:6060",
        "http://127.1:6060",
        "http://2130706433:6060",
        "http://[::ffff:192.0.2.1]:6060",
        "http://[fe80::1]:6060",
        "http://[::1:6060",
        "http://me:secret@127.0.0.1:6060",
        "http://127.0.0.1@192.0.2.1:6060",
        "http://127.0.0.1:6060/debug/pprof/heap",
        "http://127.0.0.1:6060/elsewhere",
        "http://127.0.0.1:6060/?x=1",
        "http://127.0.0.1:6060/#x",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^.+$"):
        base(url)


def test_a_visit_leaves_its_files(serve: Serve, tmp_path: Path) -> None:
    done = run(serve(PLAIN), str(tmp_path), "mark")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mark.allocs.pb.gz",
        "mark.heap.pb.gz",
        "mark.memstats-1.txt",
        "mark.memstats-2.txt",
        "mark.memstats-3.txt",
    ]
    assert (tmp_path / "mark.heap.pb.gz").read_bytes() == b"the heap"
    first, *rest = (tmp_path / "mark.memstats-1.txt").read_text().splitlines()
    assert first.startswith("# at_ns = ")
    assert rest == ["# runtime.MemStats", "# TotalAlloc = 5"]


def test_text_comes_first_and_twice_at_the_end(serve: Serve, tmp_path: Path) -> None:
    run(serve(PLAIN), str(tmp_path), "mark")

    assert ASKED == ["heap?debug=1", "heap?gc=1", "allocs", "goroutine?debug=1", "heap?debug=1", "heap?debug=1"]


@pytest.mark.parametrize(("number", "each"), [(4, True), (fetch.FEW_GOROUTINES, False)])
def test_goroutines_come_one_by_one_where_they_are_few(
    serve: Serve, tmp_path: Path, number: int, *, each: bool
) -> None:
    counted = f"goroutine profile: total {number}\n".encode()
    run(serve({**PLAIN, "goroutine?debug=1": counted, "goroutine?debug=2": b"goroutine 1"}), str(tmp_path), "mark")
    assert (tmp_path / "mark.goroutines.txt").read_bytes() == counted
    assert (tmp_path / "mark.goroutines-each.txt").exists() == each


def test_a_visit_that_is_too_late_asks_for_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def drips(*_: object) -> bytes:
        fetch._too_late(14, None)

    monkeypatch.setattr(fetch, "_get", drips)
    with pytest.raises(SystemExit, match="no whole answer"):
        fetch._goroutines(base("http://127.0.0.1:6060"))


def test_of_several_visits_the_last_one_alone_keeps_its_profiles(serve: Serve, tmp_path: Path) -> None:
    done = run(serve(PLAIN), str(tmp_path), "before", "mark")

    assert done.returncode == 0
    assert ASKED == 2 * ["heap?debug=1", "heap?gc=1", "allocs", "goroutine?debug=1", "heap?debug=1", "heap?debug=1"]
    assert {path.name for path in tmp_path.glob("before.*")} == {f"before.memstats-{one}.txt" for one in (1, 2, 3)}
    assert (tmp_path / "mark.allocs.pb.gz").exists()


def test_a_proxy_of_the_environment_is_not_asked(serve: Serve, tmp_path: Path) -> None:
    done = run(serve(PLAIN), str(tmp_path), "mark", http_proxy="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1")

    assert done.returncode == 0


def test_a_redirect_is_not_followed(serve: Serve, tmp_path: Path) -> None:
    url = serve({**PLAIN, "heap?gc=1": b"http://127.0.0.1:1/"})

    assert "heap?gc=1: status 302; expected 200" in refused(url, str(tmp_path), "mark")
    assert list(tmp_path.iterdir()) == []


def test_a_server_without_pprof_is_told(serve: Serve, tmp_path: Path) -> None:
    assert "status 404" in refused(serve({}), str(tmp_path), "mark")


def test_a_server_that_is_no_go_program_is_told(serve: Serve, tmp_path: Path) -> None:
    assert "no runtime.MemStats" in refused(serve({"heap?debug=1": b"hello"}), str(tmp_path), "mark")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_nobody_there_is_told(tmp_path: Path, host: str) -> None:
    said = refused(f"http://{host}:1", str(tmp_path), "mark", status=fetch.NOTHING_LISTENS)
    assert said.startswith("http://")


@pytest.mark.parametrize("arguments", [(), ("x",), ("http://127.0.0.1:1", ".", ""), ("http://127.0.0.1:1", ".", "a/b")])
def test_wrong_arguments_are_told(arguments: tuple[str, ...]) -> None:
    assert refused(*arguments).startswith("usage: ")


def test_a_host_elsewhere_is_told(tmp_path: Path) -> None:
    assert "is not on loopback" in refused("http://192.0.2.1:6060", str(tmp_path), "mark")


def test_a_folder_that_is_not_there_is_told(serve: Serve, tmp_path: Path) -> None:
    assert "No such file" in refused(serve(PLAIN), str(tmp_path / "nowhere"), "mark")


def test_an_answer_without_end_is_cut_off(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    url = serve({**PLAIN, "allocs": bytes(1000)})
    monkeypatch.setattr(fetch, "MAX_PROFILE_BYTES", 100)

    with pytest.raises(SystemExit, match="allocs: more than 100 bytes"):
        fetch.visit(base(url))


SILENT = """
import socket
from harness.subjects import fetch
fetch.TIMEOUT_S = 0.3
server = socket.create_server(("127.0.0.1", 0))
{twist}
fetch.main([f"http://127.0.0.1:{{server.getsockname()[1]}}", ".", "mark"])
"""
DRIP = """
import threading, time
def drip():
    asked, _ = server.accept()
    asked.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
    while True:
        time.sleep(0.01)
        asked.sendall(b"x")
threading.Thread(target=drip, daemon=True).start()
"""
GARBAGE = """
import threading
def garbage():
    asked, _ = server.accept()
    asked.sendall(b"\\x1b[31m\\x00 garbage\\n")
    asked.close()
threading.Thread(target=garbage, daemon=True).start()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("twist", "says"), [("", "timed out"), (DRIP, "no whole answer"), (GARBAGE, "garbage")])
def test_silence_dripping_and_garbage_end_in_one_line(tmp_path: Path, twist: str, says: str) -> None:
    code = str(Path(fetch.__file__).parents[2])
    argv = [sys.executable, "-P", "-c", SILENT.format(twist=twist)]
    done = subprocess.run(
        argv, check=False, capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": code}, timeout=50
    )

    (line,) = done.stderr.splitlines()
    assert says in line or "no whole answer" in line
    assert line.isprintable()
    assert done.returncode == 1
