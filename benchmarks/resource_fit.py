"""LUTs of designs of many kinds on the PYNQ-Z2's part, as Yosys maps them whole, and the formula fitted to them.

    python benchmarks/resource_fit.py [--fit-only] [--again] [--jobs N] [NAME ...]

Maps what ``docs/results/resource_fit.json`` does not have yet, with ``--again`` all named, and writes the file after
each design; then fits, and writes ``board/xilinx/logic_fit.py``, which ``snnfpga build --plan`` takes. ``--fit-only``
maps nothing. The largest of the designs take two minutes of a processor each. Cores that other benchmarks have mapped,
without a board's top, are among what is fitted.
"""

import argparse
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import folded_designs
import inference_size
import numpy as np
import resources
from machine import describe
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.optimize import nnls

from board.registry import get
from board.xilinx.logic import TERMS, memory_luts, terms
from rtl_gen.contract.arithmetic import fitting_feedback_shift
from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.network import spec_digest
from rtl_gen.contract.neurons.lif_shifts import LifShiftsSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.flat import flat_layer

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "resource_fit.json"
FIT = ROOT / "board" / "xilinx" / "logic_fit.py"
BOARD = "pynq-z2"
# LUTs of each term as parts of a core were counted one by one (resources.py --parts, folded_update.py, reverse_pass.py)
# and rounded from a first fit, which is where a fit begins: a term stays near it, by a quarter of it, where designs do
# not tell it from others. Of designs the formula is taken to miss a fiftieth.
BEGIN = {"board": 300.0, "design": 1300.0, "blocks": 500.0, "lanes": 20.0, "sums": 1.3, "membranes": 1.5,
         "learning": 500.0, "positions": 14.0, "update": 2.8, "random": 22.0, "gates": 1.0, "window": 1.5,
         "answers": 2.6, "readout": 7.5, "rows": 0.3, "folded": 500.0, "layers": 60.0, "convolutions": 100.0,
         "pools": 100.0, "walks": 200.0, "fields": 250.0, "folded update": 2.4, "gathered": 4.0, "reverse": 550.0,
         "reached": 30.0, "products": 1.2}
SPREAD, MISSED = 0.25, 0.02


def block(inputs: int, outputs: int, classes: int = 10, *, lanes: int = 16, window: int = 4, bits: int = 8,
          shadow: int = 8, membrane: int = 16, rounding: str = "stochastic", learned: bool = True,
          engine: str = "reverse", memory: str = "auto", bias: bool = False, height: int = 1,
          leak_shifts: tuple[int, ...] = (), error_function: str = "logistic", unroll: bool = False,
          reads: int = 1) -> BlockSpec:
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
    if learned:
        readout = replace(readout, feedback_shift=fitting_feedback_shift(readout))
    return BlockSpec(layers=(layer,), readout=readout, window=window, loss_steps=window, update_interval=1,
                     directives=Directives(lanes=lanes, memory=memory, engine=engine, reads=reads, unroll=unroll))


# What varies is written; the rest is as the signature above says.
DESIGNS: dict[str, tuple[BlockSpec, ...]] = {
    "8 lanes": (block(128, 64, lanes=8),),
    "16 lanes": (block(128, 64),),
    "4 lanes": (block(128, 64, lanes=4),),
    "inference, 16 lanes": (block(128, 64, engine="none"),),
    "inference, 16 lanes, two reads": (block(128, 64, engine="none", reads=2),),
    "K = 1": (block(128, 64, lanes=8, window=1),),
    "K = 8": (block(128, 64, lanes=8, window=8),),
    "K = 4, unrolled": (block(128, 64, unroll=True),),
    "K = 8, unrolled": (block(128, 64, lanes=8, window=8, unroll=True),),
    "K = 32": (block(128, 64, lanes=8, window=32),),
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
    **folded_designs.DESIGNS,
}


def network(name: str) -> NetworkSpec:
    return NetworkSpec(name="fit", blocks=DESIGNS[name], max_steps=64, seed=1)


def measure(name: str) -> dict[str, Any]:
    spec, board = network(name), get(BOARD)
    began = time.perf_counter()
    found = board.part.synthesise(board.design(spec).rtlil, top=board.top)
    return {"digest": spec_digest(spec), "resources": dict(found.resources),
            "seconds": round(time.perf_counter() - began, 1)}


@dataclass(frozen=True)
class Counted:
    """LUTs of a design or, without a board's top, of a core."""

    name: str
    spec: NetworkSpec
    luts: float
    board: bool = True

    @property
    def terms(self) -> list[float]:
        return list((terms(self.spec) | {"board": float(self.board)}).values())

    def by(self, luts: NDArray[np.float64]) -> float:
        """What the formula gives with these LUTs of each term."""
        return memory_luts(self.spec) + float(np.dot(luts, self.terms))


