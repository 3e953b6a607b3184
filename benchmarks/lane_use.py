"""Share of lane-cycles that do a synaptic operation: dense layer 784-200, over lanes, reads and input densities.

    python benchmarks/lane_use.py [--simulator verilator] [--lanes N,N...]

Measured in simulation from the first token offered to the last answer, on one block with its update engine and a bias.
8 and 40 lanes divide 200 neurons; 16 leave half of the last group idle, so that 96.2 % is the most they can reach. Of
two reads a lane is busy where either of its words is of an event, and ``operations`` are two a cycle.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe

from rtl_gen.block import Block
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from sim.benches.lane_use import OUTPUT_VARIABLE
from sim.reference.flat import flat_layer
from sim.runner import build, run

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "lane_use.json"
DENSITIES = (0.01, 0.05, 0.20, 1.00)
LAYOUTS: tuple[dict[str, Any], ...] = (
    {"lanes": 8}, {"lanes": 16}, {"lanes": 16, "unroll": True, "classes_per_cycle": 5}, {"lanes": 40},
    {"lanes": 40, "reads": 2}, {"lanes": 40, "unroll": True, "classes_per_cycle": 10},
    {"lanes": 40, "reads": 2, "unroll": True, "classes_per_cycle": 10})
DEFAULTS = {"reads": 1, "unroll": False, "classes_per_cycle": None}
LINE = ("{lanes:>5} {reads:>5} {unroll!s:>8} {classes_per_cycle!s:>7} {density:>8.2f} {learn!s:>6} {cycles:>9} "
        "{synaptic_operations:>10} {share:>7.1%}")


def network(**directives: Any) -> NetworkSpec:
    layer = flat_layer(inputs=784, outputs=200, weight_bits=8, shadow_bits=8, fraction_bits=6, bias=True,
                      membrane_bits=16, leak_shift=3, threshold=64, reset="subtract", surrogate="boxcar",
                      surrogate_width=64, surrogate_height=1, rate_shift=6, rounding="nearest", feedback_shift=0)
    readout = ReadoutSpec(inputs=200, classes=10, learned=True, weight_bits=8, shadow_bits=8, rate_shift=6,
                          rounding="nearest", error_function="logistic", logit_shift=4, dead_zone=0,
                          accumulate="window")
    block = BlockSpec(layers=(layer,), readout=readout, window=4, loss_steps=4, update_interval=1,
                      directives=Directives(memory="block", engine="reverse", **directives))
    return NetworkSpec(name="dense", blocks=(block,), max_steps=64, seed=1)


def samples(lanes: int, density: float) -> int:
    """So many that the way in of the first and out of the last shows little, however few cycles are between."""
    if density == 1:
        return 4 if lanes >= 40 else 1
    return 16 if density < 0.05 else 4


def measure(simulator: str, lanes: list[int]) -> list[dict[str, float]]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number, layout in enumerate(LAYOUTS):
            if layout["lanes"] not in lanes:
                continue
            spec = network(**layout)
            design = build(Block(spec, 0), build_dir=Path(folder) / f"block{number}", simulator=simulator)
            for density in DENSITIES:
                for learn in (False, True):
                    output = Path(folder) / "measured.json"
                    run(design, bench="sim.benches.lane_use", environment={OUTPUT_VARIABLE: str(output)}, arrays={
                        "samples": np.array(samples(layout["lanes"], density)), "steps": np.array(8),
                        "density": np.array(density), "learn": np.array(int(learn))})
                    rows.append({**DEFAULTS, **layout, "density": density, "learn": learn,
                                 **json.loads(output.read_text("utf-8"))})
                    print(LINE.format(**rows[-1]), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulator", default="verilator", choices=("verilator", "icarus"))
    parser.add_argument("--lanes", default=",".join(map(str, sorted({layout["lanes"] for layout in LAYOUTS}))),
                        metavar="N[,N...]", help="layouts of so many lanes")
    arguments = parser.parse_args()
    print("lanes reads unrolled classes  density  learn    cycles operations   share")
    lanes = [int(number) for number in arguments.lanes.split(",")]
    rows = measure(arguments.simulator, lanes)
    if RESULTS.exists():
        rows = [row for row in json.loads(RESULTS.read_text("utf-8"))["rows"] if row["lanes"] not in lanes] + rows
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"command": "python benchmarks/lane_use.py", **describe(),
                                   "simulator": arguments.simulator, "rows": rows}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
