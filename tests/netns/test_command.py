"""``netchurn`` as a process: what it prints and how it ends, whatever is done to it and to its parts."""

import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

import pytest

import harness

pytestmark = pytest.mark.netns

Outside = Callable[..., tuple[Popen[str], str]]
Marked = Callable[[str], list[int]]
Worlds = Callable[[str], set[str]]
Remains = Callable[[str, set[str]], list[str]]
Netchurn = Callable[..., tuple[Popen[str], str]]

HANG_S = 120.0
TWO = ("--subject", "poll", "--subject", "netlink")
SHORT = ("--pairs", "4", "--duration", "1s", *TWO)
LONG = ("--pairs", "4", "--duration", "1d", *TWO, "--no-report")
PROFILING = ("making veth pairs", "profiling", "counting")
CLEAN = "0s of 1d"
CUTS = [*((phase, signal.SIGINT) for phase in (*PROFILING, CLEAN)), (CLEAN, signal.SIGTERM)]
INTERNET = ("tcp", "tcp6", "udp", "udp6")
UNCONNECTED = {"0A", "07"}  # TCP: listening; UDP: bound, and to nobody
ACCEPTS = 0x10000
NOTES_WHAT_IS_STARTED = """
import json, sys
def note(event, arguments):
    if event == "exec":
        found = [arguments[0].co_filename]
    elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        found = list(map(str, arguments[1] if event != "os.system" else arguments))
    else:
        return
    with open({to!r}, "a") as stream:
        stream.write(json.dumps({{"event": event, "argv": found}}) + chr(10))
sys.addaudithook(note)
"""
PACKAGE = Path(harness.__file__).resolve().parents[1]


@pytest.fixture
def netchurn(outside: Outside, tmp_path: Path) -> Netchurn:
    """Start the command, with its folders below the test's own."""

    def start(verb: str, *rest: str, below: str = "", **variables: str) -> tuple[Popen[str], str]:
        below_here = ["--results", str(tmp_path / below / "results")]
        if verb == "run":
            below_here += ["--reports", str(tmp_path / below / "reports")]
        return outside(sys.executable, "-P", "-m", "harness", verb, *rest, *below_here, **variables)

    return start


def run_until(phase: str) -> list[str]:
    """Give the arguments of a run that comes to a phase of its life soon, and stays alive there or later."""
    return ["run", "docker-host", *LONG, *(["--no-profile"] if phase == CLEAN else [])]


def end(process: Popen[str]) -> tuple[int, str, str]:
    """Wait for the end; give the status and both streams. A traceback is never right."""
    said, complained = process.communicate(timeout=HANG_S)
    assert "Traceback" not in said + complained
    return process.returncode, said, complained


def wait_until_it_says(process: Popen[str], words: str) -> None:
    """Read progress until the words come, if any are waited for. ``rest`` reads on: a part may be read already."""
    assert process.stderr is not None
    lines = list[str]()
    for line in process.stderr if words else ():
        lines.append(line)
        if words in line:
            return
    if words:
        pytest.fail(f"never said {words!r}: {''.join(lines)}")


def rest(process: Popen[str]) -> tuple[int, str, str]:
    assert process.stdout is not None
    assert process.stderr is not None
    complained, said = process.stderr.read(), process.stdout.read()
    assert "Traceback" not in said + complained
    return process.wait(), said, complained


def message_and_hint(complained: str) -> tuple[str, str]:
    """Read the two lines of an error; there may be nothing else than progress before them."""
    *progress, message, hint = complained.splitlines()
    assert all(line.startswith("netchurn: ") for line in progress), complained
    assert message.startswith("netchurn: ")
    assert hint.startswith("  try: ")
    return message.removeprefix("netchurn: "), hint.removeprefix("  try: ")


def folders(results: Path) -> list[Path]:
    return [path.parent for path in results.glob("*/*/result.json")]


def render(netchurn: Netchurn, folder: Path, form: str = "json") -> str:
    status, said, complained = end(netchurn("report", str(folder), "--format", form, "--output", "-")[0])
    assert (status, complained) == (0, "")
    return said


