"""Forward engine of folded blocks: share of lane-cycles that do a synaptic operation, and what Yosys maps.

    python benchmarks/folded_forward.py [--simulator icarus]

Lane use is measured in simulation from the first token offered to the last answer, with random weights and without an
update engine; resources and the longest path are those of the engine alone, 16 lanes, on the XC7Z020, not routed.
Writes ``docs/results/folded_forward.json``.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from machine import describe

from board.xilinx.synthesis import logic_delay_ps, synthesise
from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from rtl_gen.emit import to_rtlil
from rtl_gen.folded.block import FoldedBlock
from rtl_gen.folded.forward import FoldedForwardEngine
from sim.benches.lane_use import OUTPUT_VARIABLE
from sim.reference.flat import flat_layer
from sim.runner import build, run

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "folded_forward.json"
DENSITIES = {"one convolution": (0.05, 0.20), "three layers": (0.10,)}
SAMPLES, STEPS = 1, 6


def network(name: str, lanes: int) -> NetworkSpec:
    """A convolution of 3 x 3 on 16 x 16, 16 to 32 channels; or that, pooled, another and a dense layer."""
    common = dict(weight_bits=8, shadow_bits=8, fraction_bits=5, bias=True, membrane_bits=16, leak_shift=3,
                  threshold=64, reset="subtract", surrogate="boxcar", surrogate_width=64, surrogate_height=1,
                  rate_shift=6, rounding="nearest", feedback_shift=4)
    layers = [flat_layer(**common, synapses=ConvSpec(height=16, width=16, channels=16, filters=32, kernel=3,
                                                     padding=1))]
    if name == "three layers":
        layers += [
            flat_layer(**common, synapses=ConvSpec(height=8, width=8, channels=32, filters=32, kernel=3, padding=1),
                       pool=PoolSpec(kind="or", size=2, height=16, width=16, channels=32)),
            flat_layer(**common, synapses=DenseSpec(inputs=2048, outputs=64))]
    readout = ReadoutSpec(inputs=layers[-1].outputs, classes=10, learned=True, weight_bits=8, shadow_bits=8,
                          rate_shift=6, rounding="nearest", error_function="logistic", logit_shift=4, dead_zone=0,
                          accumulate="window")
    block = BlockSpec(layers=tuple(layers), readout=readout, window=4, loss_steps=4, update_interval=1,
                      directives=Directives(lanes=lanes, memory="block", engine="none"))
    return NetworkSpec(name="folded", blocks=(block,), max_steps=16, seed=1)


def lane_use(simulator: str) -> list[dict[str, float | str]]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, densities in DENSITIES.items():
            design = build(FoldedBlock(network(name, 32), 0), build_dir=Path(folder) / name.replace(" ", "_"),
                           simulator=simulator)
            for density in densities:
                output = Path(folder) / "measured.json"
                run(design, bench="sim.benches.lane_use", environment={OUTPUT_VARIABLE: str(output)},
                    arrays={"samples": np.array(SAMPLES), "steps": np.array(STEPS), "density": np.array(density),
                            "learn": np.array(False)})
                row = {"network": name, "lanes": 32, "density": density} | json.loads(output.read_text("utf-8"))
                print(f"{name:<16} {density:>5.0%} {row['cycles']:>8} cycles {row['share']:>6.1%}", flush=True)
                rows.append(row)
    return rows


def resources() -> dict[str, float]:
    engine = FoldedForwardEngine(network("three layers", 16).blocks[0])
    mapped = synthesise(to_rtlil(engine, name="engine"), top="engine", family="xc7")
    found = dict(mapped.resources) | {"logic_delay_ps": logic_delay_ps(mapped, top="engine")}
    print(found, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--simulator", default="icarus")
    arguments = parser.parse_args()
    found = {"machine": describe(), "simulator": arguments.simulator, "lane_use": lane_use(arguments.simulator),
             "resources": resources()}
    write_atomically(RESULTS, (json.dumps(found, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
