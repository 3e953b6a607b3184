"""Size and cycles of networks that only run, at several lanes and reads, beside those of Spiker+.

    python benchmarks/inference_size.py [NAME ...]

Maps a core with its AXI shell by Yosys, as the XC7Z020 has it, and writes ``docs/results/inference_size.json`` after
each design. Cycles of a step are by formula, which tests hold the hardware to, of a layer with that share of its inputs
active. Spiker+ 2.0.3 was generated and mapped by the same Yosys, block RAM and cycles are its paper's and its VHDL's.
"""

import math
from importlib.metadata import version

from designs import measured
from rich.console import Console
from rich.table import Table

from board.xilinx.parts import XC7Z020
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.network import spec_digest
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.core import Core
from rtl_gen.emit import to_rtlil
from rtl_gen.estimate import cycles
from sim.reference.flat import flat_layer

DEVICE = XC7Z020
DENSITIES = (0.01, 0.05, 0.20, 1.00)


def network(inputs: int, outputs: int, *, bits: int, membrane: int, lanes: int, reads: int) -> NetworkSpec:
    layer = flat_layer(inputs=inputs, outputs=outputs, weight_bits=bits, shadow_bits=0, fraction_bits=bits - 2,
                       bias=False, membrane_bits=membrane, leak_shift=3, threshold=1 << bits - 2, reset="subtract",
                       surrogate="boxcar", surrogate_width=1 << bits - 3, surrogate_height=1, rate_shift=8,
                       rounding="nearest", feedback_shift=0)
    readout = ReadoutSpec(inputs=outputs, classes=10, learned=True, weight_bits=bits, shadow_bits=0, rate_shift=6,
                          rounding="nearest", error_function="logistic", logit_shift=2, dead_zone=2,
                          accumulate="cumulative")
    block = BlockSpec(layers=(layer,), readout=readout, window=4, loss_steps=4, update_interval=1,
                      directives=Directives(lanes=lanes, reads=reads, memory="auto", engine="none"))
    return NetworkSpec(name="inference", blocks=(block,), max_steps=64, seed=1)


DESIGNS = {
    **{f"784-128-10, 4 / 6 bits, {lanes} lanes, {reads} reads": network(
        784, 128, bits=4, membrane=6, lanes=lanes, reads=reads)
       for lanes, reads in ((16, 1), (16, 2), (64, 1), (64, 2))},
    # The most lanes that weights of this size have in a part whose block RAM they fill to three fifths.
    "784-1024-10, 4 / 6 bits, 512 lanes, 1 reads": network(784, 1024, bits=4, membrane=6, lanes=512, reads=1),
    **{f"64-60-10, 16 / 24 bits, {lanes} lanes, {reads} reads": network(
        64, 60, bits=16, membrane=24, lanes=lanes, reads=reads) for lanes, reads in ((15, 1), (30, 2))},
}


def measure(spec: NetworkSpec) -> dict[str, object]:
    found, cost = DEVICE.synthesise(to_rtlil(Core(spec), name="top"), top="top"), cycles(spec.blocks[0])
    return {"resources": dict(found.resources), "logic_delay_ps": DEVICE.logic_delay_ps(found, top="top"),
            "cycles": {f"{density:g}": cost.forward(math.ceil(density * spec.inputs)) for density in DENSITIES},
            "specification": spec_digest(spec)}


def show(designs: dict[str, dict]) -> None:
    table = Table("", "LUT", "FF", "RAMB36", "path ns", *(f"{100 * density:g} %" for density in DENSITIES),
                  title="cycles of a step, by active inputs", title_justify="left")
    for name, row in designs.items():
        used = row["resources"]
        table.add_row(name, *(f"{used[key]:g}" for key in ("lut", "ff", "ramb36")),
                      f"{row['logic_delay_ps'] / 1000:.2f}",
                      *(str(row["cycles"][f"{density:g}"]) for density in DENSITIES))
    Console().print(table)


def main() -> None:
    facts = {"part": DEVICE.name, "yosys": version("pyosys")}
    for name, rows in measured("inference_size", DESIGNS, measure, about=__doc__.splitlines()[0], facts=facts):
        print(name, rows[name]["resources"], flush=True)
    show(rows)


if __name__ == "__main__":
    main()