def all_counted() -> list[Counted]:
    """The designs that were mapped, and cores of other benchmarks."""
    kept = _read()
    found = [Counted(name, network(name), kept[name]["resources"]["lut"]) for name in DESIGNS
             if name in kept and kept[name]["digest"] == spec_digest(network(name))]
    cores = {inference_size: inference_size.DESIGNS,
             resources: {name: spec for name, (spec, _) in resources.DESIGNS.items()}}
    for module, specs in cores.items():
        path = RESULTS.with_name(f"{module.__name__}.json")
        rows = json.loads(path.read_text("utf-8"))["designs"] if path.exists() else {}
        found += [Counted(f"core: {name}", specs[name], row["resources"]["lut"], board=False)
                  for name, row in rows.items() if name in specs and row["specification"] == spec_digest(specs[name])]
    return found


def fitted(found: Sequence[Counted]) -> NDArray[np.float64]:
    """LUTs of each term that come nearest to what was counted, relative to it; none is negative."""
    begin = np.array([BEGIN[name] for name in TERMS])
    counted = np.array([one.luts for one in found])
    of_terms, of_memories = np.array([one.terms for one in found]), np.array([memory_luts(one.spec) for one in found])
    rows = np.vstack([of_terms / counted[:, None] / MISSED, np.diag(1 / (SPREAD * begin))])
    wanted = np.concatenate([(1 - of_memories / counted) / MISSED, np.full(len(begin), 1 / SPREAD)])
    return nnls(rows, wanted)[0]


def fit() -> None:
    """Fit to all designs, and each design's error by a fit to the others; write and show both."""
    found = all_counted()
    luts = fitted(found)
    errors = {one.name: one.by(fitted(found[:n] + found[n + 1:])) / one.luts - 1 for n, one in enumerate(found)}
    largest = max(map(abs, errors.values()))
    per_term = "\n".join(f'    "{term}": {value:.4g},' for term, value in zip(TERMS, luts, strict=True))
    write_atomically(FIT, (
        '"""What benchmarks/resource_fit.py found; written by it and not by hand."""\n\n'
        f'LUTS = {{\n{per_term}\n}}\nERROR = {largest:.3f}\nDESIGNS = {len(found)}\n').encode())
    results = json.loads(RESULTS.read_text("utf-8"))
    results["fit"] = {"luts": dict(zip(TERMS, luts.round(4).tolist(), strict=True)),
                      "largest_error": round(largest, 4),
                      "errors": {one.name: round(one.by(luts) / one.luts - 1, 4) for one in found},
                      "errors_of_a_fit_without_it": {name: round(error, 4) for name, error in errors.items()}}
    write_atomically(RESULTS, (json.dumps(results, indent=1) + "\n").encode())
    table = Table("design", "counted", "by the fit", "error, fitted without it", title=f"LUTs of {len(found)} designs",
                  title_justify="left")
    for one in found:
        table.add_row(one.name, f"{one.luts:g}", f"{one.by(luts):.0f}", f"{100 * errors[one.name]:+.1f} %")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(DESIGNS)}; none takes all")
    parser.add_argument("--fit-only", action="store_true", help="map nothing")
    parser.add_argument("--again", action="store_true", help="map also what the file has")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="designs mapped at a time")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in DESIGNS]
    if unknown:
        parser.error(f"designs are {', '.join(DESIGNS)}, not {', '.join(unknown)}")
    if not arguments.fit_only:
        kept = {} if arguments.again else _read()
        _map([name for name in arguments.names or DESIGNS
              if kept.get(name, {}).get("digest") != spec_digest(network(name))], arguments.jobs)
    fit()


def _map(names: Sequence[str], jobs: int) -> None:
    with ProcessPoolExecutor(jobs) as pool:
        running = {pool.submit(measure, name): name for name in names}
        for done in as_completed(running):
            name, row = running[done], done.result()
            write_atomically(RESULTS, (json.dumps({
                "command": "python benchmarks/resource_fit.py", **describe("pyosys"), "board": BOARD,
                "designs": {**_read(), name: row}}, indent=1) + "\n").encode())
            print(name, row["resources"], f"{row['seconds']} s", flush=True)


def _read() -> dict[str, Any]:
    return json.loads(RESULTS.read_text("utf-8"))["designs"] if RESULTS.exists() else {}


if __name__ == "__main__":
    main()
