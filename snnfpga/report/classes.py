"""How each class of a run's network does, from the record that train and evaluate leave."""

from pathlib import Path
from typing import Any

import numpy as np

from ..console import percent
from ..runs.evaluation_record import EVALUATE, KEYS
from ..runs.held_out import WORDS
from ..runs.learn_record import file_digest
from ..runs.scores import CLASS_HEADER, Scores, class_rows
from .figures import heat
from .findings import read_object
from .page import Section
from .parts import Folded, Part, Table, Tiles

OPEN = 20       # classes up to which their table is not folded


def evaluation(network: Path | None) -> dict[str, Any] | None:
    """The record of the network that is there now; None where there is none of it.

    Raises
    ------
    SnnfpgaError
        If the record is damaged.
    """
    if network is None or not (path := network.parent / EVALUATE).exists():
        return None
    found = read_object(path, KEYS, f"snnfpga evaluate {network.parent}")
    return found if found["network_sha256"] == file_digest(network) else None


def classes(folder: Path, network: Path | None, no_network: str) -> Section:
    """The section on classes of the run in ``folder``; ``no_network`` is said where it has no network."""
    title = "Classes"
    about = ("What the last block's readout makes of samples that the network never learned from. The 95 % interval is "
             "what so few samples leave open (Wilson's); the balanced accuracy is the mean over the classes, each "
             "counting alike. Look for a class that is taken for another.")
    if network is None:
        return Section(title, about, missing=no_network)
    found = evaluation(network)
    if found is None:
        return Section(title, about, missing=f"No `{EVALUATE}` of the network in this folder. `snnfpga evaluate "
                       f"{folder}` measures it and leaves one.")
    scores = Scores(np.array(found["confusion"]))
    low, high = scores.interval
    count = scores.samples
    table = Table(CLASS_HEADER, class_rows(scores, percent))
    parts: tuple[Part, ...] = (
        Tiles([(percent(scores.accuracy, count), f"of {count} {WORDS[found['half']]} are right"),
               (f"{percent(low, count)} .. {percent(high, count)}", "95 % interval of that"),
               (percent(scores.balanced_accuracy, count), "balanced over the classes")]),
        heat("What is taken for what", "taken for", "class", scores.confusion),
        table if len(scores.confusion) <= OPEN else Folded("Each class", table))
    return Section(title, about, parts, (folder / EVALUATE,))
