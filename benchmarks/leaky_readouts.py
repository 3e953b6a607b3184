"""Test accuracy of readouts that leak, by each of their readings: learned in PyTorch, and in the chip's arithmetic.

Run: ``python benchmarks/leaky_readouts.py [READING ...]``; writes ``docs/results/leaky_readouts.json`` after each run
and skips what is in there for the same settings. ``--validate`` takes a part of the training split instead of the test
split and writes nothing: for tuning; there ``--logit-shift`` changes the chip's.

The network is that of ``events-8+8`` in ``chip_rows.py``, 128-256-10 on ``digits-events`` with K = 8, and in PyTorch
truncated-local with the defaults otherwise. Accuracy is that after the last epoch, on the split of data seed 0.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch_accuracy
from chip_course import Experiment, learn
from chip_rows import EVENTS
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.readout import READINGS, ReadoutSpec
from snnfpga.config.file import read_config
from snnfpga.network.shape import Grid

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "leaky_readouts.json"
LEAK_SHIFT = 3
# A sum of levels is about 2**LEAK_SHIFT as large as one of steps. That of the largest is the best of 3, 5 and 6 on a
# part of the training split.
LOGIT_SHIFTS = {"sum": EVENTS.logit_shift + LEAK_SHIFT, "last": EVENTS.logit_shift, "maximum": 3}


@dataclass(frozen=True, kw_only=True)
class Leaky(Experiment):
    """An experiment whose readouts leak."""

    readout_leak_shift: int
    reading: str

    def _readout(self, grid: Grid, classes: int, number: int) -> ReadoutSpec:
        plain = super()._readout(grid, classes, number)
        return replace(plain, leak_shift=self.readout_leak_shift, reading=self.reading, accumulate="cumulative")


def of_chip(reading: str, logit_shift: int) -> Leaky:
    """The experiment in chip arithmetic."""
    return Leaky(**vars(EVENTS) | {"readout_leak_shift": LEAK_SHIFT, "reading": reading, "logit_shift": logit_shift})


def of_torch(reading: str) -> list[str]:
    """Settings of the training in PyTorch."""
    return ["network.blocks=[[256]]", "hardware.blocks=[]", f"learning.window={EVENTS.window}",
            f"network.readout_leak_shift={LEAK_SHIFT}", f"network.reading={reading}"]


def read() -> dict[str, Any]:
    return json.loads(RESULTS.read_text("utf-8"))["results"] if RESULTS.exists() else {}


def measure(reading: str, validate: bool, logit_shift: int | None) -> dict[str, Any]:
    """Accuracies of a reading; runs what is not known."""
    chip, settings = of_chip(reading, LOGIT_SHIFTS[reading] if logit_shift is None else logit_shift), of_torch(reading)
    wanted = json.loads(json.dumps({"chip": vars(chip), "torch": read_config(None, settings).model_dump(mode="json")}))
    entry = read().get(reading)
    if not validate and entry is not None and entry["settings"] == wanted:
        return entry
    entry = {"settings": wanted,
             "chip": learn(chip, 0, chip.load(0, None, validate), f"{reading}, chip"),
             "torch": torch_accuracy.train(read_config(None, settings), validate, f"{reading}, PyTorch")}
    if not validate:
        whole = {"command": "python benchmarks/leaky_readouts.py", "results": read() | {reading: entry}}
        write_atomically(RESULTS, (json.dumps(whole, indent=1) + "\n").encode())
    return entry


def main() -> None:
    parser = argparse.ArgumentParser(description="Learn with readouts that leak, and measure.")
    parser.add_argument("readings", nargs="*", metavar="READING", help=f"of {', '.join(READINGS)} (default: all)")
    parser.add_argument("--validate", action="store_true", help="measure on a part of the training split; for tuning")
    parser.add_argument("--logit-shift", type=int, help="only with --validate")
    arguments = parser.parse_args()
    if arguments.logit_shift is not None and not arguments.validate:
        parser.error("--logit-shift is for tuning: give --validate with it")
    for reading in arguments.readings:
        if reading not in READINGS:
            parser.error(f"there is no reading {reading!r}; choose from {', '.join(READINGS)}")
    table = Table(title="Test accuracy after the last epoch, percent")
    for column in ("reading", "PyTorch", "chip arithmetic", "windows skipped", "seconds"):
        table.add_column(column)
    for reading in arguments.readings or READINGS:
        found = measure(reading, arguments.validate, arguments.logit_shift)
        table.add_row(reading, *(str(found[name]["test_accuracy"]) for name in ("torch", "chip")),
                      str(found["chip"]["windows_skipped_share"]), str(found["chip"]["seconds"]))
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
