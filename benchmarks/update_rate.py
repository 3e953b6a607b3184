"""Weight updates in a cycle of the update: 784-200-10, 40 lanes, K = 4, 8 + 8 bits, unrolled, all classes in a cycle.

    python benchmarks/update_rate.py [--simulator verilator] [--density D]

Writes ``docs/results/update_rate.json``. Simulated, on one block whose surrogate is so wide that every lane has a
credit, from random weights: a sample of eight steps is learned from in two windows. Cycles are those in which the
engine that learns is active: they begin as the errors are known, and feedback, credits and all rounding are in them.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from lane_use import network
from machine import describe

from rtl_gen.block import Block
from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.engines.learning.reverse import Reverse
from rtl_gen.contract.plan import plan_of
from rtl_gen.contract.spec import NetworkSpec
from sim.benches.lane_use import OUTPUT_VARIABLE
from sim.runner import build, run

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "update_rate.json"
STEPS = 8


def credited() -> NetworkSpec:
    """The network, with a gate in every neuron at every step."""
    spec = network(lanes=40, unroll=True, classes_per_cycle=10)
    (block,) = spec.blocks
    (layer,) = block.layers
    surrogate = replace(layer.surrogate, width=1 << layer.neuron.membrane_bits)
    return replace(spec, blocks=(replace(block, layers=(replace(layer, surrogate=surrogate),)),))


def measure(simulator: str, density: float) -> dict[str, float]:
    spec = credited()
    (block,) = spec.blocks
    with tempfile.TemporaryDirectory() as folder:
        design = build(Block(spec, 0), build_dir=Path(folder) / "block", simulator=simulator)
        output = Path(folder) / "measured.json"
        run(design, bench="sim.benches.lane_use", environment={OUTPUT_VARIABLE: str(output)}, arrays={
            "samples": np.array(1), "steps": np.array(STEPS), "density": np.array(density), "learn": np.array(1)})
        found = json.loads(output.read_text("utf-8"))
    # The inputs that the bench draws, window by window.
    active = np.random.default_rng(1).random((STEPS, block.inputs)) < density
    windows = active.reshape(-1, block.window, block.inputs)
    rows = windows.any(axis=1).sum(axis=1) + int(block.layers[0].weights.bias)
    updates, outputs = int(rows.sum()) * block.outputs, block.outputs * block.readout.classes * len(windows)
    assert updates <= found["updates"] <= updates + outputs, "a lane had no credit"
    reverse = Reverse(plan_of(block))
    formula = sum(reverse.cycles(int(count) - int(block.layers[0].weights.bias), block.window) for count in rows)
    return {"density": density, "rows": rows.tolist(), "updates": updates, "cycles": found["update_cycles"],
            "cycles_by_formula": formula, "updates_a_cycle": round(updates / found["update_cycles"], 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulator", default="verilator", choices=("verilator", "icarus"))
    parser.add_argument("--density", default=0.05, type=float)
    arguments = parser.parse_args()
    row = measure(arguments.simulator, arguments.density)
    print(row)
    write_atomically(RESULTS, (json.dumps({
        "command": "python benchmarks/update_rate.py", **describe(), "simulator": arguments.simulator, **row},
        indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
