"""The base of every error of ours, one line for a person, and the exit codes that end a command."""

FAILED = 1
USAGE = 2


class SnnfpgaError(Exception):
    """One line for the user: the thing, the rule, the offender, what to do.

    Attributes
    ----------
    exit_code
        ``FAILED`` (1): understood, but it did not succeed. ``USAGE`` (2): the input asks for what there is not. Each
        class has its own; a single error may be given another.
    """

    exit_code = FAILED

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        if exit_code is not None:
            self.exit_code = exit_code
