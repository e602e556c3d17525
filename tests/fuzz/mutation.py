"""Inputs made from seeds without looking at what they reach: for the ordinary tests, and where atheris is not."""

from collections.abc import Iterator, Sequence
from random import Random

WORDS = (
    *(b"", b"\0", b"\n", b"\r\n", b",", b'"', b"'", b"-", b"=", b" ", b":", b"/", b"..", b"../" * 9, b"{", b"[" * 3000),
    *(b"0", b"-1", b"1e999", b"NaN", b"null", b"9223372036854775808", b"9" * 400, b"0." + b"0" * 400 + b"1"),
    *(b"\xff\xfe", b"\xed\xa0\x80", "\u202e\u0661\u00b2".encode(), b"\x1b[31m", b"\x1f\x8b\x08", b"\xff" * 10),
)


def inputs(seeds: Sequence[bytes], number: int, seed: int, most: int) -> Iterator[bytes]:
    """Give every seed as it is, then changed ones, ``number`` in all, each of at most ``most`` bytes."""
    yield from seeds[:number]
    random = Random(seed)  # noqa: S311 - inputs, not secrets
    for _ in range(number - len(seeds)):
        data = random.choice(seeds)
        for _ in range(1 + int(random.expovariate(0.5))):
            data = random.choice(_WAYS)(data, random, seeds)
        yield data[:most]


def _put(data: bytes, random: Random, seeds: Sequence[bytes]) -> bytes:
    del seeds
    at = random.randint(0, len(data))
    return data[:at] + random.choice(WORDS) + data[at + random.choice((0, 0, 1, 4)) :]


def _flip(data: bytes, random: Random, seeds: Sequence[bytes]) -> bytes:
    del seeds
    if not data:
        return data
    changed = bytearray(data)
    changed[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut(data: bytes, random: Random, seeds: Sequence[bytes]) -> bytes:
    del seeds
    return data[: random.randint(0, len(data))]


def _twice(data: bytes, random: Random, seeds: Sequence[bytes]) -> bytes:
    del seeds
    start, end = sorted((random.randint(0, len(data)), random.randint(0, len(data))))
    return data[:end] + data[start:]


def _cross(data: bytes, random: Random, seeds: Sequence[bytes]) -> bytes:
    other = random.choice(seeds)
    return data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]


_WAYS = (_put, _put, _flip, _flip, _cut, _twice, _cross)