def find(pids: list[int], words: set[str]) -> int:
    """Find the process that has these words among its arguments, and is no helper that starts it."""
    [found] = [
        pid for pid in pids if words <= set(arguments(pid)) and Path(arguments(pid)[0]).name.startswith("python")
    ]
    return found


def arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return [""]


# --- a good run -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_with_json_it_prints_one_document_and_nothing_else(netchurn: Netchurn, tmp_path: Path) -> None:
    status, said, _ = end(netchurn("run", "docker-host", *SHORT, "--no-report", "--json")[0])
    document = json.loads(said)
    assert status == 0
    assert (document["schema"], document["status"]) == ("netchurn.analysis/1", "complete")
    poll, netlink, *controls = document["subjects"]
    assert {one["role"] for one in controls} == {"control"}
    assert [(one["name"], one["outcome"]) for one in (poll, netlink)] == [
        ("poll", "completed"),
        ("netlink", "completed"),
    ]
    assert {one["churn"]["accounting"] for one in (poll, netlink)} == {"python:all-objects"}
    assert netlink["churn"]["idle_bytes_per_day"] == 0
    assert poll["churn"]["idle_bytes_per_day"] > 0
    assert netlink["memory"]["rss_peak_bytes"] < 40 << 20
    assert [(one["before"], one["after"]) for one in document["comparisons"]] == [("poll", "netlink")]
    [folder] = folders(tmp_path / "results")
    assert json.loads(render(netchurn, folder)) == document


@pytest.mark.slow
def test_its_last_line_is_the_path_of_the_report(netchurn: Netchurn) -> None:
    status, said, _ = end(netchurn("run", "docker-host", *SHORT, "--no-profile")[0])
    assert Path(said.splitlines()[-1]).read_text().startswith("<!doctype html>")
    assert status in {0, 3}  # nothing was profiled, so nothing may have been claimed


def test_a_run_leaves_nothing_but_its_folders(netchurn: Netchurn, worlds: Worlds, remains: Remains) -> None:
    process, mark = netchurn("run", "docker-host", *SHORT, "--no-profile", "--no-report")
    wait_until_it_says(process, "0s of 1s")
    inhabited = worlds(mark)
    assert inhabited
    rest(process)
    assert remains(mark, inhabited) == []


def test_the_doctor_finds_that_a_run_will_work(outside: Outside) -> None:
    status, said, _ = end(outside(sys.executable, "-P", "-m", "harness", "doctor", "--json")[0])
    assert status == 0
    assert {one["name"]: one["ok"] for one in json.loads(said)}["private namespace"]


# --- cut short --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("phase", "number"), CUTS)
def test_a_signal_in_mid_run_keeps_and_reports_what_was_measured(
    netchurn: Netchurn, tmp_path: Path, phase: str, number: signal.Signals
) -> None:
    process, _ = netchurn(*run_until(phase), "--json")
    wait_until_it_says(process, phase)
    os.killpg(process.pid, number)  # as a terminal does: to the whole process group
    status, said, _ = rest(process)
    assert status == 130
    assert json.loads(said)["status"] == "interrupted"
    [folder] = folders(tmp_path / "results")
    assert json.loads(render(netchurn, folder)) == json.loads(said)


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_but_the_folders(netchurn: Netchurn, worlds: Worlds, remains: Remains) -> None:
    process, mark = netchurn("run", "docker-host", *LONG, "--no-profile")
    wait_until_it_says(process, CLEAN)
    inhabited = worlds(mark)
    assert inhabited
    os.killpg(process.pid, signal.SIGINT)
    assert rest(process)[0] == 130
    assert remains(mark, inhabited) == []


