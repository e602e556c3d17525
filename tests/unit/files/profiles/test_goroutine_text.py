"""Goroutines as Go prints them one by one: whose code they stand in, and who created them."""

import pytest

from harness.files.profiles import goroutine_text

# As a server of Go 1.22 answers goroutine?debug=2.
EACH = b"""\
goroutine 1 [chan receive, 3 minutes]:
main.main()
\t/src/mydaemon/main.go:31 +0x1c5

goroutine 18 [IO wait]:
internal/poll.runtime_pollWait(0x7f3c8c0f4e98, 0x72)
\t/src/go/runtime/netpoll.go:343 +0x85
net/http.(*conn).serve(0xc0001b2000, {0x7a1d50, 0xc00001a0f0})
\t/src/go/net/http/server.go:2009 +0x5f4
created by net/http.(*Server).Serve in goroutine 1
\t/src/go/net/http/server.go:3086 +0x5cb

goroutine 19 [select]:
main.(*Pool[...]).work(...)
\t/src/mydaemon/pool.go:12
main.(*Pool[...]).start.func1()
\t/src/mydaemon/pool.go:9 +0x25
created by main.(*Pool[...]).start
\t/src/mydaemon/pool.go:8 +0x4e
"""


def test_methods_keep_their_names() -> None:
    stacks = {stack.frames for stack in goroutine_text.parse(EACH, "each").stacks}
    assert stacks == {
        ("[chan receive]", "not created by another", "main.main"),
        (
            "[IO wait]",
            "created by net/http.(*Server).Serve",
            "net/http.(*conn).serve",
            "internal/poll.runtime_pollWait",
        ),
        (
            "[select]",
            "created by main.(*Pool[...]).start",
            "main.(*Pool[...]).start.func1",
            "main.(*Pool[...]).work",
        ),
    }


@pytest.mark.parametrize("line", [b"(" * 1_000_000, b"x(" * 500_000, b"created by " + b" in goroutine" * 100_000])
def test_a_long_line_takes_no_more_than_its_length(line: bytes) -> None:
    """By its square it would take hours."""
    [stack] = goroutine_text.parse(b"goroutine 1 [running]:\n" + line + b"\n", "hostile").stacks
    assert stack.frames[0] == "[running]"
