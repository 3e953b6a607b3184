"""The base of every error of ours, one line for a person, and the exit codes that end a command."""

FAILED = 1
USAGE = 2
WIDEST = 100     # characters of a value in a message


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


def shown(value: object) -> str:
    """A user's value as a message prints it: as Python writes it, the middle left out where it is long."""
    try:
        return shortened(repr(value))
    except ValueError:          # Python writes no integer of more than 4300 digits
        return "an integer of thousands of digits"


def shortened(text: str, most: int = WIDEST) -> str:
    """``text`` without its middle where it has more than ``most`` characters."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}... ({len(text)} characters) ...{text[-half:]}"
