"""Window state: what the update engine needs to know of the last K steps, and no more."""

from amaranth.hdl import *
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits
from .contract.block import BlockSpec

__all__ = ["WINDOW_STATE", "WindowBuffer"]

WINDOW_STATE = "snnfpga_window_state"   # attribute of every memory that holds window state, K steps deep


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
        self.layer = layer = block.layers[0]
        self.groups = -(-layer.outputs // block.directives.lanes)
        self._gate_layout = gate_layout
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
        layer, window = self.layer, self.block.window
        state = {WINDOW_STATE: 1}
        m.submodules.masks = masks = memory.Memory(shape=window, depth=layer.inputs, init=[], attrs=state)
        m.submodules.row_list = row_list = memory.Memory(
            shape=index_bits(layer.inputs), depth=layer.inputs, init=[], attrs=state)
        m.submodules.gates = gates = memory.Memory(
            shape=self._gate_layout.size, depth=self.groups * window, init=[], attrs=state)
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
