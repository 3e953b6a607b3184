"""Coordinates: the index of an event on a grid to its pixel's row and column, and its channel."""

from collections.abc import Sequence

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits
from .contract.division import Division, GridDivisions, signed_digits

__all__ = ["Coordinates", "coordinates_layout", "index_layout"]


def index_layout(grid: GridDivisions, carried: ShapeLike) -> data.StructLayout:
    """Layout of an index on a grid, and of what is carried beside it."""
    return data.StructLayout({"index": index_bits(grid.height * grid.width * grid.channels), "carried": carried})


def coordinates_layout(grid: GridDivisions, carried: ShapeLike) -> data.StructLayout:
    """Layout of an index with its coordinates, and of what was carried beside it."""
    return data.StructLayout({
        "index": index_bits(grid.height * grid.width * grid.channels), "y": index_bits(grid.height),
        "x": index_bits(grid.width), "c": index_bits(grid.channels), "carried": carried})


class Coordinates(wiring.Component):
    """Takes an index ``(y * width + x) * channels + c`` apart.

    Divides by constants: bits where they are powers of two, else a sum of shifted copies, each addition between
    registers. Takes an index a cycle, and :attr:`latency` cycles for each. All stages move together: ``o.ready`` is
    part of ``i.ready`` in the same cycle.

    Parameters
    ----------
    grid : GridDivisions
        The grid.
    carried : ShapeLike
        What goes along with an index.

    Members
    -------
    i : In(stream of index_layout)
        Indices; what is beyond the grid gives coordinates without a meaning.
    o : Out(stream of coordinates_layout)
        The same with their coordinates.
    idle : Out(1)
        Nothing is inside.
    """

    def __init__(self, grid: GridDivisions, carried: ShapeLike = 0) -> None:
        self._grid = grid
        self.latency = grid.latency
        super().__init__({
            "i": In(stream.Signature(index_layout(grid, carried))),
            "o": Out(stream.Signature(coordinates_layout(grid, carried))),
            "idle": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        moves, valid = Signal(), Signal(self.latency)
        m.d.comb += [
            moves.eq(self.o.ready | ~self.o.valid),
            self.i.ready.eq(moves),
            self.o.valid.eq(valid[-1]),
            self.idle.eq(~self.i.valid & (valid == 0)),
        ]
        with m.If(moves):
            m.d.sync += valid.eq(Cat(self.i.valid, valid))
        stages = _Stages(m, moves)
        whole, split = self._grid.by_channels, self._grid.by_width
        pixel, channel = _divided(stages, whole, self.i.p.index, "pixel")
        row, column = _divided(stages, split, pixel, "row")
        # So that all that leaves is as old.
        left = self.latency - whole.latency
        m.d.comb += [
            self.o.p.c.eq(stages.later(channel, left, "channel")),
            self.o.p.y.eq(stages.later(row, left - split.latency, "row")),
            self.o.p.x.eq(stages.later(column, left - split.latency, "column")),
            self.o.p.index.eq(stages.later(self.i.p.index, self.latency, "index")),
            Value.cast(self.o.p.carried).eq(stages.later(Value.cast(self.i.p.carried), self.latency, "carried")),
        ]
        return m


class _Stages:
    """Registers of a pipeline that moves as a whole."""

    def __init__(self, m: Module, moves: Signal) -> None:
        self.m, self.moves = m, moves

    def later(self, value: Value, cycles: int, name: str) -> Value:
        """A value so many cycles later."""
        for cycle in range(cycles):
            held = Signal(value.shape(), name=f"{name}_held{cycle}")
            with self.m.If(self.moves):
                self.m.d.sync += held.eq(value)
            value = held
        return value

    def total(self, terms: Sequence[Value], name: str) -> Value:
        """Their exact sum, a cycle later for each level of a tree of pairs."""
        terms, level = list(terms), 0
        while len(terms) > 1:
            pairs = [terms[at] + terms[at + 1] for at in range(0, len(terms) - 1, 2)]
            alone = terms[2 * len(pairs):]
            terms = [self.later(value, 1, f"{name}_{level}_{at}") for at, value in enumerate(pairs + alone)]
            level += 1
        return terms[0]


def _divided(stages: _Stages, division: Division, value: Value, name: str) -> tuple[Value, Value]:
    """Quotient and remainder, both ``division.latency`` cycles later."""
    divisor = division.divisor
    quotients, remainders = index_bits(-(-division.count // divisor)), index_bits(min(divisor, division.count))
    if division.count <= divisor:
        return Const(0, 1), value
    if division.shift_only:
        shift = divisor.bit_length() - 1
        return value[shift:], value[:shift] if shift else Const(0, 1)

    def product(factor: Value, constant: int) -> list[Value]:
        return [factor << exponent if sign > 0 else -(factor << exponent) for sign, exponent in signed_digits(constant)]

    multiplier, shift = division.reciprocal
    copies = product(value, multiplier)
    quotient = stages.total(copies, f"{name}_quotient")[shift:shift + quotients]
    first = (len(copies) - 1).bit_length()
    whole = stages.later(value, first, f"{name}_whole")
    # What is left needs no more bits than a remainder has, whatever the sums above them are. A term may have fewer, and
    # below 0 all further ones are 1.
    terms = [(term if len(term) >= remainders else term | Const(0, signed(remainders)))[:remainders]
             for term in [whole, *(-copy for copy in product(quotient, divisor))]]
    remainder = stages.total(terms, f"{name}_remainder")[:remainders]
    return stages.later(quotient, division.latency - first, f"{name}_quotient"), remainder
