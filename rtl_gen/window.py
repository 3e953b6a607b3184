"""Window state: what the update engine needs to know of the last K steps, and no more."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.block import BlockSpec
from .contract.engines.learning.reverse import Reverse
from .contract.plan import plan_of
from .memories import declared_memory

__all__ = ["WindowBuffer"]


class WindowBuffer(wiring.Component):
    """Masks of the active inputs, the list of their rows, and the gates and spikes of the neurons.

    Recording and walking take turns; each port therefore serves both sides.

    Parameters
    ----------
    block : BlockSpec
        A block of one layer.
    gate_layout : ArrayLayout
        A group's gates and spikes in one step.

    Members
    -------
    touch_en, touch_row, touch_position : In
        Mark the input as active at the position. The same input comes again after two cycles at the earliest.
    gate_en, gate_first, gates : In
        Append a group's gates and spikes; ``gate_first`` makes it the window's first.
    rows : Out(n)
        Length of the row list.
    list_position, row : In, Out
        A row of the list, one cycle later.
    mask_row, mask : In, Out
        A row's mask, one cycle later: bit p is the position p.
    clear_en, clear_row : In
        Forget a row's mask.
    forget : In(1)
        Forget the row list; every mask was cleared.
    gate_position, gate_group, gates_read : In, In, Out
        Gates and spikes of a group at a position, one cycle later.
    """

    def __init__(self, block: BlockSpec, gate_layout: data.ArrayLayout) -> None:
        self.block = block
        plan = plan_of(block)
        (layer,), (self._memories,) = plan.layers, Reverse(plan).of_layers
        self.groups = layer.words
        super().__init__({
            "touch_en": In(1),
            "touch_row": In(range(layer.inputs)),
            "touch_position": In(range(block.window)),
            "gate_en": In(1),
            "gate_first": In(1),
            "gates": In(gate_layout),
            "rows": Out(range(layer.inputs + 1)),
            "list_position": In(range(layer.inputs)),
            "row": Out(range(layer.inputs)),
            "mask_row": In(range(layer.inputs)),
            "mask": Out(block.window),
            "clear_en": In(1),
            "clear_row": In(range(layer.inputs)),
            "forget": In(1),
            "gate_position": In(range(block.window)),
            "gate_group": In(range(self.groups)),
            "gates_read": Out(gate_layout),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        window = self.block.window
        m.submodules.masks = masks = declared_memory(self._memories.masks)
        m.submodules.row_list = row_list = declared_memory(self._memories.row_list)
        m.submodules.gates = gates = declared_memory(self._memories.gates)
        mask_read, mask_write = masks.read_port(), masks.write_port()
        list_read, list_write = row_list.read_port(), row_list.write_port()
        gate_read, gate_write = gates.read_port(), gates.write_port()

        # The mask is read in the cycle of the touch and written back in the next.
        touched, touched_row = Signal(), Signal.like(self.touch_row)
        touched_position = Signal.like(self.touch_position)
        m.d.sync += [
            touched.eq(self.touch_en),
            touched_row.eq(self.touch_row),
            touched_position.eq(self.touch_position),
        ]
        m.d.comb += [
            mask_read.addr.eq(Mux(self.touch_en, self.touch_row, self.mask_row)),
            self.mask.eq(mask_read.data),
            mask_write.addr.eq(Mux(touched, touched_row, self.clear_row)),
            mask_write.data.eq(Mux(touched, mask_read.data | (1 << touched_position), 0)),
            mask_write.en.eq(touched | self.clear_en),
            list_write.addr.eq(self.rows),
            list_write.data.eq(touched_row),
            list_write.en.eq(touched & (mask_read.data == 0)),
            list_read.addr.eq(self.list_position),
            self.row.eq(list_read.data),
        ]
        with m.If(list_write.en):
            m.d.sync += self.rows.eq(self.rows + 1)
        with m.If(self.forget):
            m.d.sync += self.rows.eq(0)

        # Groups come in order, step by step, so that a counter is the address.
        following = Signal(range(self.groups * window + 1))
        address = Signal(range(self.groups * window))
        m.d.comb += [
            address.eq(Mux(self.gate_first, 0, following)),
            gate_write.addr.eq(address),
            gate_write.data.eq(self.gates),
            gate_write.en.eq(self.gate_en),
            gate_read.addr.eq(Array(p * self.groups for p in range(window))[self.gate_position] + self.gate_group),
            self.gates_read.eq(gate_read.data),
        ]
        with m.If(self.gate_en):
            m.d.sync += following.eq(address + 1)
        return m
