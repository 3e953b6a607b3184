"""Longest paths through cells, of cores and of their components, over lanes and weight bits, for the XC7Z020.

    python benchmarks/paths.py [NAME ...]

A core with its AXI shell: 128 inputs, five groups of neurons, 10 classes, K = 4, that learns; and two folded ones.
Yosys maps the core, and each of its components alone, whose inputs then count as registers. The path is through cells
alone, and no clock period. Writes ``docs/results/paths.json`` after each design, which takes minutes of a core.
"""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version

from amaranth.lib.wiring import Component
from designs import measured
from folded_designs import DESIGNS as FOLDED
from resources import DEVICE, mapped
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.arithmetic import fitting_feedback_shift
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.network import spec_digest
from rtl_gen.contract.plan import plan_of
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.core import Core
from rtl_gen.event_list import EventList
from rtl_gen.folded.forward import FoldedForwardEngine
from rtl_gen.folded.learning import FoldedLearning
from rtl_gen.forward import ForwardEngine
from rtl_gen.forward_layouts import gate_layout
from rtl_gen.host_access import HostAccess
from rtl_gen.ingest import Ingest
from rtl_gen.readout import Readout
from rtl_gen.registers import Registers
from rtl_gen.update import UpdateEngine
from rtl_gen.window import WindowBuffer
from sim.reference.flat import flat_layer

GOAL_PS = 4500
GROUPS = 5


def flat(lanes: int, bits: int) -> NetworkSpec:
    """Weights of 4 or 8 bits have as many shadow bits; those of 16 have none, and are rounded at random."""
    shadow, rounding = (0, "stochastic") if bits == 16 else (bits, "nearest")
    layer = flat_layer(inputs=128, outputs=GROUPS * lanes, weight_bits=bits, shadow_bits=shadow, fraction_bits=bits - 2,
                       bias=True, membrane_bits=min(24, 2 * bits), leak_shift=3, threshold=1 << bits - 2,
                       reset="subtract", surrogate="boxcar", surrogate_width=1 << bits - 3, surrogate_height=1,
                       rate_shift=8, rounding=rounding, feedback_shift=0)
    readout = ReadoutSpec(inputs=layer.outputs, classes=10, learned=True, weight_bits=8, shadow_bits=8, rate_shift=6,
                          rounding="nearest", error_function="logistic", logit_shift=2, dead_zone=2,
                          accumulate="cumulative")
    readout = replace(readout, feedback_shift=fitting_feedback_shift(readout))
    block = BlockSpec(layers=(layer,), readout=readout, window=4, loss_steps=4, update_interval=1,
                      directives=Directives(lanes=lanes, memory="auto", engine="reverse"))
    return NetworkSpec(name="paths", blocks=(block,), max_steps=64, seed=1)


# Name: network.
DESIGNS = {
    **{f"{lanes} lanes, {bits} bits": flat(lanes, bits) for lanes in (8, 16, 40, 64) for bits in (4, 8, 16)},
    **{name: NetworkSpec(name="paths", blocks=FOLDED[name], max_steps=64, seed=1)
       for name in ("three layers", "convolution, 16 lanes")},
}


def components(spec: NetworkSpec) -> Iterator[tuple[str, Component]]:
    """The core, and its larger components."""
    yield "core", Core(spec)
    block = spec.blocks[0]
    if plan_of(block).flat:
        gates = gate_layout(block)
        yield from (("forward", ForwardEngine(block)), ("update", UpdateEngine(block, 0, gates)),
                    ("window", WindowBuffer(block, gates)), ("events", EventList(block.inputs, block.readout.classes)))
    else:
        yield from (("forward", FoldedForwardEngine(block)), ("learning", FoldedLearning(block, 0)))
    yield from (("readout", Readout(spec, 0)), ("registers", Registers(spec)), ("host access", HostAccess(spec)),
                ("ingest", Ingest(spec)))


def measure(spec: NetworkSpec) -> dict[str, object]:
    """Picoseconds along the longest path of each, the longest first; and what the core takes."""
    paths = {}
    for name, component in components(spec):
        found, _ = mapped(component)
        paths[name] = DEVICE.logic_delay_ps(found, top="top")
        if name == "core":
            resources = dict(found.resources)
    return {"resources": resources, "paths_ps": dict(sorted(paths.items(), key=lambda item: -item[1])),
            "goal_ps": GOAL_PS, "missed": paths["core"] > GOAL_PS, "specification": spec_digest(spec)}


def main() -> None:
    facts = {"part": DEVICE.name, "yosys": version("pyosys")}
    for name, rows in measured("paths", DESIGNS, measure, about=__doc__.splitlines()[0], facts=facts):
        row = rows[name]
        table = Table("", "path, ns", title=f"{name}: {'missed' if row['missed'] else 'reached'}", title_justify="left")
        for part, delay in row["paths_ps"].items():
            table.add_row(part, f"{delay / 1000:.2f}")
        Console().print(table)


if __name__ == "__main__":
    main()
