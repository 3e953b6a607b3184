"""The share of wrong answers that is usual for a network, as its calibration measured it."""

import json
from collections.abc import Mapping
from pathlib import Path

__all__ = ["FILE", "NOTE", "in_folder", "in_notes", "to_file"]

NOTE = "calibration"        # in a network's notes
FILE = "expected.json"      # beside the program on a board, which has no notes


def in_notes(notes: Mapping[str, str]) -> float:
    """The share in a network's notes; 0 where it was not measured."""
    accuracy = json.loads(notes.get(NOTE, "{}")).get("accuracy")
    return 0.0 if accuracy is None else 1 - float(accuracy)


def to_file(notes: Mapping[str, str]) -> bytes:
    """Contents of :data:`FILE`."""
    return (json.dumps({"expected": round(in_notes(notes), 6)}) + "\n").encode()


def in_folder(folder: Path) -> float:
    """The share in :data:`FILE` of this folder; 0 where there is none, or no share in it."""
    try:
        found = json.loads((folder / FILE).read_text("utf-8"))["expected"]
        return min(1.0, max(0.0, float(found)))
    except (OSError, ValueError, LookupError, TypeError):
        return 0.0
