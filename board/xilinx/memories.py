"""Where memories go in a 7-series part, by formula.

How many block RAMs or LUTs one takes follows from the shapes the part offers (Xilinx UG473, tables 1-1 to 1-4; UG474,
table 2-3) and from what Yosys prefers.
"""

from rtl_gen.contract.memories import MemoryDeclaration

from ..part import Resources

__all__ = ["distributed_luts", "place", "ramb18"]

# Depth and width a block RAM can take; the deepest first.
_RAMB18_SHAPES = ((1 << 14, 1), (1 << 13, 2), (1 << 12, 4), (1 << 11, 9), (1 << 10, 18), (1 << 9, 36))
_RAMB36_SHAPES = ((1 << 15, 1), (1 << 14, 2), (1 << 13, 4), (1 << 12, 9), (1 << 11, 18), (1 << 10, 36), (1 << 9, 72))
# Where both ports read, a word is no wider than a port; in LUTs a bit takes both sides of its own.
_WIDEST_PORTS = (18, 36)
_WORDS_OF_BOTH, _LUTS_OF_BOTH = 64, 2       # of a bit (RAM64X1D; RAM128X1D is two of them)
# Depth and width of four LUTs as a simple dual-port RAM (RAM32M, RAM64M).
_DISTRIBUTED_SHAPES = ((64, 3), (32, 6))
_LUTS_OF_DISTRIBUTED = 4
# Yosys weighs a RAMB18 as 129 and four LUTs of distributed RAM as 8 (its xilinx/brams and lutrams descriptions).
_RAMB18_COST, _DISTRIBUTED_COST = 129, 8


def _tiles(depth: int, width: int, shapes: tuple[tuple[int, int], ...]) -> int:
    return min(-(-depth // d) * -(-width // w) for d, w in shapes)


def ramb18(depth: int, width: int, *, ports: int = 1) -> int:
    """Block RAMs, in units of 18 kbit, that hold ``depth`` words of ``width`` bits in the best single shape."""
    halves, wholes = (
        tuple(shape for shape in shapes if ports == 1 or shape[1] <= widest)
        for shapes, widest in zip((_RAMB18_SHAPES, _RAMB36_SHAPES), _WIDEST_PORTS, strict=True))
    return min(_tiles(depth, width, halves), 2 * _tiles(depth, width, wholes))


def distributed_luts(depth: int, width: int, *, ports: int = 1) -> int:
    """LUTs that hold ``depth`` words of ``width`` bits, without the multiplexers behind them."""
    if ports > 1:
        return width * -(-depth // _WORDS_OF_BOTH) * _LUTS_OF_BOTH
    return _LUTS_OF_DISTRIBUTED * _tiles(depth, width, _DISTRIBUTED_SHAPES)


def place(memory: MemoryDeclaration) -> Resources:
    """Block RAMs of 36 kbit, in halves, or LUTs: where the memory's style says, else where it is cheaper."""
    halves = ramb18(memory.depth, memory.width, ports=memory.ports)
    luts = distributed_luts(memory.depth, memory.width, ports=memory.ports)
    style = memory.style
    if style == "auto":
        cheaper = luts // _LUTS_OF_DISTRIBUTED * _DISTRIBUTED_COST < halves * _RAMB18_COST
        style = "distributed" if cheaper else "block"
    block = style == "block"
    return Resources({"ramb36": halves / 2 if block else 0, "lut_as_memory": 0 if block else luts})
