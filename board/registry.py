"""The boards: a name, and the module that knows one. A new board is a folder and a line here."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown
from rtl_gen.contract.memories import MemoryDeclaration
from rtl_gen.contract.spec import NetworkSpec

from .part import Part
from .toolchain import Stage

__all__ = ["Board", "BoardError", "Design", "get", "names"]

_MODULES = {
    "pynq-z2": ".pynq_z2.board",
}


class BoardError(SnnfpgaError):
    """A board that there is not; the message names the nearest."""

    exit_code = USAGE


@dataclass(frozen=True, kw_only=True)
class Design:
    """A board's sources for one network.

    Attributes
    ----------
    files
        By name: Verilog of the top, constraints, scripts.
    rtlil
        The top once more, for Yosys.
    """

    files: Mapping[str, str]
    rtlil: str


@dataclass(frozen=True, kw_only=True)
class Board:
    """What a build needs to know of a board.

    Attributes
    ----------
    name, title
        As the command line and as people call it.
    part
        Its part and budget.
    clock_mhz
        Clock the constraints ask for.
    top
        Module that holds the pins.
    memories
        Of the top, beside those of the network.
    design
        Makes the board's sources.
    driver
        Modules, by their dotted names, that the driver on the board needs beside those of every board.
    example
        The driver's example program.
    flow
        What makes the bitstream from the sources, in their folder, stage by stage; the last stage's last product is
        the bitstream.
    """

    name: str
    title: str
    part: Part
    clock_mhz: float
    top: str
    memories: tuple[MemoryDeclaration, ...]
    design: Callable[[NetworkSpec], Design]
    driver: tuple[str, ...]
    example: str
    flow: tuple[Stage, ...]

    def __post_init__(self) -> None:
        assert self.flow, f"{self.name} has no flow"
        assert self.flow[-1].products, f"the last stage of {self.name} makes nothing"


def names() -> tuple[str, ...]:
    """The boards there are."""
    return tuple(sorted(_MODULES))


def get(name: str) -> Board:
    """The board called ``name``.

    Raises
    ------
    BoardError
        If there is none.
    """
    if name not in _MODULES:
        near = difflib.get_close_matches(name, _MODULES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(names())}"
        raise BoardError(f"Board must be one of those that snnfpga boards lists, not {shown(name)}; {hint}")
    return import_module(_MODULES[name], __package__).BOARD
