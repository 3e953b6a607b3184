"""LUTs of designs of many kinds on the PYNQ-Z2's part, as Yosys maps them whole, and the formula fitted to them.

    python benchmarks/resource_fit.py [--fit-only] [--again] [NAME ...]

Maps what ``docs/results/resource_fit.json`` does not have yet, with ``--again`` all, and writes the file after each
design; then fits, and writes ``board/xilinx/logic_fit.json``, which ``snnfpga build --plan`` reads. ``--fit-only`` maps
nothing. A network of one block with 784 inputs, 200 neurons and 16 lanes takes two minutes of a processor.
"""

import argparse
import json
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from machine import describe

from board.registry import Board, get
from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.network import spec_digest
from rtl_gen.contract.neurons.lif_shifts import LifShiftsSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.flat import flat_layer

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "resource_fit.json"


def block(inputs: int, outputs: int, classes: int = 10, *, lanes: int = 16, window: int = 4, bits: int = 8,
          shadow: int = 8, membrane: int = 16, rounding: str = "stochastic", learned: bool = True,
          engine: str = "reverse", memory: str = "auto", bias: bool = False, height: int = 1,
          leak_shifts: tuple[int, ...] = (), error_function: str = "logistic") -> BlockSpec:
    layer = flat_layer(inputs=inputs, outputs=outputs, weight_bits=bits, shadow_bits=shadow, fraction_bits=bits - 2,
                       bias=bias, membrane_bits=membrane, leak_shift=3, threshold=1 << bits - 2, reset="subtract",
                       surrogate="boxcar" if height == 1 else "triangle",
                       surrogate_width=1 << bits - 3 if height == 1 else bits - 4, surrogate_height=height,
                       rate_shift=8, rounding=rounding, feedback_shift=0)
    if leak_shifts:
        layer = replace(layer, neuron=LifShiftsSpec(membrane_bits=membrane, threshold=1 << bits - 2, reset="subtract",
                                                    leak_shifts=leak_shifts))
    readout = ReadoutSpec(inputs=outputs, classes=classes, learned=learned, weight_bits=bits if learned else 2,
                          shadow_bits=shadow if learned else 0, rate_shift=6 if learned else 0,
                          rounding=rounding if learned else "nearest", error_function=error_function, logit_shift=2,
                          dead_zone=2, accumulate="cumulative")
    return BlockSpec(layers=(layer,), readout=readout, window=window, loss_steps=window, update_interval=1,
                     directives=Directives(lanes=lanes, memory=memory, engine=engine))


# What varies is written; the rest is as the signature above says.
DESIGNS: dict[str, tuple[BlockSpec, ...]] = {
    "8 lanes": (block(128, 64, lanes=8),),
    "16 lanes": (block(128, 64),),
    "4 lanes": (block(128, 64, lanes=4),),
    "inference, 16 lanes": (block(128, 64, engine="none"),),
    "K = 1": (block(128, 64, lanes=8, window=1),),
    "K = 8": (block(128, 64, lanes=8, window=8),),
    "two blocks, 16 and 8 lanes": (block(128, 128), block(128, 64, lanes=8)),
    "4 + 4 bits": (block(128, 64, lanes=8, bits=4, shadow=4, membrane=10),),
    "12 + 4 bits": (block(128, 64, lanes=8, bits=12, shadow=4, membrane=20),),
    "fixed readout": (block(128, 64, lanes=8, learned=False),),
    "2 classes": (block(128, 64, 2, lanes=8),),
    "20 classes": (block(128, 64, 20, lanes=8),),
    "8 bits, no shadow": (block(128, 64, lanes=8, shadow=0),),
    "nearest": (block(128, 64, lanes=8, rounding="nearest"),),
    "32 lanes": (block(128, 64, lanes=32),),
    "inference, 64 lanes, 4 bits": (block(784, 128, lanes=64, bits=4, shadow=0, membrane=6, engine="none"),),
    "distributed memory": (block(64, 40, lanes=8, memory="distributed"),),
    "triangle, bias, leak of shifts": (block(128, 64, lanes=8, height=7, bias=True, leak_shifts=(3, -5, 7)),),
    "three blocks": (block(200, 48, lanes=4), block(48, 48, lanes=8), block(48, 32, lanes=4, learned=False)),
    "K = 16": (block(128, 64, lanes=4, window=16),),
    "inference, 16 bits": (block(64, 60, lanes=10, bits=16, shadow=0, membrane=24, engine="none"),),
    "2312 inputs": (block(2312, 100, lanes=10),),
    "784-200-10, nearest": (block(784, 200, rounding="nearest", error_function="hard_sigmoid"),),
    "two blocks, one learns": (block(256, 96, lanes=12, engine="none"), block(96, 64, lanes=8, window=2)),
}


def network(name: str) -> NetworkSpec:
    return NetworkSpec(name="fit", blocks=DESIGNS[name], max_steps=64, seed=1)


def measure(spec: NetworkSpec, board: Board) -> dict[str, Any]:
    began = time.perf_counter()
    found = board.part.synthesise(board.design(spec).rtlil, top=board.top)
    return {"specification": spec.to_dict(), "digest": spec_digest(spec), "resources": dict(found.resources),
            "seconds": round(time.perf_counter() - began, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(DESIGNS)}; none takes all")
    parser.add_argument("--fit-only", action="store_true", help="map nothing")
    parser.add_argument("--again", action="store_true", help="map also what the file has")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in DESIGNS]
    if unknown:
        parser.error(f"designs are {', '.join(DESIGNS)}, not {', '.join(unknown)}")
    board = get("pynq-z2")
    for name in [] if arguments.fit_only else arguments.names or DESIGNS:
        spec = network(name)
        kept = _read().get(name)
        if not arguments.again and kept is not None and kept["digest"] == spec_digest(spec):
            continue
        row = measure(spec, board)
        write_atomically(RESULTS, (json.dumps({
            "command": "python benchmarks/resource_fit.py", **describe("pyosys"), "board": board.name,
            "yosys": version("pyosys"), "designs": {**_read(), name: row}}, indent=1) + "\n").encode())
        print(name, row["resources"], row["seconds"], flush=True)


def _read() -> dict[str, Any]:
    return json.loads(RESULTS.read_text())["designs"] if RESULTS.exists() else {}


if __name__ == "__main__":
    main()
