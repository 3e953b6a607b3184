"""Reverse pass of folded blocks alone, 8 + 8 bits, K = 4: its LUTs, and the cycles of a window, as Yosys maps it.

    python benchmarks/reverse_pass.py [NAME ...]

Writes ``docs/results/reverse_pass.json`` after each design. Cycles are by formula, of a window in which a share of the
neurons has a gate in each step.
"""

import argparse
import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from machine import describe
from resources import DEVICE, mapped

from rtl_gen.contract.arithmetic import fitting_feedback_shift
from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.engines.folded.credits import FoldedCredits
from rtl_gen.contract.engines.folded.reach import places_seeing
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.plan import BlockPlan, plan_of
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.synapses.base import Synapses
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from rtl_gen.folded.reverse_pass import ReversePass
from sim.reference.flat import flat_layer

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "reverse_pass.json"
WINDOW, GATED = 4, (0.05, 0.2)
LINE = "{name:>12} {lanes:>5} {lut:>6} {ff:>6} {dsp:>4} {ramb36:>6} {delay:>6}  {cycles}"


def layer(synapses: Synapses) -> LayerSpec:
    return flat_layer(synapses=synapses, weight_bits=8, shadow_bits=8, fraction_bits=5, bias=True, membrane_bits=16,
                      leak_shift=4, threshold=256, reset="subtract", surrogate="boxcar", surrogate_width=128,
                      surrogate_height=1, rate_shift=8, rounding="nearest", feedback_shift=6)


def block(lanes: int, *synapses: Synapses) -> BlockSpec:
    readout = ReadoutSpec(inputs=synapses[-1].outputs, classes=10, learned=True, weight_bits=8, shadow_bits=8,
                          rate_shift=6, rounding="nearest", error_function="hard_sigmoid", logit_shift=2, dead_zone=2,
                          accumulate="window")
    return BlockSpec(layers=tuple(map(layer, synapses)), window=WINDOW, loss_steps=WINDOW, update_interval=1,
                     readout=replace(readout, feedback_shift=fitting_feedback_shift(readout)),
                     directives=Directives(lanes=lanes, memory="auto", engine="reverse"))


def convolution(channels: int) -> ConvSpec:
    return ConvSpec(height=16, width=16, channels=channels, filters=32, kernel=3, padding=1)


DENSE = DenseSpec(inputs=784, outputs=256), DenseSpec(inputs=256, outputs=200)
DESIGNS = {
    "dense-8": block(8, *DENSE), "dense-16": block(16, *DENSE), "dense-32": block(32, *DENSE),
    "recurrent-16": block(16, DenseSpec(inputs=784, outputs=256, recurrent=True)),
    "conv-16": block(16, convolution(16), convolution(32)),
}


def cycles(plan: BlockPlan, share: float) -> int:
    """Of a window in which the gates of a share of the neurons are not 0, drawn with one seed."""
    generator, entries = np.random.default_rng(1), []
    for number, own in enumerate(plan.layers):
        reached = np.zeros((WINDOW, own.layer.outputs), np.int64)
        if number < plan.block.depth - 1:
            above = plan.layers[number + 1]
            reached += places_seeing(above)[:own.layer.outputs] * above.column_words
        if own.layer.synapses.recurrent:
            reached[:-1] += own.column_words
        slots = np.zeros((WINDOW, own.words * own.lanes), np.int64)
        slots[:, own.slots] = reached * (generator.random(reached.shape) < share)
        entries.append(slots.reshape(WINDOW, own.words, own.lanes).sum(axis=2).tolist())
    return FoldedCredits(plan).cycles(entries, WINDOW)


def measure(name: str) -> dict[str, object]:
    spec = DESIGNS[name]
    found, _ = mapped(ReversePass(spec))
    return {"name": name, "lanes": spec.directives.lanes,
            **{kind: found.resources[kind] for kind in ("lut", "ff", "dsp", "ramb36")},
            "delay": DEVICE.logic_delay_ps(found, top="top"),
            "cycles": {f"{share:g}": cycles(plan_of(spec), share) for share in GATED}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(DESIGNS)}; all where none is given")
    names = parser.parse_args().names
    for name in names:
        if name not in DESIGNS:
            parser.error(f"there is no design {name}; take one of {', '.join(DESIGNS)}")
    rows = json.loads(RESULTS.read_text("utf-8"))["rows"] if RESULTS.exists() else []
    print("        name lanes    lut     ff  dsp ramb36  delay  cycles, by the share of gates")
    for name in names or DESIGNS:
        rows = [row for row in rows if row["name"] != name] + [measure(name)]
        print(LINE.format(**rows[-1]), flush=True)
        write_atomically(RESULTS, (json.dumps({
            "command": "python benchmarks/reverse_pass.py", **describe("pyosys"), "part": DEVICE.name,
            "yosys": version("pyosys"), "window": WINDOW,
            "rows": sorted(rows, key=lambda row: list(DESIGNS).index(row["name"]))}, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
