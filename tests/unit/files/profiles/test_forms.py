"""Profiles that real programs wrote are read, with the numbers that their own tools show."""

import gzip
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from harness.files import bundle
from harness.files.profiles import captures, goroutines, profile_view
from harness.files.profiles import forms as profiles
from harness.probes.pprof.diff import difference
from harness.probes.pprof.pprof import Profile, by_function, stacks, totals
from harness.probes.pprof.schema import Profile as Message
from raising import raises_id

MIB = 2**20
KEPT = 32 * MIB
GO = shutil.which("go")
GO_PROGRAM = """
package main

import (
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

var kept [][]byte

//go:noinline
func keep() { for i := 0; i < 32; i++ { kept = append(kept, make([]byte, 1<<20)) } }

//go:noinline
func waits(c chan int) { <-c }

func write(name, kind string, debug int) {
	f, err := os.Create(name)
	if err != nil { panic(err) }
	defer f.Close()
	if err := pprof.Lookup(kind).WriteTo(f, debug); err != nil { panic(err) }
}

func main() {
	keep()
	c := make(chan int)
	for i := 0; i < 7; i++ { go waits(c) }
	time.Sleep(50 * time.Millisecond)
	runtime.GC()
	f, _ := os.Create("cpu")
	pprof.StartCPUProfile(f)
	pprof.StopCPUProfile()
	f.Close()
	write("heap", "heap", 0)
	write("heap.txt", "heap", 1)
	write("goroutine", "goroutine", 0)
	write("goroutine1.txt", "goroutine", 1)
	write("goroutine2.txt", "goroutine", 2)
	write("threadcreate.txt", "threadcreate", 1)
	write("block", "block", 0)
	runtime.KeepAlive(kept)
}
"""


def flat(profile: Profile, kind: str, name: str) -> int:
    return sum(cost.flat for function, cost in by_function(stacks(profile, kind)).items() if name in function)


@pytest.fixture(scope="module")
def go_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if GO is None:
        pytest.skip("no Go toolchain on PATH")
    folder = tmp_path_factory.mktemp("go")
    (folder / "main.go").write_text(GO_PROGRAM)
    (folder / "go.mod").write_text("module it\n\ngo 1.21\n")
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    subprocess.run([GO, "build", "-o", "it", "."], cwd=folder, check=True, env=environment)
    subprocess.run(["./it"], cwd=folder, check=True, env={**environment, "GODEBUG": ""})
    (folder / "it").rename(folder / "it.exe")
    return folder


@pytest.mark.parametrize("file", ["heap", "heap.txt"])
def test_a_heap_profile_of_go_shows_what_is_kept_and_by_whom(go_files: Path, file: str) -> None:
    found = profiles.read(go_files / file)

    assert profile_view.best(found) == "inuse_space"
    assert flat(found, "inuse_space", "main.keep") == pytest.approx(KEPT, rel=0.25)
    assert flat(found, "inuse_space", "main.keep") > 0.8 * totals(found)["inuse_space"]


def test_both_forms_of_go_say_the_same_as_gos_own_tool(go_files: Path) -> None:
    top = subprocess.run(
        [str(GO), "tool", "pprof", "-sample_index=inuse_space", "-unit=B", "-top", "-nodecount=500", "heap"],
        cwd=go_files,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    shown = sum(int(row) for row in re.findall(r"(?m)^\s*(\d+)B\s+[\d.]+%", top))

    assert totals(profiles.read(go_files / "heap"))["inuse_space"] == shown
    assert totals(profiles.read(go_files / "heap.txt"))["inuse_space"] == pytest.approx(shown, rel=0.05)


@pytest.mark.parametrize("file", ["goroutine", "goroutine1.txt", "goroutine2.txt"])
def test_goroutines_have_their_number_their_state_and_their_creator(go_files: Path, file: str) -> None:
    found = profiles.read(go_files / file)
    first = goroutines.groups(stacks(found, "goroutine"))[0]

    assert first.number == 7
    assert first.state == ("not recorded" if file == "goroutine1.txt" else "chan receive")
    assert first.stands_in == "main.waits"
    assert first.creator in {"main.main", "begins in main.waits"}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("cpu", "not_a_memory_profile"),
        ("threadcreate.txt", "not_a_memory_profile"),
        ("block", "not_a_memory_profile"),
        ("it.exe", "not_a_profile"),
        ("main.go", "not_a_profile"),
    ],
)
def test_what_is_not_of_memory_is_named_as_what_it_is(go_files: Path, file: str, name: str) -> None:
    with raises_id(name, go_files / file):
        profiles.read(go_files / file)