def listening(pid: int) -> list[str]:
    """List what a process waits for connections or datagrams on: by TCP, UDP, or a path of the file system."""
    folder = Path(f"/proc/{pid}")
    try:
        opened = {_target(link) for link in (folder / "fd").iterdir()}
        tables = {name: (folder / "net" / name).read_text().splitlines()[1:] for name in (*INTERNET, "unix")}
    except OSError:
        return []
    rows = [(name, line.split()) for name in INTERNET for line in tables[name]]
    found = [f"{name} {row[1]}" for name, row in rows if row[3] in UNCONNECTED and f"socket:[{row[9]}]" in opened]
    local = [line.split() for line in tables["unix"]]
    return found + [f"unix {row[7:]}" for row in local if int(row[3], 16) & ACCEPTS and f"socket:[{row[6]}]" in opened]


def _target(link: Path) -> str:
    with suppress(OSError):
        return str(link.readlink())
    return ""


def test_no_process_of_a_run_listens_for_anybody(netchurn: Netchurn, marked: Marked) -> None:
    """A WireGuard made by wireguard-go listens, as it must, in the lab's own namespaces, where nobody else is."""
    process, mark = netchurn("run", "docker-host", *LONG, "--no-profile")
    wait_until_it_says(process, CLEAN)
    living = marked(mark)
    found = [one for pid in living if Path(arguments(pid)[0]).name != "wireguard-go" for one in listening(pid)]
    os.killpg(process.pid, signal.SIGINT)
    assert rest(process)[0] == 130
    assert len(living) > 5
    assert found == []


def test_what_listens_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        assert [one.split()[0] for one in listening(os.getpid())] == ["tcp", "udp"]


@pytest.mark.slow
def test_rendering_starts_memray_and_nothing_from_the_result(
    netchurn: Netchurn, outside: Outside, tmp_path: Path
) -> None:
    """Each program that is started and each file that is run as code, told by the interpreter itself."""
    status, said, _ = end(netchurn("run", "docker-host", *SHORT, "--no-report")[0])
    assert status == 0
    folder = Path(said.strip())
    for path in (folder / "harness.py", folder / "captures" / "sitecustomize.py"):
        path.write_text("import os; os._exit(77)")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NOTES_WHAT_IS_STARTED.format(to=str(tmp_path / "started")))
    search = os.pathsep.join([str(tmp_path / "site"), str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])])
    argv = [sys.executable, "-P", "-m", "harness", "report", str(folder), "--output", str(tmp_path / "reports")]
    assert end(outside(*argv, PYTHONPATH=search)[0])[0] == 0
    lines = [json.loads(line) for line in (tmp_path / "started").read_text().splitlines()]
    started = [one["argv"] for one in lines if one["event"] == "subprocess.Popen"]
    assert any("memray" in argv for argv in started)
    assert {Path(argv[0]).name for argv in started} <= {"setpriv", Path(sys.executable).name, "git"}
    assert [one for one in lines if one["event"] == "exec" and str(tmp_path / "results") in one["argv"][0]] == []


# --- runs of one second ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_runs_of_one_second_have_a_result_and_a_report_each(netchurn: Netchurn, tmp_path: Path) -> None:
    options = ("--pairs", "2", "--duration", "1s", "--no-profile", "--subject", "poll-name", "--quiet")
    runs = [netchurn("run", "docker-host", *options)[0] for _ in range(4)]
    ends = [end(one) for one in runs]
    assert [status for status, _, _ in ends] == [3] * 4
    told = {Path(said.strip()).parent.name for _, said, _ in ends}
    results = {path.name for path in (tmp_path / "results" / "docker-host").iterdir()}
    reports = {path.name for path in (tmp_path / "reports" / "docker-host").iterdir()}
    assert len(told) == 4
    assert told == results == reports
    for one in results:
        document = json.loads((tmp_path / "reports" / "docker-host" / one / "report.json").read_text())
        assert document["run_id"] == one


@pytest.mark.slow
def test_a_result_that_somebody_planted_decides_nothing(netchurn: Netchurn) -> None:
    """It has the name that the run would have, for any second that may come."""
    options = ("--pairs", "2", "--duration", "1s", "--no-profile", "--subject", "poll-name", "--quiet", "--no-report")
    first = Path(end(netchurn("run", "docker-host", *options)[0])[1].strip())
    moment, _, rest = first.name.partition("-")
    began = int(moment[9:15])
    for second in range(began, began + 30):
        planted = first.with_name(f"{moment[:9]}{second:06}Z-{rest}")
        with suppress(FileExistsError):
            planted.mkdir()
            (planted / "result.json").write_text("{}")
    status, said, complained = end(netchurn("run", "docker-host", *options)[0])
    assert status == 3, complained
    assert (Path(said.strip()) / "SHA256SUMS").is_file()


