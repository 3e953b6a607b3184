"""PYNQ-Z2 (TUL): the part, the pins, and the build of a bitstream with Vivado."""

from amaranth.back import rtlil
from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.build.run import BuildPlan
from amaranth.hdl._ir import Design
from amaranth.vendor import XilinxPlatform

from rtl_gen.emit import rtlil_to_verilog

from ..device import XC7Z020
from . import vivado

__all__ = ["PynqZ2Platform"]

_LVCMOS33 = Attrs(IOSTANDARD="LVCMOS33")


def _each(name: str, pins: str, direction: str) -> list[Resource]:
    return [Resource(name, number, Pins(pin, dir=direction), _LVCMOS33) for number, pin in enumerate(pins.split())]


class PynqZ2Platform(XilinxPlatform):
    """The board's pins, as its manual names them, for Amaranth.

    Amaranth's own flow asks for a Yosys of its own and writes a project of its own; this one writes Verilog through
    :mod:`rtl_gen.emit` and the scripts of :mod:`board.pynq_z2.vivado`.
    """

    device, package, speed = "xc7z020", "clg400", "1"
    resources = (
        Resource("clk125", 0, Pins("H16", dir="i"), Clock(125e6), _LVCMOS33),     # from the Ethernet PHY
        *_each("led", "R14 P14 N16 M14", "o"),
        *_each("button", "D19 D20 L20 L19", "i"),
        *_each("switch", "M20 M19", "i"),
    )
    connectors = ()
    default_clk = None          # the fabric runs from the processor's clock
    required_tools = ("vivado",)
    clock_mhz = 100.0

    def toolchain_prepare(self, fragment: Design, name: str, **kwargs: object) -> BuildPlan:
        """RTLIL, Verilog, constraints and script as a value; nothing is run."""
        text, _ = rtlil.convert_fragment(fragment, name=name, emit_src=False, propagate_domains=False)
        plan = BuildPlan(script=f"build_{name}")
        plan.add_file(f"{name}.il", text)
        plan.add_file(f"{name}.v", rtlil_to_verilog(text))
        plan.add_file(f"{name}.xdc", vivado.constraints(list(self.iter_port_constraints_bits()), self.clock_mhz))
        plan.add_file(f"{name}.tcl", vivado.script(name, XC7Z020.part))
        plan.add_file(f"build_{name}.sh", f"#!/bin/sh\nset -e\nexec {vivado.COMMAND} {name}.tcl\n")
        return plan
