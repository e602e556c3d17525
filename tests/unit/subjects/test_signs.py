"""What a program that speaks no protocol shows: ready, and that it noticed."""

from harness.subjects.signs import EXITED, MATCHED, Signs


def test_a_line_of_either_stream_may_show_that_it_is_ready() -> None:
    signs = Signs(ready="^watching (wt0|wg0)$")
    assert not signs.ready

    signs.look("stdout", b"starting\nwatching w")
    assert not signs.ready
    signs.look("stderr", b"watching wt0\n")
    assert signs.ready


def test_without_a_pattern_it_is_ready_and_shows_nothing() -> None:
    signs = Signs()

    assert signs.ready
    assert signs.by_protocol
    assert signs.look("stdout", b"wt0 is gone\n") is None
    assert signs.ended(1) is None


def test_a_line_that_matches_is_an_outcome_with_its_moment() -> None:
    signs = Signs(detect="is gone$")

    assert signs.look("stdout", b"wt0 is g") is None
    found = signs.look("stdout", b"one\nnoise\n")
    assert found is not None
    assert (found.reason, found.message, found.restart) == (MATCHED, "wt0 is gone", True)
    assert found.at_ns > 0
    assert not signs.by_protocol
    assert signs.ended(0) is None


def test_its_end_is_an_outcome_where_that_was_said() -> None:
    found = Signs(detect="exit").ended(3)

    assert found is not None
    assert found.reason == EXITED


def test_what_it_is_asked_for_is_no_sign() -> None:
    signs = Signs(detect="exit")
    signs.over = True

    assert signs.ended(0) is None


def test_by_the_protocol_it_says_so_itself() -> None:
    assert Signs(detect="protocol").by_protocol
    assert not Signs(detect="exit").by_protocol