# --- what a program leaves in the folder ----------------------------------------------------------------------------

LEAVES = {
    "a sparse file of 20 GiB": ("truncate -s 20G sparse", True),
    "a name that is no UTF-8": ('touch "$(printf "\\377\\376")"', True),
    "a path that is too long": (
        "i=0; while [ $i -lt 300 ]; do mkdir dddddddddddddddddddd && cd dddddddddddddddddddd; i=$((i+1)); done",
        True,
    ),
    "a pipe and a link to itself": ("mkfifo fifo; ln -s loop loop", True),
    "many files": ("mkdir many; cd many; for i in $(seq 3000); do : >$i; done", False),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", LEAVES)
def test_whatever_a_program_leaves_in_the_folder_the_run_is_sealed_and_judged(
    netchurn: Netchurn, tmp_path: Path, what: str
) -> None:
    words, is_named = LEAVES[what]
    script = tmp_path / "leave.sh"
    script.write_text(f"cd {tmp_path}/results/docker-host/*/captures\n{words}\nsleep 600\n")
    options = ("--pairs", "2", "--duration", "2s", "--no-profile", "--subject", "poll-name", "--quiet")
    status, said, complained = end(netchurn("run", "docker-host", *options, "--exec", f"g=sh {script}")[0])
    assert (status, "defect" in complained) == (3, False), complained
    assert Path(said.strip()).is_file()
    [folder] = (tmp_path / "results" / "docker-host").iterdir()
    assert (folder / "SHA256SUMS").is_file()
    notes = json.loads((folder / "result.json").read_text())["limitations"]
    assert any(note["id"] == "not_sealed" and "captures/" in note["text"] for note in notes) is is_named, notes
    shutil.rmtree(folder / "captures")


def test_sealing_heeds_whoever_asks_it_to_end(netchurn: Netchurn, tmp_path: Path) -> None:
    script = tmp_path / "leave.sh"
    script.write_text(f"cd {tmp_path}/results/docker-host/*/captures\nfor i in 1 2 3 4; do truncate -s 8G $i; done\n")
    options = ("--pairs", "2", "--duration", "1s", "--no-profile", "--subject", "poll-name", "--quiet", "--no-report")
    process, _ = netchurn("run", "docker-host", *options, "--exec", f"g=sh -c 'sh {script}; sleep 600'")
    while not any(is_capture(one) for one in opened(process.pid)):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    status, _, _ = end(process)
    assert status == 130
    assert time.monotonic() - began < 20  # 32 GiB take longer to read, even of nothing
    [folder] = (tmp_path / "results" / "docker-host").iterdir()
    assert not (folder / "SHA256SUMS").exists()
    shutil.rmtree(folder / "captures")


def opened(pid: int) -> list[Path]:
    with suppress(OSError):
        return list(Path(f"/proc/{pid}/fd").iterdir())
    return []


def is_capture(link: Path) -> bool:
    with suppress(OSError):
        return bool(Path(os.readlink(link)).name.isdigit() and "captures" in os.readlink(link))  # noqa: PTH115 - a name
    return False


# --- broken parts -----------------------------------------------------------------------------------------------------


def test_without_unshare_it_measures_nothing_and_says_what_to_install(netchurn: Netchurn, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("setpriv", "mount", "ip", "sh", "git"):
        if found := shutil.which(tool):
            (tools / tool).symlink_to(found)
    status, said, complained = end(netchurn("run", "docker-host", *SHORT, PATH=str(tools))[0])
    message, hint = message_and_hint(complained)
    assert (status, said) == (2, "")
    assert "unshare (package util-linux)" in message
    assert message.endswith("[tool_missing]")
    assert "install" in hint
    assert folders(tmp_path / "results") == []


@pytest.mark.parametrize("profile", ["profiled", "clean"])
def test_a_subject_that_dies_at_start_makes_the_run_invalid(netchurn: Netchurn, tmp_path: Path, profile: str) -> None:
    """The subject's own interpreter ends before it could begin; that of everybody else lives."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'harness.subjects.subject_main' in sys.orig_argv:\n"
        "    os.write(2, b'no heart for it\\n')\n"
        "    os._exit(3)\n"
    )
    search = os.pathsep.join([str(site), str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])])
    option = ["--no-profile"] if profile == "clean" else []
    status, said, complained = end(netchurn("run", "docker-host", *SHORT, *option, PYTHONPATH=search)[0])
    message, hint = message_and_hint(complained)
    assert (status, said) == (4, "")
    assert message.endswith("status 3: no heart for it [subject_died]")
    assert "harness.subjects.subject_main" in hint


def test_a_subject_that_refuses_at_start_makes_the_run_invalid_in_its_own_words(netchurn: Netchurn) -> None:
    status, said, complained = end(
        netchurn("run", "docker-host", *SHORT, "--no-profile", NB_USE_NETSTACK_MODE="true")[0]
    )
    message, _ = message_and_hint(complained)
    assert (status, said) == (4, "")
    assert message.endswith("netstack [subject_died]")


def test_a_subject_that_is_killed_in_mid_run_is_reported_as_crashed_and_the_others_go_on(
    netchurn: Netchurn, marked: Marked
) -> None:
    process, mark = netchurn("run", "docker-host", *SHORT, "--no-profile", "--json")
    wait_until_it_says(process, "0s of 1s")
    os.kill(find(marked(mark), {"harness.subjects.subject_main", "netlink"}), signal.SIGKILL)
    status, said, _ = rest(process)
    document = json.loads(said)
    outcomes = {one["name"]: one["outcome"] for one in document["subjects"] if one["role"] != "control"}
    assert outcomes == {"poll": "completed", "netlink": "crashed"}
    assert (status, document["verdict"]) == (4, "invalid")


@pytest.mark.slow
def test_a_lab_that_is_killed_in_mid_run_ends_the_run_in_words_and_keeps_its_folder(
    netchurn: Netchurn, marked: Marked, tmp_path: Path
) -> None:
    process, mark = netchurn("run", "docker-host", *LONG, "--no-profile")
    wait_until_it_says(process, CLEAN)
    os.kill(find(marked(mark), {"harness.lab.agent", "-P"}), signal.SIGKILL)
    status, said, complained = rest(process)
    message, _ = message_and_hint(complained)
    assert (status, said) == (2, "")
    assert message.endswith("[lab_ended]")
    [folder] = folders(tmp_path / "results")
    assert json.loads(render(netchurn, folder))["status"] == "interrupted"


@pytest.mark.slow
def test_a_run_that_still_goes_on_can_be_reported(
    outside: Callable[..., tuple[Popen[str], str]], tmp_path: Path
) -> None:
    """With all that is on disk until then, as of a run that was interrupted; the document says that it goes on."""
    results = tmp_path / "results"
    words = ("run", "docker-host", "--pairs", "2", "--duration", "600s", "--subject", "poll-name", "--no-profile")
    going, _ = outside(sys.executable, "-P", "-m", "harness", *words, "--results", str(results), "--quiet")
    try:
        deadline = time.monotonic() + 120
        while not any(path.stat().st_size > 1000 for path in results.glob("*/*/samples/0-poll-name.csv")):
            assert going.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        asked = ("report", "latest", "--results", str(results), "--format", "json", "-o", "-")
        report, _ = outside(sys.executable, "-P", "-m", "harness", *asked)
        document = json.loads(report.communicate(timeout=120)[0])
        assert document["status"] == "running"
        assert next(one for one in document["subjects"] if one["name"] == "poll-name")["memory"]["rss_last_bytes"]
        assert going.poll() is None
    finally:
        going.send_signal(signal.SIGINT)
        going.communicate(timeout=120)
    assert going.returncode == 130
