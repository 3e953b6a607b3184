"""A build folder's hardware against the reference."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from rtl_gen.claim import claimed_file
from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.network import Network
from sim.verify import Verification, verify

from ..data.dataset import Split
from .reference import labels_of
from .simulated import folder_of

RECORD = "verify.json"


def verify_build(folder: Path, core: str, network: Network, split: Split, simulator: str) -> Verification:
    """Run the Verilog that lies in the build folder, learning from ``split``; raises as :func:`sim.verify.verify`.

    Every other sample is learned from as one of another class: a network that answers well would learn from no window,
    and nothing of its learning would be compared.
    """
    text = (folder / f"{core}.v").read_text("utf-8")
    samples = [sample[:split.steps_of(number)] for number, sample in enumerate(split.spikes)]
    labels = list(labels_of(split))
    labels[::2] = [np.where(label < 0, label, (label + 1) % network.spec.classes) for label in labels[::2]]
    return verify(network, samples, labels, build_dir=folder_of(network.spec, simulator),
                  simulator=simulator, verilog=(core, text))


def windows_learned(found: Verification) -> int:
    """Windows that the hardware learned from, of all blocks."""
    return sum(value for name, value in found.counters.items() if name.endswith(".windows_learned"))


def check_record(folder: Path) -> None:
    """Refuse, before any work, a build folder that cannot be written; raises :class:`rtl_gen.claim.PlaceError`."""
    with claimed_file(folder / RECORD, "File", wait=True):
        pass


def facts(found: Verification, digest: str, sources: tuple[str, ...]) -> dict[str, Any]:
    """The object that ``--json`` prints and ``verify.json`` holds.

    ``digest`` is that of the build, ``sources`` are its files that were made anew and found equal.
    """
    return {"digest": digest, "sources": list(sources), "simulator": found.simulator, "samples": found.samples,
            "compared": found.compared, "mismatches": found.mismatches, "described": list(found.described),
            "cycles": found.cycles, "busy_lane_share": found.busy_lane_share, "rates": list(found.rates),
            "changed": list(found.changed), "counters": found.counters}


def write_record(folder: Path, values: dict[str, Any]) -> None:
    """Write ``verify.json`` for the report, beside what was built."""
    write_atomically(folder / RECORD, (json.dumps(values, indent=1) + "\n").encode())
