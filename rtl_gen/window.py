"""Window state: what the update engine needs to know of the last K steps, and no more."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from .contract.block import BlockSpec
from .contract.engines.learning.reverse import Reverse
from .contract.plan import plan_of
from .memories import declared_memory
from .ports import Clearing, GateReader, Recorder, RowReader

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
    recorder : In(Recorder)
        What is recorded.
    reader : In(RowReader)
        Which inputs were active, and when.
    gate_reader : In(GateReader)
        Gates and spikes.
    clearing : In(Clearing)
        The inputs whose masks are forgotten after a reset, which leaves them as they are.
    """

    def __init__(self, block: BlockSpec, gate_layout: data.ArrayLayout) -> None:
        self.block = block
        plan = plan_of(block)
        (layer,), (self._memories,) = plan.layers, Reverse(plan).of_layers
        self.groups = layer.words
        super().__init__({
            "recorder": In(Recorder(block, gate_layout)),
            "reader": In(RowReader(block)),
            "gate_reader": In(GateReader(block, gate_layout)),
            "clearing": In(Clearing(block.inputs)),
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

        # The mask is read in the cycle of the touch, is in a register after the next, and is written back then.
        touched, touched_row = [self.recorder.touch_en], [self.recorder.touch_row]
        touched_position = [self.recorder.touch_position]
        for stage in range(2):
            for values, name in ((touched, "touched"), (touched_row, "row"), (touched_position, "position")):
                values.append(Signal.like(values[-1], name=f"{name}{stage}"))
                m.d.sync += values[-1].eq(values[-2])
        mask = Signal.like(mask_read.data)
        m.d.sync += mask.eq(mask_read.data)
        marks, row, position = touched[-1], touched_row[-1], touched_position[-1]
        m.d.comb += [
            mask_read.addr.eq(Mux(self.recorder.touch_en, self.recorder.touch_row, self.reader.mask_row)),
            mask_read.en.eq(self.recorder.touch_en | self.reader.advance),
            self.reader.mask.eq(mask_read.data),
            mask_write.addr.eq(Mux(marks, row, Mux(self.clearing.en, self.clearing.row, self.reader.clear_row))),
            mask_write.data.eq(Mux(marks, mask | (1 << position), 0)),
            mask_write.en.eq(marks | self.reader.clear_en | self.clearing.en),
            list_write.addr.eq(self.reader.rows),
            list_write.data.eq(row),
            list_write.en.eq(marks & (mask == 0)),
            list_read.addr.eq(self.reader.list_position),
            list_read.en.eq(self.reader.advance),
            self.reader.row.eq(list_read.data),
        ]
        with m.If(list_write.en):
            m.d.sync += self.reader.rows.eq(self.reader.rows + 1)
        with m.If(self.reader.forget):
            m.d.sync += self.reader.rows.eq(0)

        # Groups come in order, step by step, so that a counter is the address.
        following = Signal(range(self.groups * window + 1))
        address = Signal(range(self.groups * window))
        asked = self.gate_reader
        m.d.comb += [
            address.eq(Mux(self.recorder.gate_first, 0, following)),
            gate_write.addr.eq(address),
            gate_write.data.eq(self.recorder.gates),
            gate_write.en.eq(self.recorder.gate_en),
            gate_read.addr.eq(Array(p * self.groups for p in range(window))[asked.position] + asked.group),
            self.gate_reader.gates.eq(gate_read.data),
        ]
        with m.If(self.recorder.gate_en):
            m.d.sync += following.eq(address + 1)
        return m
