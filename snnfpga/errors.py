"""What the command line says instead of a traceback."""

import errno

# What a user's own rule raises is found here, where it lies in a clone and in an installed package alike.
from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError, shortened

__all__ = ["FAILED", "USAGE", "SnnfpgaError", "explain", "one_line"]

LONGEST_WORD, LONGEST_LINE = 1000, 3000     # characters; a path is rarely as long


def one_line(text: str) -> str:
    """``text`` without line breaks, and without the middle of what no person reads to its end."""
    return shortened(" ".join(shortened(word, LONGEST_WORD) for word in text.split()), LONGEST_LINE)


def explain(error: Exception) -> tuple[str, int] | None:
    """The line to print and the exit code, or None for an error that is a mistake of ours."""
    if isinstance(error, SnnfpgaError):
        return one_line(str(error)), error.exit_code
    if isinstance(error, MemoryError):
        return f"Not enough memory ({one_line(str(error)) or 'the system gave none'}); take fewer samples at a time, " \
               "fewer steps, or a smaller network", FAILED
    if isinstance(error, OSError) and error.strerror:
        place = f" {error.filename}" if error.filename else ""
        # Of these a place is named that there cannot be; the others are of what is there.
        code = USAGE if error.errno in (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP) else FAILED
        return f"Cannot read or write{place}: {error.strerror}; make room or choose another place", code
    return None
