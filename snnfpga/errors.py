"""What the command line says instead of a traceback."""

FAILED = 1
USAGE = 2


class SnnfpgaError(Exception):
    """One line for the user: the thing, the rule, the offender, what to do.

    Attributes
    ----------
    exit_code
        ``FAILED`` (1): understood, but it did not succeed. ``USAGE`` (2): the input asks for what there is not.
    """

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code
