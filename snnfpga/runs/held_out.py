"""Samples that a network never learned from: the test split, or without one what was held out to validate by."""

import json
from dataclasses import replace
from pathlib import Path

from rtl_gen.contract.network_file import read_notes

from ..data.dataset import DataSet
from ..data.validation import validation_split

HELD_OUT = "validation"     # in a network's notes: the share and the seed by which samples were held out
WORDS = {"test": "test samples", "validation": "training samples held out (validation)"}


def with_unseen(data: DataSet, network: Path) -> tuple[DataSet, str]:
    """``data``, which ``network`` was trained on, with samples it never learned from as ``test``; and which they are.

    Returns
    -------
    The data as it is and ``test``, where it has a test split or nothing was held out; else with the samples that were
    held out as ``test``, and ``validation``.
    """
    said = read_notes(network).get(HELD_OUT)
    if len(data.test) or said is None:
        return data, "test"
    held = json.loads(said)
    return replace(data, test=validation_split(data.train, held["share"], held["seed"])[1]), "validation"
