"""Levels of a leaky readout, and the answers that are read of them."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .class_sums import row_weights
from .contract.arithmetic import answer_max, level_max, signed_bits
from .contract.block import BlockSpec
from .contract.engines.readout import Readout
from .contract.plan import plan_of

__all__ = ["LevelSums"]


class LevelSums(wiring.Component):
    """The levels of all classes, each in a register, and answers; of a block that learns logits as well.

    Computes :mod:`sim.reference.levels` bit for bit. A level leaks as its step ends, in the cycle in which it is read:
    the next step then begins with what is left. A level of 0 loses nothing, so this is a leak as each step begins.

    Parameters
    ----------
    block : BlockSpec
        The block; its readout leaks.
    max_steps : int
        Steps of the longest sample.

    Members
    -------
    adds, row : In(1), In
        A neuron fired, and its row.
    step_ends : In(1)
        All rows of a step were added in earlier cycles.
    clear, restarts : In(1), In(1)
        A sample begins; or a window, and answers start from 0: that is there where they are of the last one.
    number, answer : In, Out
        A class, and its answer in the same cycle.
    in_loss, taken, logit : In(1), In(1), Out
        The step that ends is of the loss; the window ended, and logits were read; the logit of class ``number``. Only
        of a block that learns.
    position, read_at, known : In, Out, Out(1)
        The position of the step that ends; and that of the largest level of class ``number``, of several the last,
        where it is ``known``: in the window that goes on. Only of a block that learns by the largest.
    """

    def __init__(self, block: BlockSpec, max_steps: int) -> None:
        self._readout = readout = block.readout
        self._learns = learns = block.directives.learns
        # Logits of levels that are not summed are answers; so are those of all steps of a sample.
        self._own_logits = learns and readout.reading == "sum" and (
            readout.accumulate == "window" or readout.answer == "last" or block.loss_steps < block.window)
        self._by_position, position = Readout(plan_of(block)).by_position, range(block.window)
        self._bits = signed_bits(answer_max(readout, max_steps))
        self._level_bits = signed_bits(level_max(readout, max_steps))
        super().__init__({
            "adds": In(1),
            "row": In(row_weights(block)),
            "step_ends": In(1),
            "clear": In(1),
            **({"restarts": In(1)} if readout.answer == "last" else {}),
            "number": In(range(readout.classes)),
            "answer": Out(signed(self._bits)),
            **({"in_loss": In(1), "taken": In(1), "logit": Out(signed(self._bits))} if learns else {}),
            **({"position": In(position), "read_at": Out(position), "known": Out(1)} if self._by_position else {}),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        readout = self._readout
        first = Signal()                                # no step of the sample has ended
        with m.If(self.clear):
            m.d.sync += first.eq(1)
        with m.Elif(self.step_ends):
            m.d.sync += first.eq(0)
        answers = [Signal(signed(self._bits), name=f"answer{c}") for c in range(readout.classes)]
        logits, read_at, known = [], [], []
        for c, answer in enumerate(answers):
            level = Signal(signed(self._level_bits), name=f"level{c}")
            before = Mux(self.restarts, 0, answer) if readout.answer == "last" else answer
            largest = first | (level >= answer)
            read = {"sum": before + level, "last": level,
                    "maximum": Mux(largest, level, answer)}[readout.reading]
            with m.If(self.clear):
                m.d.sync += [level.eq(0), answer.eq(0)]
            with m.Elif(self.adds):
                m.d.sync += level.eq(level + self.row[c])
            with m.Elif(self.step_ends):
                m.d.sync += [level.eq(level - (level >> readout.leak_shift)), answer.eq(read)]
            if readout.answer == "last":
                with m.If(self.restarts & ~self.step_ends):
                    m.d.sync += answer.eq(0)
            if self._own_logits:
                logits.append(self._logit(m, c, level))
            if self._by_position:
                read_at.append(Signal.like(self.position, name=f"read_at{c}"))
                known.append(Signal(name=f"known{c}"))
                with m.If(self.clear | self.taken):
                    m.d.sync += known[-1].eq(0)
                with m.Elif(self.step_ends & largest):
                    m.d.sync += [read_at[-1].eq(self.position), known[-1].eq(1)]
        m.d.comb += self.answer.eq(Array(answers)[self.number])
        if self._learns:
            m.d.comb += self.logit.eq(Array(logits or answers)[self.number])
        if self._by_position:
            m.d.comb += [self.read_at.eq(Array(read_at)[self.number]), self.known.eq(Array(known)[self.number])]
        return m

    def _logit(self, m: Module, c: int, level: Signal) -> Signal:
        """The sum of a class's levels in loss steps: of the window, or of the sample."""
        logit = Signal(signed(self._bits), name=f"logit{c}")
        with m.If(self.clear | (self.taken if self._readout.accumulate == "window" else 0)):
            m.d.sync += logit.eq(0)
        with m.Elif(self.step_ends & self.in_loss):
            m.d.sync += logit.eq(logit + level)
        return logit
