"""Recorded events kept as bits and as lists: bytes, and the time to make a batch, over lengths of a step.

Run: ``python benchmarks/event_storage.py --data-root FOLDER``; writes ``docs/results/event_storage.json``. FOLDER holds
``nmnist_1100``, ``braille7`` (``docs/data.md``) and ``dvsgesture_10/dvsgesture_10.npz``: ten recordings of the DVS128
sensor without labels, arrays ``t x y p offset``. A time is the least over 30 batches of 32 samples, drawn with
repetition: what else the machine does only adds to it.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.atomic import write_atomically
from snnfpga.data.binning import Binning, bin_events
from snnfpga.data.dataset import Spikes
from snnfpga.data.event_lists import EventLists, join, kept, list_events
from snnfpga.data.lazy import LazySpikes
from snnfpga.data.npz import read_arrays
from snnfpga.data.recorded import load_braille, load_nmnist

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "event_storage.json"
BATCH, BATCHES = 32, 30
CASES: dict[str, tuple[dict[str, int], ...]] = {
    "nmnist-1100": ({"steps": 5}, {"steps": 10}, {"steps": 20}, {"steps": 100}, {"step_us": 1000}),
    "dvsgesture-10": ({"steps": 10}, {"steps": 20}, {"steps": 100}, {"steps": 20, "pool": 4},
                      {"step_us": 1000, "pool": 4}),
    "braille": ({"steps": 16}, {"steps": 64}, {"steps": 256}),
}


def load(name: str, options: dict[str, int], root: Path) -> Spikes | LazySpikes:
    """(N, T, inputs) of the training half, or of all where there is none."""
    if name == "braille":
        return load_braille(root / "braille7" / "braille7.npz", **options, seed=0).train.spikes
    how = Binning(**{"steps": None, **options})
    if name == "nmnist-1100":
        return load_nmnist(root / "nmnist_1100" / "nmnist_1100.npz", how).train.spikes
    arrays = read_arrays(root / "dvsgesture_10" / "dvsgesture_10.npz", ("t", "x", "y", "p", "offset"))
    return bin_events("Data dvsgesture_10.npz", arrays | {"sensor": np.array((128, 128))}, how).spikes


def batch_ms(spikes: LazySpikes) -> float:
    """Least milliseconds to make a batch."""
    rng, seconds = np.random.default_rng(0), []
    for _ in range(BATCHES):
        chosen = rng.integers(0, len(spikes), BATCH)
        start = time.perf_counter()
        spikes[chosen]
        seconds.append(time.perf_counter() - start)
    return round(1e3 * min(seconds), 3)


def measure(name: str, options: dict[str, int], root: Path) -> dict[str, Any]:
    lists = join([list_events(*np.nonzero(sample), *sample.shape) for sample in load(name, options, root)])
    bits, (samples, steps, inputs) = lists.packed(), lists.shape
    return {"data": name, **options, "shape": lists.shape,
            "density": round(len(lists.events) / (samples * steps * inputs), 5),
            "bits_bytes": bits.bits.nbytes, "lists_bytes": lists.nbytes, "bits_batch_ms": batch_ms(bits),
            "lists_batch_ms": batch_ms(lists), "smaller": "lists" if isinstance(kept(lists), EventLists) else "bits"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, required=True, metavar="FOLDER")
    root = parser.parse_args().data_root
    rows = [measure(name, options, root) for name, cases in CASES.items() for options in cases]
    found = {"command": "python benchmarks/event_storage.py --data-root FOLDER", **describe(), "batch": BATCH,
             "batches": BATCHES, "rows": rows}
    write_atomically(RESULTS, (json.dumps(found, indent=1) + "\n").encode())
    table = Table("data", "asked for", "N x T x inputs", "density", "bytes: bits", "lists", "ms a batch: bits", "lists",
                  "smaller", title=f"Recorded events, batches of {BATCH}", title_justify="left")
    for row in rows:
        asked = ", ".join(f"{key} {row[key]}" for key in ("steps", "step_us", "pool") if key in row)
        table.add_row(row["data"], asked, " x ".join(map(str, row["shape"])), f"{row['density']:.2%}",
                      f"{row['bits_bytes']:,}", f"{row['lists_bytes']:,}", f"{row['bits_batch_ms']:.2f}",
                      f"{row['lists_batch_ms']:.2f}", row["smaller"])
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
