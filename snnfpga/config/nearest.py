"""The known name nearest to an unknown one, for messages."""

import difflib
from collections.abc import Iterable


def offer(name: str, known: Iterable[str]) -> str:
    """``"did you mean x?"`` where a known name is near, else the list of known names."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}"
