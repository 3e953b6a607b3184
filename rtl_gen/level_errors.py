"""Errors of the levels of a leaky readout, class by class, at a window's end."""

from itertools import pairwise

from amaranth.hdl import *
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import ERROR_BITS
from .contract.block import BlockSpec
from .error_walk import ErrorWalk
from .errors import ERROR_LATENCY
from .levels import LevelSums

__all__ = ["LevelErrors"]


class LevelErrors(ErrorWalk):
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
    position, read_at : In, Out
        The position of the step that ends; and with an error that of the level it is of, or any where that was before
        the window and the error is 0. Only of a block that learns by the largest level.
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
            **{name: levels[name] for name in ("position", "read_at") if name in levels},
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
        logit = Signal(levels.logit.shape())
        known = None
        if self._readout.reading == "maximum":
            m.d.comb += levels.position.eq(self.position)
            known, at = ([Signal.like(found, name=f"{found.name}{cycle}") for cycle in range(self.LATENCY)]
                         for found in (levels.known, levels.read_at))
            for found, held in ((levels.known, known), (levels.read_at, at)):
                m.d.sync += [later.eq(before) for before, later in pairwise([found, *held])]
            m.d.comb += self.read_at.eq(at[-1])
        self._walk(m, self._readout, levels, logit, 1, self.LATENCY, self.settled,
                   known=None if known is None else known[-1])
        m.d.comb += [levels.step_ends.eq(self.step_ends), levels.clear.eq(self.begins)]
        m.d.sync += logit.eq(levels.logit)
        return m
