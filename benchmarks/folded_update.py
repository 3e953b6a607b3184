"""Update of folded blocks alone, K = 4, weights of 8 + 8 bits: what Yosys maps for the XC7Z020, and cycles of a window.

    python benchmarks/folded_update.py [--lanes P,P...]

A convolution of 3 x 3 on 16 x 16, 16 to 32 channels, whose credits a scan finds; and two dense layers, 784-200-200.
Resources are not routed. Cycles are by formula, of a window in which each source is active at random in 1, 5 and 20 %
of the steps and every word of neurons has credit. Writes ``docs/results/folded_update.json`` after each design.
"""

import argparse
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from machine import describe
from resources import DEVICE, mapped

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.engines.folded.reverse import FETCHED, FoldedReverse
from rtl_gen.contract.engines.folded.reverse_cycles import LayerWork, UpdateCycles
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.plan import LayerPlan, plan_of, words_of
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.synapses.base import Synapses
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from rtl_gen.folded.update import FoldedUpdate
from sim.reference.flat import flat_layer

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "folded_update.json"
DENSITIES = (0.01, 0.05, 0.2)
NETWORKS = {
    "conv": (ConvSpec(height=16, width=16, channels=16, filters=32, kernel=3, padding=1),),
    "dense": (DenseSpec(inputs=784, outputs=200), DenseSpec(inputs=200, outputs=200)),
}
WINDOW = 4


def layer(synapses: Synapses) -> LayerSpec:
    return flat_layer(synapses=synapses, weight_bits=8, shadow_bits=8, fraction_bits=5, bias=True, membrane_bits=16,
                      leak_shift=3, threshold=64, reset="subtract", surrogate="boxcar", surrogate_width=64,
                      surrogate_height=1, rate_shift=6, rounding="nearest", feedback_shift=4)


def block(name: str, lanes: int) -> BlockSpec:
    layers = tuple(map(layer, NETWORKS[name]))
    readout = ReadoutSpec(inputs=layers[-1].outputs, classes=10, learned=True, weight_bits=8, shadow_bits=8,
                          rate_shift=6, rounding="nearest", error_function="logistic", logit_shift=4, dead_zone=0,
                          accumulate="window")
    return BlockSpec(layers=layers, readout=readout, window=WINDOW, loss_steps=WINDOW, update_interval=1,
                     directives=Directives(lanes=lanes, memory="block", engine="reverse"))


def work(plan: LayerPlan, density: float, generator: np.random.Generator) -> LayerWork:
    """A layer's random window."""
    bits = (generator.random((plan.sources, WINDOW)) < density).sum(axis=1)
    if plan.layer.synapses.kind != "conv":
        return LayerWork(credited=[True] * plan.words, rows=bits[bits > 0].tolist())
    pixels = bits.reshape(-1, plan.layer.synapses.channels)
    return LayerWork(credited=[True] * plan.words, pixels=[pixel[pixel > 0].tolist() for pixel in pixels])


def measure(name: str, lanes: int) -> dict[str, float | str]:
    spec = block(name, lanes)
    plan, declared = plan_of(spec), FoldedReverse(plan_of(spec))
    found, _ = mapped(FoldedUpdate(spec, 0, declared.load_lanes))
    fetch = words_of(lanes, declared.load_lanes) * WINDOW + FETCHED
    generator = np.random.default_rng(1)
    cycles = {f"cycles_{density:.0%}": UpdateCycles(
        plan, [sources.parts for sources in declared.sources], drawing=0, fetch=fetch).of(
            [work(one, density, generator) for one in plan.layers], WINDOW) for density in DENSITIES}
    return {"network": name, "lanes": lanes, "lut": found.resources["lut"], "ff": found.resources["ff"],
            "ramb36": found.resources["ramb36"], "delay": DEVICE.logic_delay_ps(found, top="top"), **cycles}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lanes", default="8,16", metavar="P[,P...]")
    rows = json.loads(RESULTS.read_text("utf-8"))["rows"] if RESULTS.exists() else []
    for lanes in map(int, parser.parse_args().lanes.split(",")):
        for name in NETWORKS:
            rows = [row for row in rows if (row["network"], row["lanes"]) != (name, lanes)] + [measure(name, lanes)]
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
            write_atomically(RESULTS, (json.dumps({
                "command": "python benchmarks/folded_update.py", **describe("pyosys"), "part": DEVICE.name,
                "yosys": version("pyosys"), "rows": sorted(rows, key=lambda row: (row["network"], row["lanes"]))},
                indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
