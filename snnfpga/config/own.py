"""What is known of data of the user's own before it is read: that it is a file, and what a run on it is called."""

import re
from pathlib import Path
from typing import Any


def is_own(name: object) -> bool:
    """Whether ``data.name`` is the path of a file, and not the name of a set."""
    return isinstance(name, str) and name.endswith(".npz")


def own_name(values: dict[str, Any]) -> str | None:
    """The file that a table of values names as its data, or None where it names a set."""
    data = values.get("data")
    name = data.get("name") if isinstance(data, dict) else None
    return name if is_own(name) else None


def run_name(path: str) -> str:
    """The name of a run on the file at ``path``: its own, of the characters that such a name may have."""
    return re.sub("[^A-Za-z0-9_-]+", "-", Path(path).stem).strip("-")[:100] or "own"
