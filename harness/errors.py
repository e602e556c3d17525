"""One base error: what went wrong, what to do about it, and the exit status that it earns."""


class NetchurnError(Exception):
    """Something a user can cause or repair.

    ``message`` says what, where, found and expected, on one line; ``hint`` is the next thing to do or type.
    The command line prints both and exits with ``exit_code`` (2, not measured, unless a child says otherwise).
    """

    exit_code = 2

    def __init__(self, message: str, hint: str) -> None:
        """Keep both lines; neither may be empty."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageFault(NetchurnError):
    """What was asked for does not exist or makes no sense: a scenario, a number, a folder."""


class LabFault(NetchurnError):
    """The private namespace could not be made, or something in it was refused."""


class SubjectFault(NetchurnError):
    """A measured process died or kept silent where it must not: the run is invalid."""

    exit_code = 4


class ResultFault(NetchurnError):
    """A result folder cannot be read: absent, cut off, or written by another schema."""
