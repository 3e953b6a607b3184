"""The walk through the classes at a window's end: the error of each, one a cycle."""

from amaranth.hdl import *
from amaranth.lib import wiring

from .contract.readout import ReadoutSpec
from .errors import class_error

__all__ = ["ErrorWalk"]


class ErrorWalk(wiring.Component):
    """What :class:`~.take_over.TakeOver` and :class:`~.level_errors.LevelErrors` do alike, each with sums of its own.

    Both have the members ``adds``, ``row``, ``in_loss``, ``number``, ``answer``, ``start``, ``done``, ``label``,
    ``error_en``, ``error`` and ``learnable``, and ``restarts`` where answers are of the last window.
    """

    def _walk(self, m: Module, readout: ReadoutSpec, sums: wiring.Component, logit: Value, latency: int, whole: int,
              settled: Value, known: Value | None = None, early: Value | None = None) -> Value:
        """Connect ``sums``, and walk through the classes.

        Parameters
        ----------
        logit, latency
            What a class comes to, and so many cycles after its number.
        whole
            Cycles from a class's number to its error.
        settled
            All else is known that learning takes.
        known
            As the error comes: its class has one; else it is 0. All have one where it is not given.
        early
            It is done already as the last class has been taken, if one of the errors that came is not 0.

        Returns
        -------
        Value
            A class is taken in this cycle.
        """
        number, taking, takes = Signal(range(readout.classes + 1)), Signal(), Signal()
        is_label, on_way = Signal(latency), Signal(whole)
        error = class_error(m, readout, logit, is_label[-1])
        came = on_way == 0
        if early is not None:
            came |= early & self.learnable & ~on_way[0]
        m.d.comb += [
            sums.adds.eq(self.adds),
            sums.row.eq(self.row),
            *([sums.restarts.eq(self.restarts)] if readout.answer == "last" else []),
            sums.number.eq(Mux(taking, number, self.number)),
            self.answer.eq(sums.answer),
            takes.eq(taking & (number != readout.classes)),
            sums.in_loss.eq(self.in_loss),
            sums.taken.eq(self.done),
            self.done.eq(taking & ~takes & came & settled),
            self.error_en.eq(on_way[-1]),
            self.error.eq(error if known is None else Mux(known, error, 0)),
        ]
        m.d.sync += [
            on_way.eq(Cat(takes, on_way)),
            is_label.eq(Cat(number == self.label, is_label)),
        ]
        with m.If(takes):
            m.d.sync += number.eq(number + 1)
        with m.If(self.error_en & (self.error != 0)):
            m.d.sync += self.learnable.eq(1)
        with m.If(self.start):
            m.d.sync += [taking.eq(1), number.eq(0), self.learnable.eq(0)]
        with m.Elif(self.done):
            m.d.sync += taking.eq(0)
        return takes
