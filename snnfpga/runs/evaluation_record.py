"""``evaluate.json``: what a run's network says to the samples that it never learned from, for the report."""

import json
from pathlib import Path
from typing import Any

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.regular import regular

from .find import CONFIG, NETWORK
from .learn_record import file_digest
from .scores import Scores

EVALUATE = "evaluate.json"
KEYS = ("data", "half", "samples", "accuracy", "interval", "balanced_accuracy", "class_samples", "class_accuracies",
        "confusion", "network_sha256")


def record_place(network: Path) -> Path | None:
    """Where the record of a network lies: in its run; None where it is no run's network."""
    in_run = network.name == NETWORK and (network.parent / CONFIG).exists()
    return network.parent / EVALUATE if in_run else None


def facts(data: str, half: str, scores: Scores, network: Path) -> dict[str, Any]:
    """The object that ``evaluate.json`` holds, under ``KEYS``.

    Parameters
    ----------
    half
        ``test``, or ``validation``: samples held out of the training split of data that has no test split.
    """
    return {"data": data, "half": half, "samples": scores.samples, **scores.facts(),
            "network_sha256": file_digest(network)}


def write_record(path: Path, found: dict[str, Any]) -> None:
    """Write the object of :func:`facts`, unless it is there already."""
    text = (json.dumps(found) + "\n").encode()
    if not path.exists() or regular(path).read_bytes() != text:
        write_atomically(path, text)
