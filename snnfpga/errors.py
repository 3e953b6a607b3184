"""What the command line says instead of a traceback."""

import errno

# What a user's own rule raises is found here, where it lies in a clone and in an installed package alike.
from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError

__all__ = ["FAILED", "USAGE", "SnnfpgaError", "explain", "one_line"]


def one_line(text: str) -> str:
    """``text`` without line breaks."""
    return " ".join(text.split())


def explain(error: Exception) -> tuple[str, int] | None:
    """The line to print and the exit code, or None for an error that is a mistake of ours."""
    if isinstance(error, SnnfpgaError):
        return one_line(str(error)), error.exit_code
    if isinstance(error, OSError) and error.strerror:
        place = f" {error.filename}" if error.filename else ""
        # Of these a place is named that there cannot be; the others are of what is there.
        code = USAGE if error.errno in (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP) else FAILED
        return f"Cannot read or write{place}: {error.strerror}; make room or choose another place", code
    return None
