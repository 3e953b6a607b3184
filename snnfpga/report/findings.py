"""What verify and learn left behind, as sections; where they were not run, that is said."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.regular import regular

from ..console import percent, quoted
from ..runs.learn_record import KEYS, LEARN, file_digest
from .learning_curve import learning_curve
from .page import Section
from .parts import Folded, Paragraph, Part, Table, Tiles, Verdict, number
from .worse import worse

VERIFY = "verify.json"


def read_object(path: Path, keys: Iterable[str], command: str) -> dict[str, Any]:
    """The JSON object in ``path``.

    Raises
    ------
    SnnfpgaError
        If it is no JSON object, or lacks one of ``keys``; ``command`` makes it anew.
    """
    try:
        found = json.loads(regular(path).read_text("utf-8"))
    except ValueError as error:
        raise SnnfpgaError(f"{path} is not whole JSON ({error}); make it again with: {command}") from None
    if not isinstance(found, dict):
        raise SnnfpgaError(f"{path} must hold a JSON object, not {found!r:.40}; make it again with: {command}")
    for key in keys:
        if key not in found:
            raise SnnfpgaError(f"{path} lacks {key!r}; make it again with: {command}")
    return found


def verification(folder: Path, digest: object) -> Section:
    """What ``snnfpga verify`` found of the build with that digest."""
    title = "Verification"
    about = ("The generated hardware, run in a simulator against the integer reference: every value named here was "
             "compared, and the only good number of mismatches is 0.")
    path = folder / VERIFY
    if not path.exists():
        return Section(title, about, missing=f"Not run. `snnfpga verify {quoted(folder)}` compares the hardware with "
                       f"the reference and leaves `{VERIFY}` in the build's folder.")
    found = read_object(path, ("digest", "simulator", "samples", "compared", "mismatches", "cycles", "busy_lane_share"),
                        f"snnfpga verify {quoted(folder)}")
    if found["digest"] != digest:
        return Section(title, about, missing=f"Not run on this build: `{VERIFY}` is of an earlier one. "
                       f"`snnfpga verify {quoted(folder)}` compares this one with the reference.")
    parts: list[Part] = [
        _verdict(found),
        Tiles([(number(found["mismatches"]), f"values of {number(sum(found['compared'].values()))} that differ"),
               (number(found["samples"]), "samples run and learned from"),
               (str(found["simulator"]), "simulator"), (number(found["cycles"]), "clock cycles simulated"),
               (percent(found["busy_lane_share"]), "of the lane-cycles in which a forward engine worked did a synaptic "
                "operation")]),
        Table(("compared", "values"), list(found["compared"].items()))]
    if found.get("described"):
        parts.append(Table(("first differences",), [(words,) for words in found["described"]]))
    if found.get("counters"):
        parts.append(Folded("Counters", Table(("counter", "count"), list(found["counters"].items()))))
    return Section(title, about, tuple(parts), (path,))


def _verdict(found: dict[str, Any]) -> Verdict:
    """The verdict as ``snnfpga verify`` gives it: any difference, or nothing to compare, is a failure."""
    lacking = [kind for kind, count in found["compared"].items() if not count]
    if found["mismatches"]:
        return Verdict(False, "The hardware is not what was specified: values differ from the reference.")
    if lacking or not found["compared"]:
        return Verdict(False, f"Nothing was compared of {', '.join(lacking) or 'anything'}, so nothing is proven.")
    return Verdict(True, "Every value that was compared is equal to the reference's, bit for bit.")


def learning(folder: Path | None, network: str, refused: str | None = None) -> Section:
    """What ``snnfpga learn`` did with a run's network, ``network`` in the folder; None where no run is known.

    ``refused`` says why it cannot learn so, where it cannot.
    """
    title = "Learning on chip"
    about = ("The network going on to learn in chip arithmetic, one sample at a time. Look for an accuracy that holds "
             "or rises, and for few saturations: each is a weight that ran into the end of its range.")
    if folder is None:
        return Section(title, about, missing="No run below `runs/` holds this build's network, so there is nothing to "
                       "look up. The report of a run shows what `snnfpga learn RUN` did.")
    if refused is not None:
        return Section(title, about, missing=f"This network cannot learn so: {refused}.")
    path = folder / LEARN
    if not path.exists():
        return Section(title, about, missing=f"Not run. `snnfpga learn {quoted(folder)}` lets the network go on "
                       f"learning and leaves `{LEARN}` in the run's folder.")
    found = read_object(path, KEYS, f"snnfpga learn {quoted(folder)} --overwrite")
    if found["source_sha256"] != file_digest(folder / network):
        return Section(title, about, missing=f"`{LEARN}` is of an earlier network in this folder. "
                       f"`snnfpga learn {quoted(folder)}` lets the one that is there now go on learning.")
    return Section(title, about, tuple(_learned(found)), (path,))


def _asked(found: dict[str, Any]) -> str:
    """How it was asked to learn, as a sentence; nothing where all was as it is by itself, or an earlier snnfpga wrote.
    """
    passes = found.get("passes", 1)
    said = [*([f"{passes} passes"] if passes > 1 else []),
            *([f"the schedule `{found['schedule']}`"] if "schedule" in found else []),
            *([f"the rates `{found['rates']}`"] if found.get("rates") else []),
            *(f"`--set {setting}`" for setting in found.get("settings", [])),
            *(["random weights to begin with"] if found.get("fresh") else [])]
    return f" It had {', '.join(said)}." if said else ""


def _learned(found: dict[str, Any]) -> list[Part]:
    """What ``snnfpga learn`` left, for people."""
    backend = {"reference": "the integer reference", "rtl": "the hardware in a simulator"}.get(
        found["backend"], str(found["backend"]))
    tested, old = found.get("test_samples"), found.get("original_samples")
    tiles = [(percent(found["accuracy_before"], tested), "test accuracy before"),
             (percent(found["accuracy_after"], tested), "test accuracy after")]
    if "original_accuracy_after" in found:
        tiles += [(percent(found["original_accuracy_before"], old), "on the data it was trained on, before"),
                  (percent(found["original_accuracy_after"], old), "on that, after")]
    tiles += [(number(found["samples"]), "lessons"), (number(found["updates"]), "weight updates formed"),
              (number(found["saturations"]), "saturated weights")]
    parts: list[Part] = [Verdict(False, f"{line[0].upper()}{line[1:]}.") for line in worse(found)]
    parts += [Tiles(tiles), Paragraph(f"`{found['source']}` learned from `{found['data']}` on {backend}; "
                                      f"the result is `{found['network']}`.{_asked(found)}")]
    if found.get("curve"):
        parts.append(learning_curve(found["curve"]))
    parts.append(Folded("Counters of all blocks", Table(("counter", "count"), list(found["counters"].items()))))
    return parts
