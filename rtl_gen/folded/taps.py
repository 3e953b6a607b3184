"""Taps: the places of a convolution's kernel that see a pixel, and the weights by which they do."""

from typing import NamedTuple

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.engines.folded.reach import Taps, taps_of
from ..contract.plan import BlockPlan, LayerPlan
from ..contract.synapses.conv import ConvSpec
from .by_layer import by_layer

__all__ = ["TapTable", "TapWalk", "tap_event_layout", "tap_layout"]


class TapTable:
    """The taps of a convolution, for each row of pixels and for each column of them.

    Pixel (y, x) is seen by the places (oy, ox) with the kernel's (ky, kx), for all (oy, ky) of ``rows[y]`` and all
    (ox, kx) of ``columns[x]``. Stride, padding and borders are in the table: who walks it loses no cycle on them.

    Parameters
    ----------
    conv : ConvSpec
        The convolution.

    Attributes
    ----------
    rows, columns : tuple of Taps
        For each row, and each column, of pixels.
    """

    def __init__(self, conv: ConvSpec) -> None:
        self.rows, self.columns = (
            tuple(taps_of(pixel, places=places, kernel=conv.kernel, stride=conv.stride, padding=conv.padding)
                  for pixel in range(side))
            for side, places in ((conv.height, conv.out_height), (conv.width, conv.out_width)))


def tap_event_layout(plan: BlockPlan) -> data.StructLayout:
    """Layout of what taps are walked for: a pixel's channel, before a convolution of the block."""
    grids = [layer.layer.synapses for layer in plan.layers if layer.layer.synapses.kind == "conv"]
    return data.StructLayout({
        "layer": index_bits(len(plan.layers)), "y": index_bits(max(grid.height for grid in grids)),
        "x": index_bits(max(grid.width for grid in grids)), "c": index_bits(max(grid.channels for grid in grids)),
    })


def tap_layout(plan: BlockPlan) -> data.StructLayout:
    """Layout of a tap: a word of neurons and the address of the weights by which they see the event.

    ``word`` counts from the layer's own first; ``place_ends`` with a place's last word, which may have lanes to spare.
    ``last`` is the event's last; where no place sees it there is one, and it is ``empty``.
    """
    convs = [layer for layer in plan.layers if layer.layer.synapses.kind == "conv"]
    last = plan.layers[-1]
    return data.StructLayout({
        "word": index_bits(max(layer.words for layer in convs)),
        "address": index_bits(last.weight_base + last.weight_words), "place_ends": 1, "empty": 1,
        "last": 1,
    })


class _Axis(NamedTuple):
    """What a walk adds along an axis: first word and address, and what a step adds to either."""

    word: int
    address: int
    word_step: int
    address_step: int


