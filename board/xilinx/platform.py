"""A board with a part of Xilinx, as Amaranth knows platforms: sources for Vivado, as a value."""

from abc import abstractmethod

from amaranth.back import rtlil
from amaranth.build.run import BuildPlan
from amaranth.hdl import Elaboratable
from amaranth.hdl._ir import Design as Hierarchy
from amaranth.vendor import XilinxPlatform

from rtl_gen.emit import rtlil_to_verilog, uncollected

from .. import toolchain
from ..registry import Design
from . import vivado

__all__ = ["VivadoPlatform", "sources"]


class VivadoPlatform(XilinxPlatform):
    """The base of a board's platform, which adds its part, its pins and its clock.

    Amaranth's own flow asks for a Yosys of its own and writes a project of its own; this one writes Verilog through
    :mod:`rtl_gen.emit` and the scripts of :mod:`board.xilinx.vivado`.
    """

    connectors = ()
    required_tools = ("vivado",)

    @property
    @abstractmethod
    def part_number(self) -> str:
        """The part as Vivado calls it."""

    @abstractmethod
    def timing(self) -> list[str]:
        """XDC lines for the clocks and resets."""

    def toolchain_prepare(self, fragment: Hierarchy, name: str, **kwargs: object) -> BuildPlan:
        """RTLIL, Verilog, constraints and script as a value; nothing is run."""
        text, _ = rtlil.convert_fragment(fragment, name=name, emit_src=False, propagate_domains=False)
        plan = BuildPlan(script=f"build_{name}")
        plan.add_file(f"{name}.il", text)
        plan.add_file(f"{name}.v", rtlil_to_verilog(text))
        plan.add_file(f"{name}.xdc", vivado.constraints(self.timing(), list(self.iter_port_constraints_bits())))
        plan.add_file(f"{name}.tcl", vivado.script(name, self.part_number))
        plan.add_file(f"build_{name}.sh", toolchain.script(vivado.flow(name)))
        return plan


def sources(platform: VivadoPlatform, top: Elaboratable, *, name: str) -> Design:
    """Everything that Vivado needs of ``top``, which is called ``name``."""
    with uncollected():
        plan = platform.build(top, name=name, do_build=False)
    files = {path: text if isinstance(text, str) else text.decode() for path, text in plan.files.items()}
    text = files.pop(f"{name}.il")
    return Design(files=files, rtlil=text)
