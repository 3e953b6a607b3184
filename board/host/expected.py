"""The share of wrong answers that is usual for a network, as its calibration measured it."""

import json
from collections.abc import Mapping
from pathlib import Path

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.regular import regular

__all__ = ["FILE", "NOTE", "in_folder", "in_notes", "to_file"]

NOTE = "calibration"        # in a network's notes
FILE = "expected.json"      # beside the program on a board, which has no notes
PLACES = 6                  # decimals, so that both have the same


def in_notes(notes: Mapping[str, str]) -> float:
    """The share in a network's notes; 0 where it was not measured."""
    accuracy = json.loads(notes.get(NOTE, "{}")).get("accuracy")
    return 0.0 if accuracy is None else round(1 - float(accuracy), PLACES)


def to_file(notes: Mapping[str, str]) -> bytes:
    """Contents of :data:`FILE`."""
    return (json.dumps({"expected": in_notes(notes)}) + "\n").encode()


def in_folder(folder: Path) -> float:
    """The share in :data:`FILE` of this folder; 0 where there is no such file.

    Raises
    ------
    SnnfpgaError
        If it holds no share.
    """
    path = folder / FILE
    if not path.exists():
        return 0.0
    try:
        found = json.loads(regular(path).read_text("utf-8"))["expected"]
    except (OSError, ValueError, LookupError, TypeError):
        found = None
    if type(found) not in (int, float) or not 0 <= found <= 1:
        raise SnnfpgaError(f"{path} holds no share of wrong answers; copy it from the build again, or give "
                           "--expected and leave it out")
    return float(found)