def test_a_bundle_is_listed_and_its_heap_profile_taken(go_files: Path, tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for one in sorted(go_files.iterdir()):
            file.write(one, f"debug/{one.name}")

    for where in (go_files, archive):
        assert bundle.is_bundle(where)
        found = {Path(one.name).name: one for one in bundle.entries(where)}
        assert len(found) == len(list(go_files.iterdir()))
        assert "CPU" in found["cpu"].what
        assert [Path(one.name).name for one in bundle.heaps(list(found.values()))] == ["heap"]


# --- C: gperftools and jemalloc, as their own libraries write them ---------------------------------------------------

C_PROGRAM = r"""
#include <stdlib.h>
#include <string.h>
#include <dlfcn.h>
void *kept[32];
__attribute__((noinline)) void keep(void) {
  for (int i = 0; i < 32; i++) { kept[i] = malloc(1 << 20); memset(kept[i], 1, 1 << 20); }
}
int main(int argc, char **argv) {
  keep();
  int (*control)(const char *, void *, size_t *, void *, size_t) = dlsym(RTLD_DEFAULT, "mallctl");
  if (control) control("prof.dump", 0, 0, 0, 0);
  void (*dump)(const char *) = dlsym(RTLD_DEFAULT, "HeapProfilerDump");
  if (dump) dump("asked");
  return kept[7] == 0;
}
"""


def library(name: str) -> str | None:
    listed = subprocess.run(["/sbin/ldconfig", "-p"], check=False, capture_output=True, text=True).stdout
    return next((line.split()[-1] for line in listed.splitlines() if line.strip().startswith(name)), None)


@pytest.fixture(scope="module")
def c_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("no gcc on PATH")
    folder = tmp_path_factory.mktemp("c")
    (folder / "it.c").write_text(C_PROGRAM)
    subprocess.run(["gcc", "-g", "-O1", "-rdynamic", "-o", "it", "it.c", "-ldl"], cwd=folder, check=True)
    return folder


def test_gperftools_own_file_is_read(c_program: Path, tmp_path: Path) -> None:
    preloaded = library("libtcmalloc.so")
    if preloaded is None:
        pytest.skip("no libtcmalloc here")
    environment = {**os.environ, "LD_PRELOAD": preloaded, "HEAPPROFILE": str(tmp_path / "it")}
    subprocess.run([c_program / "it"], check=True, env=environment, capture_output=True)

    found = profiles.read(min(tmp_path.glob("it.*.heap")))
    assert found.accounting == "gperftools:all"
    assert KEPT <= totals(found)["inuse_space"] < KEPT + MIB


def test_jemallocs_own_file_is_read(c_program: Path, tmp_path: Path) -> None:
    preloaded = library("libjemalloc.so")
    if preloaded is None:
        pytest.skip("no libjemalloc here")
    settings = f"prof:true,prof_active:true,lg_prof_sample:16,prof_prefix:{tmp_path / 'it'}"
    environment = {**os.environ, "LD_PRELOAD": preloaded, "MALLOC_CONF": settings}
    done = subprocess.run([c_program / "it"], check=True, env=environment, capture_output=True, text=True)
    if "Invalid conf" in done.stderr:
        pytest.skip("this jemalloc was built without profiles")

    found = profiles.read(min(tmp_path.glob("it.*.heap")))
    assert found.accounting == "jemalloc:sampled-profile"
    assert totals(found)["inuse_space"] == pytest.approx(KEPT, rel=0.1)


@pytest.mark.slow
def test_heaptracks_file_is_read_by_its_own_printer(c_program: Path, tmp_path: Path) -> None:
    if shutil.which("heaptrack") is None:
        pytest.skip("no heaptrack here")
    subprocess.run(["heaptrack", "-o", tmp_path / "it", c_program / "it"], check=True, capture_output=True)

    found = profiles.read(next(tmp_path.glob("it*")))
    assert flat(found, "inuse_space", "keep") == KEPT
    assert flat(found, "alloc_objects", "keep") == 32


# --- Python ---------------------------------------------------------------------------------------------------------

PYTHON = """
import sys, memray
kept = []
def keep():
    for _ in range(32):
        kept.append(bytearray(1 << 20))
with memray.Tracker(sys.argv[1]):
    keep()
    for _ in range(5):
        bytearray(1 << 20)
"""


@pytest.mark.slow
def test_a_memray_capture_shows_what_is_kept_and_all_that_was_made(tmp_path: Path) -> None:
    capture = tmp_path / "it.bin"
    subprocess.run([sys.executable, "-c", PYTHON, capture], check=True)

    found = profiles.read(capture)
    assert flat(found, "inuse_space", "keep (") == pytest.approx(KEPT, rel=0.01)
    assert totals(found)["alloc_space"] == pytest.approx(37 * MIB, rel=0.05)


def test_a_capture_that_is_none_is_one_line(tmp_path: Path) -> None:
    capture = tmp_path / "it.bin"
    capture.write_bytes(b"memray\0" + bytes(range(100)))

    with raises_id("file_damaged") as fault:
        profiles.read(capture)
    assert "\n" not in fault.value.message


def test_folded_stacks_with_spaces_in_names() -> None:
    assert captures.folded("main;operator new(unsigned long) 7\nmain;x 2\nbroken\n") == {
        ("main", "operator new(unsigned long)"): 7,
        ("main", "x"): 2,
    }


# --- texts of known numbers ------------------------------------------------------------------------------------------

JEMALLOC = """heap_v2/524288
  t*: 2: 1048576 [0: 0]
  t0: 2: 1048576 [0: 0]
@ 0x10 0x20
  t*: 2: 1048576 [0: 0]
  t0: 2: 1048576 [0: 0]

MAPPED_LIBRARIES:
00000000-00000018 r-xp 00000000 00:00 0 /usr/bin/it
00000018-00000100 r-xp 00000008 00:00 0 /usr/lib/libother.so
"""


def test_samples_are_scaled_by_their_size_and_named_by_their_file() -> None:
    found = profiles.parse(JEMALLOC.encode(), "it")

    assert totals(found)["inuse_space"] == int(1048576 / (1 - 2.718281828459045**-1))
    assert found.stacks[0].frames == ("libother.so+0x10", "it+0x10")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "not_a_profile"),
        (b"--- heapz 1 ---\nformat = java\n", "not_a_memory_profile"),
        (b"\0" * 8 + b"\3" + b"\0" * 15 + b"\x64" + b"\0" * 60, "not_a_memory_profile"),
        (b"heap profile: much\n", "not_a_profile"),
        (b"heap_v2/0\n", "not_a_profile"),
        (b"<!doctype html><title>404</title>", "not_a_profile"),
        (b"PAR1" + bytes(20), "not_a_profile"),
        (b"time,rss\n1,2\n", "not_a_profile"),
        (gzip.compress(b"time,rss\n1,2\n", mtime=0), "not_a_profile"),
        (gzip.compress(bytes(1000), mtime=0)[:-10], "file_damaged"),
        (gzip.compress(bytes(40 * MIB), mtime=0), "file_too_large"),
        (bytes(range(200, 256)) * 9, "not_a_profile"),
    ],
)
def test_a_wrong_file_is_named(data: bytes, name: str) -> None:
    with raises_id(name, "it"):
        profiles.parse(data, "it")


