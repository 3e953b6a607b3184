"""PYNQ-Z2 (TUL): the part and the pins."""

from amaranth.build import Attrs, Clock, Pins, Resource

from ..xilinx import ps7
from ..xilinx.parts import XC7Z020
from ..xilinx.platform import VivadoPlatform
from .constants import CLOCK_MHZ

__all__ = ["PynqZ2Platform"]

_LVCMOS33 = Attrs(IOSTANDARD="LVCMOS33")


def _each(name: str, pins: str, direction: str) -> list[Resource]:
    return [Resource(name, number, Pins(pin, dir=direction), _LVCMOS33) for number, pin in enumerate(pins.split())]


class PynqZ2Platform(VivadoPlatform):
    """The board's pins, as its manual names them, for Amaranth."""

    device, package, speed = "xc7z020", "clg400", "1"
    resources = (
        Resource("clk125", 0, Pins("H16", dir="i"), Clock(125e6), _LVCMOS33),     # from the Ethernet PHY
        *_each("led", "R14 P14 N16 M14", "o"),
        *_each("button", "D19 D20 L20 L19", "i"),
        *_each("switch", "M20 M19", "i"),
    )
    default_clk = None          # the fabric runs from the processor's clock
    clock_mhz = CLOCK_MHZ
    part_number = XC7Z020.code

    def timing(self) -> list[str]:
        return ps7.constraints("ps7", self.clock_mhz)
