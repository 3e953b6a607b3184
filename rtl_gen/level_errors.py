"""Errors of the levels of a leaky readout, class by class, at a window's end."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import ERROR_BITS
from .contract.block import BlockSpec
from .errors import ERROR_LATENCY, class_error
from .levels import LevelSums

__all__ = ["LevelErrors"]


class LevelErrors(wiring.Component):
    """The levels of a block that learns, with the errors that its logits come to: for leaky readouts what
    :class:`~.take_over.TakeOver` is for others.

    Takes a cycle for each class, and :attr:`LATENCY` more, or until ``settled``.

    Parameters
    ----------
    block : BlockSpec
        A block that learns; its readout leaks.
    max_steps : int
        Steps of the longest sample.

    Members
    -------
    adds, row, step_ends, begins, restarts, number, answer : In, In, In, In, In, In, Out
        As those of :class:`~.levels.LevelSums`; ``begins`` clears.
    in_loss : In(1)
        The step is of the loss.
    start, done : In(1), Out(1)
        A window ends, in the cycle of its last ``step_ends``; all errors came.
    settled : In(1)
        All else is known that learning takes.
    label : In
        The sample's class; constant from ``start`` to ``done``.
    error_en, error : Out(1), Out(8)
        The error of a class, of all in order.
    learnable : Out(1)
        With ``done``: not all errors are 0.
    """

    LATENCY = 1 + ERROR_LATENCY

    def __init__(self, block: BlockSpec, max_steps: int) -> None:
        self._readout = block.readout
        self._levels = LevelSums(block, max_steps)
        levels, classes = self._levels.signature.members, range(block.readout.classes)
        super().__init__({
            **{name: levels[name] for name in ("adds", "row", "step_ends", "restarts", "number", "answer")
               if name in levels},
            "begins": In(1),
            "in_loss": In(1),
            "start": In(1),
            "done": Out(1),
            "settled": In(1, init=1),
            "label": In(classes),
            "error_en": Out(1),
            "error": Out(signed(ERROR_BITS)),
            "learnable": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.levels = levels = self._levels
        number, taking, takes = Signal(range(self._readout.classes + 1)), Signal(), Signal()
        logit, is_label, on_way = Signal(levels.logit.shape()), Signal(), Signal(self.LATENCY)
        m.d.comb += [
            levels.adds.eq(self.adds),
            levels.row.eq(self.row),
            levels.step_ends.eq(self.step_ends),
            levels.clear.eq(self.begins),
            levels.in_loss.eq(self.in_loss),
            levels.taken.eq(self.done),
            *([levels.restarts.eq(self.restarts)] if self._readout.answer == "last" else []),
            levels.number.eq(Mux(taking, number, self.number)),
            self.answer.eq(levels.answer),
            takes.eq(taking & (number != self._readout.classes)),
            self.done.eq(taking & ~takes & (on_way == 0) & self.settled),
            self.error_en.eq(on_way[-1]),
            self.error.eq(class_error(m, self._readout, logit, is_label)),
        ]
        m.d.sync += [
            logit.eq(levels.logit),
            is_label.eq(number == self.label),
            on_way.eq(Cat(takes, on_way)),
        ]
        with m.If(takes):
            m.d.sync += number.eq(number + 1)
        with m.If(self.error_en & (self.error != 0)):
            m.d.sync += self.learnable.eq(1)
        with m.If(self.start):
            m.d.sync += [taking.eq(1), number.eq(0), self.learnable.eq(0)]
        with m.Elif(self.done):
            m.d.sync += taking.eq(0)
        return m
