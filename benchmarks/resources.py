"""Resources of a 784-200-10 learning core, K = 4, on the XC7Z020, as Yosys maps it: 16 lanes, and 40.

    python benchmarks/resources.py [--parts] [NAME ...]

Writes ``docs/results/resources.json`` after each design. ``--parts`` maps the core's larger components one by one as
well; what is optimised across their borders is then counted in full, so that their sum is more than the core.
"""

import argparse
import json
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from amaranth.lib.wiring import Component
from machine import describe
from rich.console import Console
from rich.table import Table

from board.part import Resources, Synthesis
from board.report import estimated
from board.xilinx.parts import XC7Z020
from rtl_gen.block import Block
from rtl_gen.contract.arithmetic import fitting_feedback_shift
from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.network import spec_digest
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.core import Core
from rtl_gen.emit import to_rtlil
from rtl_gen.estimate import memories
from rtl_gen.event_list import EventList
from rtl_gen.forward import ForwardEngine
from rtl_gen.forward_layouts import gate_layout
from rtl_gen.host_access import HostAccess
from rtl_gen.ingest import Ingest
from rtl_gen.readout import Readout
from rtl_gen.registers import Registers
from rtl_gen.update import UpdateEngine
from rtl_gen.window import WindowBuffer
from sim.reference.flat import flat_layer

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "resources.json"
DEVICE = XC7Z020
GOALS = {"lut": 0.20, "ff": 0.20, "dsp": 0.0}


def network(*, shadow_bits: int, rounding: str, lanes: int = 16, unroll: bool = False,
            classes_per_cycle: int | None = None) -> NetworkSpec:
    layer = flat_layer(inputs=784, outputs=200, weight_bits=8, shadow_bits=shadow_bits, fraction_bits=5, bias=False,
                      membrane_bits=16, leak_shift=4, threshold=256, reset="subtract", surrogate="boxcar",
                      surrogate_width=128, surrogate_height=1, rate_shift=8, rounding=rounding, feedback_shift=0)
    readout = ReadoutSpec(inputs=200, classes=10, learned=True, weight_bits=8, shadow_bits=shadow_bits, rate_shift=6,
                          rounding=rounding, error_function="hard_sigmoid", logit_shift=2, dead_zone=2,
                          accumulate="window")
    readout = replace(readout, feedback_shift=fitting_feedback_shift(readout))
    block = BlockSpec(layers=(layer,), readout=readout, window=4, loss_steps=4, update_interval=1,
                      directives=Directives(lanes=lanes, memory="auto", engine="reverse", unroll=unroll,
                                            classes_per_cycle=classes_per_cycle))
    return NetworkSpec(name="dense", blocks=(block,), max_steps=64, seed=1)


# Name: network, and the share of block RAM it may take.
DESIGNS = {
    "8+8 nearest": (network(shadow_bits=8, rounding="nearest"), 0.58),
    "8 stochastic": (network(shadow_bits=0, rounding="stochastic"), 0.30),
    # The most updates a cycle of 40 lanes.
    "8+8 nearest, 40 lanes, unrolled, 10 classes a cycle": (
        network(shadow_bits=8, rounding="nearest", lanes=40, unroll=True, classes_per_cycle=10), 0.58),
}


def without_learning(spec: NetworkSpec) -> NetworkSpec:
    blocks = tuple(replace(b, directives=replace(b.directives, engine="none")) for b in spec.blocks)
    return replace(spec, blocks=blocks)


def parts(spec: NetworkSpec) -> dict[str, Component]:
    """The core's larger components, and the block with and without its update engine."""
    block = spec.blocks[0]
    gates = gate_layout(block)
    return {
        "forward": ForwardEngine(block), "update": UpdateEngine(block, 0, gates), "readout": Readout(spec, 0),
        "window": WindowBuffer(block, gates), "events": EventList(block.inputs, block.readout.classes),
        "registers": Registers(spec), "host access": HostAccess(spec), "ingest": Ingest(spec),
        "block": Block(spec, 0), "block without learning": Block(without_learning(spec), 0)}


def mapped(component: Component) -> tuple[Synthesis, float]:
    """Its cells, and the processor time that took."""
    began = time.perf_counter()
    return DEVICE.synthesise(to_rtlil(component, name="top"), top="top"), time.perf_counter() - began


def measure(spec: NetworkSpec, ramb36_goal: float) -> dict[str, object]:
    found, seconds = mapped(Core(spec))
    shares = found.resources.shares(DEVICE.budget)
    goals = {**GOALS, "ramb36": ramb36_goal}
    return {"resources": dict(found.resources), "shares": {name: round(share, 4) for name, share in shares.items()},
            "cells": dict(sorted(found.cells.items())), "logic_delay_ps": DEVICE.logic_delay_ps(found, top="top"),
            "ramb36_by_formula": estimated(memories(spec), DEVICE)["ramb36"],
            "goals": goals, "missed": [name for name, goal in goals.items() if shares[name] > goal],
            "specification": spec_digest(spec), "seconds": round(seconds, 1)}


def show(title: str, rows: dict[str, Resources]) -> None:
    table = Table("", *(amount.label for amount in DEVICE.amounts), title=title, title_justify="left")
    for name, used in rows.items():
        shares = used.shares(DEVICE.budget)
        table.add_row(name, *(f"{value:g} ({100 * shares[key]:.1f} %)" for key, value in used.items()))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(DESIGNS)}; none takes all")
    parser.add_argument("--parts", action="store_true", help="the components one by one as well")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in DESIGNS]
    if unknown:
        parser.error(f"designs are {', '.join(DESIGNS)}, not {', '.join(unknown)}")
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {"designs": {}}
    for name in arguments.names or DESIGNS:
        spec, goal = DESIGNS[name]
        row = measure(spec, goal)
        shown = {"core": Resources(row["resources"])}
        if arguments.parts:
            shown |= {part: mapped(component)[0].resources for part, component in parts(spec).items()}
            row["parts"] = {part: dict(used) for part, used in shown.items() if part != "core"}
        results = {"command": "python benchmarks/resources.py", **describe("pyosys"), "part": DEVICE.name,
                   "yosys": version("pyosys"), "budget": dict(DEVICE.budget),
                   "designs": {**results["designs"], name: row}}
        write_atomically(RESULTS, (json.dumps(results, indent=1) + "\n").encode())
        show(f"{name}: missed {', '.join(row['missed']) or 'none'}", shown)


if __name__ == "__main__":
    main()