class TapWalk(wiring.Component):
    """Goes through the taps of event after event, one each cycle: places outside, the column words of each inside.

    The first tap comes :data:`LATENCY` cycles after its event was taken, and the taps of the next event follow on those
    of the one before without a pause.

    Parameters
    ----------
    plan : BlockPlan
        A block with a convolution, with groups of 1.

    Members
    -------
    i : In(stream of tap_event_layout)
        Events.
    o : Out(stream of tap_layout)
        Their taps.
    """

    LATENCY = 3

    def __init__(self, plan: BlockPlan) -> None:
        self._plan = plan
        super().__init__({
            "i": In(stream.Signature(tap_event_layout(plan))),
            "o": Out(stream.Signature(tap_layout(plan))),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layers = self._plan.layers
        word, address = (self.o.p[name].shape() for name in ("word", "address"))
        side = index_bits(1 + max(layer.layer.synapses.kernel for layer in layers if _is_conv(layer)))
        axis = data.StructLayout({"word": word, "address": address, "count": side})
        found = Signal(data.StructLayout({"layer": self.i.p.layer.shape(), "rows": axis, "columns": axis}))
        found_valid, take = Signal(), Signal()
        self._look_up(m, found, take)

        valid, layer = Signal(), Signal.like(self.i.p.layer)
        rows, columns, first = Signal(axis), Signal(axis), Signal(axis)     # counts are of what is left, this one too
        part_word, part_address = Signal(word), Signal(address)             # of the column word within a place
        part = Signal(range(max(plan.column_words for plan in layers)))
        none = (rows.count == 0) | (columns.count == 0)
        part_last, columns_last, rows_last = Signal(), Signal(), Signal()
        moves, done = Signal(), Signal()
        m.d.comb += [
            part_last.eq(part == by_layer(layer, [plan.column_words - 1 for plan in layers])),
            columns_last.eq(columns.count == 1),
            rows_last.eq(rows.count == 1),
            moves.eq(~self.o.valid | self.o.ready),
            done.eq(moves & (none | (part_last & columns_last & rows_last))),
            take.eq(~found_valid | ~valid | done),
            self.i.ready.eq(take),
        ]
        with m.If(take):
            m.d.sync += found_valid.eq(self.i.valid)

        with m.If(moves):
            m.d.sync += [
                self.o.valid.eq(valid),
                self.o.p.word.eq(rows.word + columns.word + part_word),
                self.o.p.address.eq(rows.address + columns.address + part_address),
                self.o.p.place_ends.eq(part_last),
                self.o.p.empty.eq(none),
                self.o.p.last.eq(none | (part_last & columns_last & rows_last)),
            ]
            m.d.sync += [part.eq(part + 1), part_word.eq(part_word + 1),
                         part_address.eq(part_address + by_layer(layer, [plan.rows for plan in layers]))]
            with m.If(part_last):
                m.d.sync += [part.eq(0), part_word.eq(0), part_address.eq(0)]
                self._step(m, columns, layer, [_axis(plan, 0, 0, 1) for plan in layers])
                with m.If(columns_last):
                    m.d.sync += columns.eq(first)
                    self._step(m, rows, layer, [_axis(plan, 0, 0, plan.layer.synapses.out_width,
                                                      plan.layer.synapses.kernel)
                                                if _is_conv(plan) else _axis(plan, 0, 0, 1) for plan in layers])
        with m.If(~valid | done):
            m.d.sync += [
                valid.eq(found_valid), layer.eq(found.layer), rows.eq(found.rows), columns.eq(found.columns),
                first.eq(found.columns), part.eq(0), part_word.eq(0), part_address.eq(0),
            ]
        return m

    def _look_up(self, m: Module, found: data.View, take: Value) -> None:
        """What the tables say of the event's row and column; its channel is a part of the column's address."""
        event = self.i.p
        with m.If(take):
            m.d.sync += found.layer.eq(event.layer)
            with m.Switch(event.layer):
                for number, plan in enumerate(self._plan.layers):
                    if not _is_conv(plan):
                        continue
                    conv, table = plan.layer.synapses, TapTable(plan.layer.synapses)
                    with m.Case(number):
                        self._read(m, found.rows, event.y, table.rows, plan, plan.weight_base, conv.out_width,
                                   conv.kernel)
                        self._read(m, found.columns, event.x, table.columns, plan, event.c, 1)

    @staticmethod
    def _read(m: Module, found: data.View, pixel: Value, taps: tuple[Taps, ...], plan: LayerPlan, base: ValueLike,
              places: int, rows: int = 1) -> None:
        """A table's entry; a place is ``places`` of them away from the next, and a tap ``rows`` rows of taps."""
        with m.Switch(pixel):
            for number, tap in enumerate(taps):
                with m.Case(number):
                    axis = _axis(plan, tap.place, tap.offset, places, rows)
                    m.d.sync += [found.word.eq(axis.word), found.address.eq(axis.address + base),
                                 found.count.eq(tap.count)]

    @staticmethod
    def _step(m: Module, axis: data.View, layer: Value, layers: list[_Axis]) -> None:
        m.d.sync += [
            axis.word.eq(axis.word - by_layer(layer, [step.word_step for step in layers])),
            axis.address.eq(axis.address + by_layer(layer, [step.address_step for step in layers])),
            axis.count.eq(axis.count - 1),
        ]


def _is_conv(plan: LayerPlan) -> bool:
    return plan.layer.synapses.kind == "conv"


def _axis(plan: LayerPlan, place: int, tap: int, places: int, taps: int = 1) -> _Axis:
    """Words and rows of a place and a tap of an axis, whose steps are ``places`` places and ``taps`` taps."""
    if not _is_conv(plan):
        return _Axis(0, 0, 0, 0)
    conv = plan.layer.synapses
    word, row = places * plan.column_words, taps * conv.channels
    return _Axis(place * word, tap * row, word, conv.stride * row)
