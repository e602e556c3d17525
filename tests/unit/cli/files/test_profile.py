"""``netchurn profile`` as a process: what it prints, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.probes.pprof.schema import Profile as Message

NETCHURN = (sys.executable, "-P", "-m", "harness")
LONG = "github.com/somebody/a-daemon/client/internal/wireguard/interfaces.(*Monitor).lookup"
MINUTE = 60 * 10**9
RATE = 524_288
BEFORE = {LONG: 10 * 2**20, "main.main": 2**20}
AFTER = {LONG: 110 * 2**20, "main.main": 2**20, "new\x1b[31m[bold].one": 10**6}


def daemonize(path: Path, bytes_by_function: dict[str, int], at_ns: int, period: int = RATE) -> Path:
    message = Message(time_nanos=at_ns, period=period)
    message.string_table.extend([b"", b"bytes", b"alloc_objects", b"alloc_space", b"inuse_objects", b"inuse_space"])
    for kind in range(2, 6):
        message.sample_type.add(type=kind, unit=1)
    for number, (name, size) in enumerate(bytes_by_function.items(), start=1):
        message.string_table.append(name.encode())
        message.function.add(id=number, name=len(message.string_table) - 1)
        message.location.add(id=number).line.add(function_id=number)
        sample = message.sample.add(location_id=[number], value=[size // 1024, size, 1, 1024])
        sample.label.add(key=1, num=1024)
    path.write_bytes(message.SerializeToString())
    return path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return daemonize(tmp_path / "before.prof", BEFORE, 10**18), daemonize(
        tmp_path / "after.prof", AFTER, 10**18 + MINUTE
    )


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    argv = [*NETCHURN, "profile", *map(str, arguments)]
    return subprocess.run(argv, check=False, capture_output=True, text=True)


def refused(*arguments: object) -> str:
    done = run(*arguments)
    message, remedy = done.stderr.splitlines()
    assert remedy.startswith("  try: ")
    assert (done.returncode, done.stdout) == (2, "")
    return message


def test_the_table_says_how_much_how_sure_and_where(pair: tuple[Path, Path]) -> None:
    done = run(*pair)

    assert (done.returncode, done.stderr) == (0, "")
    head, names, first, *rest = done.stdout.splitlines()
    assert head == "alloc_space: 106 MB, standard error 7.45 MB; 1m, so 152 GB a day"
    assert names.split() == ["function", "flat", "share", "cum", "share"]
    assert "(*Monitor).lookup" in first
    assert first.split()[-6:] == ["105", "MB", "99.1%", "105", "MB", "99.1%"]
    assert any(line.startswith("warning: sampled, one allocation in 512 KiB") for line in rest)


def test_the_table_fits_eighty_columns_and_sends_no_terminal_anything(pair: tuple[Path, Path]) -> None:
    done = run(*pair)

    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    assert "new\ufffd[31m[bold].one" in done.stdout


def test_what_taking_the_profiles_took_is_left_out_and_told(tmp_path: Path) -> None:
    handler, written, done = "net/http/pprof.handler.ServeHTTP", "runtime/pprof.WriteHeapProfile", "runtime/pprof.Do"
    old = daemonize(tmp_path / "old.prof", {handler: 10**6, written: 10**6, done: 1000}, 10**18)
    new = daemonize(tmp_path / "new.prof", {handler: 5 * 10**6, written: 2 * 10**6, done: 1000}, 10**18 + MINUTE)
    found = json.loads(run(old, new, "--json").stdout)

    assert (found["total"], found["left_out"], found["per_day"]) == (0, 5 * 10**6, 0)
    assert found["functions"] == []
    [left_out] = [one["text"] for one in found["warnings"] if one["id"] == "profiling_left_out"]
    assert "5 MB" in left_out


def test_the_document_has_the_numbers_and_whole_names(pair: tuple[Path, Path]) -> None:
    found = json.loads(run(*pair, "--json").stdout)

    assert found["schema"] == "netchurn.profile/1"
    assert (found["sample_type"], found["accounting"]) == ("alloc_space", "go:sampled-profile")
    assert (found["total"], found["seconds"]) == (100 * 2**20 + 10**6, 60.0)
    assert found["per_day"] == pytest.approx(found["total"] * 1440)
    assert found["functions"][0] == {
        "function": LONG,
        "flat": 100 * 2**20,
        "flat_share": pytest.approx(0.991, abs=0.001),
        "cumulative": 100 * 2**20,
        "cumulative_share": pytest.approx(0.991, abs=0.001),
    }
    assert len(found["warnings"]) == 2


def test_as_many_functions_as_asked_for(pair: tuple[Path, Path]) -> None:
    found = json.loads(run(*pair, "--json", "--top", 1).stdout)

    assert (len(found["functions"]), found["functions_left_out"]) == (1, 1)
    assert "1 more: --top N" in run(*pair, "--top", 1).stdout


def test_another_kind_has_another_unit(pair: tuple[Path, Path]) -> None:
    assert run(*pair, "--sample-type", "alloc_objects").stdout.startswith("alloc_objects: 103,376, standard error ")


def test_no_difference_is_not_called_nothing(pair: tuple[Path, Path]) -> None:
    done = run(pair[0], pair[0])

    assert "no sample is new: less than 1.57 MB was allocated" in done.stdout
    assert "the profiles do not tell two moments: no rate" in done.stdout


@pytest.mark.slow
def test_what_cannot_be_compared_is_one_line_and_a_remedy(pair: tuple[Path, Path], tmp_path: Path) -> None:
    before, after = pair

    assert f"{before} was taken 60.000 s before {after}" in refused(after, before)
    assert "cannot be read" in refused(before, tmp_path / "none")
    assert "is no profile" in refused(before, __file__)
    assert "Missing argument" in refused()
    assert "has no sample type" in refused(before, after, "--sample-type", "cpu")
    assert "--top" in refused(before, after, "--top", "0")


@pytest.mark.parametrize("other", ["another rate", "a restart"])
def test_two_lives_are_put_side_by_side_with_what_may_be_compared(
    other: str, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    period, sizes = (1, AFTER) if other == "another rate" else (RATE, {LONG: 2**20})
    second = daemonize(tmp_path / "second.prof", sizes, 10**18 + MINUTE, period)

    found = json.loads(run(pair[0], second, "--json").stdout)
    assert (found["mode"], found["sample_type"]) == ("side_by_side", "inuse_space")
    assert (len(found["may"]), len(found["may_not"])) == (2, 1)
    shares = {row["function"]: row["after_flat_share"] for row in found["functions"]}
    assert shares[LONG] == pytest.approx(1 / len(sizes))


@pytest.mark.slow
def test_one_profile_is_shown_by_what_is_in_use(pair: tuple[Path, Path], tmp_path: Path) -> None:
    found = json.loads(run(pair[1], "--json", "-o", tmp_path / "it.html").stdout)

    assert (found["mode"], found["sample_type"], found["total"]) == ("one", "inuse_space", 3 * 1024)
    assert {one["name"]: one["total"] for one in found["file"]["sample_types"]}["alloc_space"] == sum(AFTER.values())
    assert (tmp_path / "it.html").read_text().startswith("<!doctype html>")


def test_help_shows_each_example_on_a_line_of_its_own() -> None:
    lines = run("--help").stdout.splitlines()

    assert "    netchurn profile before.prof after.prof" in lines
    assert not any("\\b" in line or "\b" in line for line in lines)
