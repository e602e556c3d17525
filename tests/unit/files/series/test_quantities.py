"""Units of memory, as headers and cells name them."""

import pytest

from harness.files.series import quantities


@pytest.mark.parametrize(
    ("header", "factor"),
    [
        ("rss_bytes", 1),
        ("RSS (MiB)", 2**20),
        ("mem[kB]", 1024),
        ("memory (Mi)", 2**20),
        ("memory [Gi]", 2**30),
        ("rss (K)", 1024),
        ("mi_rss", None),
        ("k_rss", None),
        ("rss", None),
    ],
)
def test_a_header_names_a_unit_and_short_ones_only_in_brackets(header: str, factor: float | None) -> None:
    found = quantities.from_header(header)

    assert (found and found.factor) == factor