def test_an_archive_is_unpacked_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MOST_UNPACKED_BYTES", 3 * MIB)
    archive = tmp_path / "it.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(5):
            file.writestr(f"{number}.txt", bytes(MIB))

    assert sum(one.what.startswith("left out") for one in bundle.entries(archive)) == 2


def in_use_only(sizes: dict[str, int]) -> bytes:
    """Write what Rust's jemalloc_pprof does: only what is in use, under names of its own."""
    message = Message(period=1)
    message.string_table.extend([b"", b"inuse_objects", b"count", b"inuse_space", b"bytes"])
    message.sample_type.add(type=1, unit=2)
    message.sample_type.add(type=3, unit=4)
    for number, (name, size) in enumerate(sizes.items(), start=1):
        message.string_table.append(name.encode())
        message.function.add(id=number, name=number + 4)
        message.location.add(id=number).line.add(function_id=number)
        message.sample.add(location_id=[number], value=[1, size])
    return gzip.compress(message.SerializeToString())


def test_a_profile_of_what_is_in_use_alone_is_shown_and_put_side_by_side() -> None:
    first, second = (profiles.parse(in_use_only({"one": 100, "two": size}), "it") for size in (100, 300))

    assert profile_view.one(first, profile_view.best(first), 9).total == 200
    found = profile_view.side_by_side(first, second, profile_view.common(first, second), 9, "why")
    assert {row.function: (row.before_flat_share, row.after_flat_share) for row in found.functions} == {
        "one": (0.5, 0.25),
        "two": (0.5, 0.75),
    }


def text(rows: dict[str, tuple[int, int]]) -> Profile:
    lines = [f"1: {kept} [9: {made}] @ {place}" for place, (kept, made) in rows.items()]
    return profiles.parse("\n".join(["heap profile: 1: 1 [1: 1] @ heapprofile", *lines]).encode(), "it")


def test_two_of_one_life_are_subtracted_whoever_wrote_them() -> None:
    found = difference(text({"0x10": (64, 100)}), text({"0x10": (32, 250), "0x20": (8, 8)}), "alloc_space")

    assert (found.total, found.standard_error, found.accounting) == (158, 0.0, "gperftools:all")


@pytest.mark.parametrize("accounting", ["python:as-captured", "heaptrack:all-malloc"])
def test_recordings_are_each_of_a_life_of_their_own(accounting: str) -> None:
    one = replace(text({"0x10": (64, 100)}), accounting=accounting)

    with raises_id("profiles_differ"):
        difference(one, one, "alloc_space")


def test_of_two_lives_the_order_is_the_readers() -> None:
    first, second = (replace(text({place: (64, 100)}), at_ns=at) for place, at in (("0x10", 9), ("0x20", 5)))

    with raises_id("process_restarted"):
        difference(first, second, "alloc_space")
