"""What the calibration of learning on chip chose, and what it was chosen by."""

import json
from pathlib import Path

from rtl_gen.contract.network_file import read_notes

from ..calibration.calibrate import CALIBRATION
from ..console import percent
from .page import Section
from .parts import Paragraph, Part, Table


def calibration(path: Path | None, no_network: str) -> Section:
    """The trials of the search, the one that was chosen among them; ``path`` is the network file, or None."""
    title = "Calibration"
    about = ("How the rates of learning on chip were chosen: each line is a setting, tried on samples that were not "
             "learned from. Look for little lost on unchanged data, and much won back of what a drift took.")
    if path is None:
        return Section(title, about, missing=no_network)
    note = read_notes(path).get(CALIBRATION)
    if note is None:
        return Section(title, about, missing="This network was not calibrated: it cannot learn on chip, or an earlier "
                       "snnfpga trained it.")
    found = json.loads(note)
    before, after = found["errors_before_and_after_centring"]
    parts: list[Part] = [Paragraph(
        f"Centred readouts brought the chip's errors beyond the dead zone from {percent(before)} to {percent(after)} "
        "on training samples; no prediction changed.")]
    if "trials" not in found:
        parts.append(Paragraph("Rates were not searched: they were given by hand, or there were too few samples."))
        return Section(title, about, tuple(parts), (path,))
    whose = "the network" if found["subject"] == "network" else "a copy, trained on 85 % of the training samples"
    drifts, unseen = list(found["drifted"]), found["unseen_samples"]
    parts.append(Paragraph(
        f"Tried with {whose}, on {unseen} samples: {percent(found['accuracy'], unseen)} right, and "
        + (", ".join(f"{percent(share, unseen)} with {name}" for name, share in found["drifted"].items())
           or "no drift that was tried did harm") + "."))
    parts.append(Table(
        ("shift by scale", "every n-th window", "dead zone", "points lost, unchanged", "and with no lesson off",
         *(f"won back, {name}" for name in drifts), "rounded to nothing", ""),
        [(f"{trial['by']:+d}", trial["interval"], trial["dead_zone"], f"{trial['loss_points']:.2f}",
          f"{trial['all_learned_loss_points']:.2f}" if "all_learned_loss_points" in trial else "",
          *(percent(trial["recovered"][name], unseen) for name in drifts), percent(trial["underflows"]),
          "chosen" if trial == found["chosen"] else "") for trial in found["trials"]]))
    return Section(title, about, tuple(parts), (path,))
