"""Captures by stack: ``captures/*.folded.json.gz`` of a thinned result."""

import gzip
import zlib
from typing import BinaryIO

import msgspec

from harness.errors import ResultFault
from harness.model import Folded

MOST_FOLDED_BYTES = 256 * 2**20  # unpacked: a folder may come from anybody
_FOLDED = ".folded.json.gz"


def folded_name(capture: str) -> str:
    """Name the file that a thinned result has for a memray capture: everything allocated in it, by stack."""
    return capture.removesuffix(".bin") + _FOLDED


def stacks_name(recording: str, kind: str) -> str:
    """Name the file beside a recording that has its stacks: ``kept``, or ``churn``."""
    return folded_name(f"{recording.rpartition('.')[0]}-{kind}.bin")


def packed(folded: Folded) -> bytes:
    """Return a capture by stack as it is stored; the same bytes for the same stacks."""
    return gzip.compress(msgspec.json.encode(folded), mtime=0)


def read_folded(stream: BinaryIO, name: str) -> Folded:
    """Read a capture by stack from an open file that is called ``name`` in messages; ResultFault for anything else."""
    hint = "fetch the result again, or measure again"
    try:
        with gzip.GzipFile(fileobj=stream) as packed:
            plain = packed.read(MOST_FOLDED_BYTES + 1)
        if len(plain) > MOST_FOLDED_BYTES:
            raise ResultFault("file_too_large", f"{name} unpacks to more than {MOST_FOLDED_BYTES:,} bytes", hint)
        found = msgspec.json.decode(plain, type=Folded)
    except (OSError, EOFError, zlib.error) as cause:
        raise ResultFault("file_damaged", f"{name} cannot be unpacked: {cause}", hint) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise ResultFault("not_a_result", f"{name} holds no stacks: {cause}", hint) from None
    if any(not 0 <= number < len(found.frames) for one in found.stacks for number in one.frames):
        raise ResultFault(
            "not_a_result", f"{name} has {len(found.frames)} functions, and a stack names one beyond them", hint
        )
    return found
