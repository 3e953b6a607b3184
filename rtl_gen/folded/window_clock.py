"""Window clock: the place of a step in its window, and which windows are recorded."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..forward_layouts import window_end_layout

__all__ = ["WindowClock"]


class WindowClock(wiring.Component):
    """Counts the steps and windows of a sample, once for all layers, and hands recorded windows on.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    starts, learns : In(1), In(1)
        A sample starts; and is learned from, if so.
    step_ends, last : In(1), In(1)
        A step was computed, all of it; and was the sample's last, if so.
    aborts : In(1)
        The sample ends within its window.
    position, first_step, record : Out
        Of the step that is computed or comes next: its place in the window, whether it is the sample's first, and
        whether its window is recorded.
    window_end : Out(stream of window_end_layout)
        A recorded window is over, and all of it is written.
    window_done : In(1)
        It was dealt with.
    free : Out(1)
        No window is to be dealt with: the next step may start.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        super().__init__({
            "starts": In(1), "learns": In(1), "step_ends": In(1), "last": In(1), "aborts": In(1),
            "position": Out(index_bits(block.window)), "first_step": Out(1), "record": Out(1),
            "window_end": Out(stream.Signature(window_end_layout(block))), "window_done": In(1), "free": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        block, position, end = self.block, self.position, self.window_end
        windows = Signal(range(block.update_interval))      # of the sample, modulo the update interval
        over, busy, learn = Signal(), Signal(), Signal()
        m.d.comb += [end.valid.eq(over), self.free.eq(~over & ~busy)]
        with m.If(end.valid & end.ready):
            m.d.sync += [over.eq(0), busy.eq(1)]
        with m.If(self.window_done):
            m.d.sync += busy.eq(0)
        with m.If(self.starts):
            m.d.sync += [
                learn.eq(self.learns), self.first_step.eq(1), position.eq(0), windows.eq(0),
                self.record.eq(self.learns & (block.update_interval == 1)),
            ]
        window_ends = (position == block.window - 1) | self.last
        next_windows = Mux(windows == block.update_interval - 1, 0, windows + 1)
        with m.If(self.step_ends):
            m.d.sync += [self.first_step.eq(0), position.eq(Mux(window_ends, 0, position + 1))]
            with m.If(window_ends):
                m.d.sync += [
                    windows.eq(next_windows),
                    self.record.eq(learn & (next_windows == block.update_interval - 1)),
                    over.eq(self.record),
                    end.p.steps.eq(position + 1),
                    end.p.discard.eq(position < block.window - block.loss_steps),
                ]
        with m.If(self.aborts & self.record & (position != 0)):
            m.d.sync += [over.eq(1), end.p.steps.eq(position), end.p.discard.eq(1)]
        return m
