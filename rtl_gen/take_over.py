"""Taking sums over, class by class: into answers and logits, and these into errors."""

from amaranth.hdl import *
from amaranth.lib.wiring import In, Out

from .class_sums import WindowSums
from .contract.arithmetic import ERROR_BITS
from .contract.block import BlockSpec
from .error_walk import ErrorWalk
from .errors import ERROR_LATENCY

__all__ = ["TakeOver"]


class TakeOver(ErrorWalk):
    """The sums of a block that learns, with the errors that they come to.

    Takes a cycle for each class, and :attr:`LATENCY` more; or where that is asked for as few as :attr:`EARLY`.

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
        Take all sums over; they were, and all errors came, or have by :attr:`LATENCY` - :attr:`EARLY` cycles later.
    early : In(1)
        Errors may come later than ``done``: the next ``start`` is far away.
    label, in_loss : In
        The sample's class; and whether the sums are of loss steps. Constant from ``start`` to ``done``.
    error_en, error : Out(1), Out(8)
        The error of a class, of all in order.
    learnable : Out(1)
        With ``done``: not all errors are 0.
    """

    LATENCY, EARLY = WindowSums.LATENCY + ERROR_LATENCY, 1

    def __init__(self, block: BlockSpec, max_steps: int) -> None:
        self._readout = block.readout
        self._sums = WindowSums(block, max_steps)
        sums, classes = self._sums.signature.members, range(block.readout.classes)
        super().__init__({
            **{name: sums[name] for name in ("adds", "row", "begins", "restarts", "number", "answer") if name in sums},
            "start": In(1),
            "done": Out(1),
            "early": In(1),
            "label": In(classes),
            "in_loss": In(1),
            "error_en": Out(1),
            "error": Out(signed(ERROR_BITS)),
            "learnable": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.sums = sums = self._sums
        takes = self._walk(m, self._readout, sums, sums.logit, WindowSums.LATENCY, self.LATENCY, Const(1),
                           early=self.early)
        m.d.comb += [sums.begins.eq(self.begins), sums.takes.eq(takes)]
        return m
