"""What verify and learn left behind, as sections; where they were not run, that is said."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..console import percent
from ..errors import SnnfpgaError
from .page import Section
from .parts import Part, Table, Tiles, Words, number

VERIFY, LEARN = "verify.json", "learn.json"


def read_object(path: Path, keys: Iterable[str], command: str) -> dict[str, Any]:
    """The JSON object in ``path``.

    Raises
    ------
    SnnfpgaError
        If it is no JSON object, or lacks one of ``keys``; ``command`` makes it anew.
    """
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise SnnfpgaError(f"{path} is not whole JSON ({error}); make it again with: {command}") from None
    if not isinstance(found, dict):
        raise SnnfpgaError(f"{path} must hold a JSON object, not {found!r:.40}; make it again with: {command}")
    for key in keys:
        if key not in found:
            raise SnnfpgaError(f"{path} lacks {key!r}; make it again with: {command}")
    return found


def verification(folder: Path) -> Section:
    """What ``snnfpga verify`` found of a build."""
    title = "Verification"
    about = ("The generated hardware, run in a simulator against the integer reference: every value named here was "
             "compared, and the only good number of mismatches is 0.")
    path = folder / VERIFY
    if not path.exists():
        return Section(title, about, missing=f"Not run. `snnfpga verify {folder}` compares the hardware with the "
                       f"reference and leaves `{VERIFY}` in the build's folder.")
    found = read_object(path, ("simulator", "samples", "compared", "mismatches", "cycles", "busy_lane_share"),
                        f"snnfpga verify {folder}")
    verdict = "differing values" if sum(found["compared"].values()) else "nothing was compared, so this says nothing"
    return Section(title, about, (
        Tiles([(number(found["mismatches"]), verdict), (number(found["samples"]), "samples compared"),
               (str(found["simulator"]), "simulator"), (number(found["cycles"]), "clock cycles simulated"),
               (percent(found["busy_lane_share"]), "of the lanes' cycles did a synaptic operation")]),
        Table(("compared", "values"), [(name, count) for name, count in found["compared"].items()])), (path,))


def learning(folder: Path | None, network: str) -> Section:
    """What ``snnfpga learn`` did with a run's network, ``network`` in the folder; None where no run is known."""
    title = "Learning on chip"
    about = ("The network going on to learn in chip arithmetic, one sample at a time. Look for an accuracy that holds "
             "or rises, and for few saturations: each is a weight that ran into the end of its range.")
    if folder is None:
        return Section(title, about, missing="No run below `runs/` holds this build's network, so there is nothing to "
                       "look up. The report of a run shows what `snnfpga learn RUN` did.")
    path = folder / LEARN
    if not path.exists():
        return Section(title, about, missing=f"Not run. `snnfpga learn {folder}` lets the network go on learning and "
                       f"leaves `{LEARN}` in the run's folder.")
    found = read_object(path, ("backend", "samples", "accuracy_before", "accuracy_after", "updates", "saturations",
                               "network"), f"snnfpga learn {folder}")
    backend = {"reference": "the integer reference", "rtl": "the hardware in a simulator"}.get(
        found["backend"], str(found["backend"]))
    parts: list[Part] = [
        Tiles([(f"{percent(found['accuracy_before'])} → {percent(found['accuracy_after'])}", "test accuracy"),
               (number(found["samples"]), "samples learned from"), (number(found["updates"]), "weight updates formed"),
               (number(found["saturations"]), "saturated weights")]),
        Words(f"Learned on {backend}; the result is `{Path(found['network']).name}`.")]
    counters = {name: count for name, count in found.get("counters", {}).items() if isinstance(count, int)}
    if counters:
        parts.append(Table(("counter, all blocks", "count"), list(counters.items())))
    if path.stat().st_mtime_ns < (folder / network).stat().st_mtime_ns:
        parts.append(Words(f"This is older than `{network}`: it is of an earlier network in this folder."))
    return Section(title, about, tuple(parts), (path,))
