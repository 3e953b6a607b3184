"""The base of every error of ours, one line for a person, and the exit codes that end a command."""

import math
from reprlib import Repr
from typing import Any

FAILED = 1
USAGE = 2
WIDEST = 100     # characters of a value in a message
ENTRIES = 8      # of a list in a message, and numbers of an array


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
    """A user's value as a message prints it, in one line: as Python writes it where that is short.

    Of a longer text the middle is left out; of a list or a table stand the first entries and how many there are; of an
    array its kind and shape; of another object its kind.
    """
    if isinstance(value, str | bytes):
        return shortened(repr(value))
    text = _BRIEF.repr(value)
    if isinstance(value, list | tuple | dict | set | frozenset) and (len(value) > ENTRIES or len(text) > WIDEST):
        whole = f"{_a(type(value))} of {len(value)}"
        return whole if len(text) > WIDEST else f"{text} ({whole})"
    return text


def shortened(text: str, most: int = WIDEST) -> str:
    """``text`` without its middle where it has more than ``most`` characters."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}... ({len(text)} characters) ...{text[-half:]}"


class _Brief(Repr):
    """What :func:`shown` writes of anything: never much longer than a line, and without writing all of it first."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = ENTRIES
        self.maxstring = self.maxother = WIDEST

    def repr_int(self, x: int, level: int) -> str:
        """An integer; Python writes none of more than 4300 digits."""
        try:
            return shortened(repr(x))
        except ValueError:
            return "an integer of thousands of digits"

    def repr_instance(self, x: Any, level: int) -> str:
        """What is no plain value."""
        try:
            shape = getattr(x, "shape", None)
            if isinstance(shape, tuple) and math.prod(shape) > ENTRIES:
                return f"{_a(type(x), str(getattr(x, 'dtype', '')))} of shape {tuple(shape)}"
            if isinstance(x, type):
                return f"the class {x.__name__}"
            text = repr(x)
        except Exception:       # an object of the user's own may fail to say what it is, or have a shape of no numbers
            return _a(type(x))
        return _a(type(x)) if text.startswith("<") or "\n" in text or len(text) > WIDEST else text


_BRIEF = _Brief()


def _a(kind: type, of: str = "") -> str:
    """The name of a kind, and what its values are, with its article."""
    words = f"{of} {'array' if kind.__name__ == 'ndarray' else kind.__name__}".strip()
    return f"{'an' if words[0] in 'aeioAEIO' else 'a'} {words}"      # a uint8 array
