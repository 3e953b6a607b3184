"""Taking sums over, class by class: into answers and logits, and these into errors."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .class_sums import WindowSums
from .contract.arithmetic import ERROR_BITS
from .contract.block import BlockSpec
from .errors import ERROR_LATENCY, class_error

__all__ = ["TakeOver"]


class TakeOver(wiring.Component):
    """The sums of a block that learns, with the errors that they come to.

    Takes a cycle for each class, and :attr:`LATENCY` more.

    Parameters
    ----------
    block : BlockSpec
        A block that learns.
    max_steps : int
        Steps of the longest sample.

    Members
    -------
    adds, row, begins, restarts, number, answer : In, In, In, In, In, Out
        As those of :class:`~.class_sums.WindowSums`.
    start, done : In(1), Out(1)
        Take all sums over; they were, and all errors came.
    label, in_loss : In
        The sample's class; and whether the sums are of loss steps. Constant from ``start`` to ``done``.
    error_en, error : Out(1), Out(8)
        The error of a class, of all in order.
    learnable : Out(1)
        With ``done``: not all errors are 0.
    """

    LATENCY = WindowSums.LATENCY + ERROR_LATENCY

    def __init__(self, block: BlockSpec, max_steps: int) -> None:
        self._readout = block.readout
        self._sums = WindowSums(block, max_steps)
        sums, classes = self._sums.signature.members, range(block.readout.classes)
        super().__init__({
            **{name: sums[name] for name in ("adds", "row", "begins", "restarts", "number", "answer") if name in sums},
            "start": In(1),
            "done": Out(1),
            "label": In(classes),
            "in_loss": In(1),
            "error_en": Out(1),
            "error": Out(signed(ERROR_BITS)),
            "learnable": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.sums = sums = self._sums
        number, taking = Signal(range(self._readout.classes + 1)), Signal()
        is_label, on_way = Signal(WindowSums.LATENCY), Signal(self.LATENCY)
        m.d.comb += [
            sums.adds.eq(self.adds),
            sums.row.eq(self.row),
            sums.begins.eq(self.begins),
            *([sums.restarts.eq(self.restarts)] if self._readout.answer == "last" else []),
            sums.number.eq(Mux(taking, number, self.number)),
            self.answer.eq(sums.answer),
            sums.takes.eq(taking & (number != self._readout.classes)),
            sums.in_loss.eq(self.in_loss),
            sums.taken.eq(self.done),
            self.done.eq(taking & ~sums.takes & (on_way == 0)),
            self.error_en.eq(on_way[-1]),
            self.error.eq(class_error(m, self._readout, sums.logit, is_label[-1])),
        ]
        m.d.sync += [
            on_way.eq(Cat(sums.takes, on_way)),
            is_label.eq(Cat(number == self.label, is_label)),
        ]
        with m.If(sums.takes):
            m.d.sync += number.eq(number + 1)
        with m.If(self.error_en & (self.error != 0)):
            m.d.sync += self.learnable.eq(1)
        with m.If(self.start):
            m.d.sync += [taking.eq(1), number.eq(0), self.learnable.eq(0)]
        with m.Elif(self.done):
            m.d.sync += taking.eq(0)
        return m
