"""Sums of the readout rows whose neurons fired, a sum for each class: of the sample, or of its windows in turn."""

from collections.abc import Sequence

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import answer_max, signed_bits
from .contract.block import BlockSpec
from .contract.engines.readout import Readout
from .contract.plan import plan_of

__all__ = ["SampleSums", "WindowSums", "row_weights"]


def row_weights(block: BlockSpec) -> data.ArrayLayout:
    """Layout of a row as the forward pass reads it, a weight for each class."""
    readout = block.readout
    return data.ArrayLayout(signed(2 if readout.signs else readout.weight_bits), readout.classes)


def _sums(m: Module, bits: int, row: Sequence[Value], adds: Value, clear: Value) -> list[Signal]:
    found = [Signal(signed(bits), name=f"sum{c}") for c in range(len(row))]
    with m.If(clear):
        m.d.sync += [value.eq(0) for value in found]
    with m.Elif(adds):
        m.d.sync += [value.eq(value + weight) for value, weight in zip(found, row, strict=True)]
    return found


class SampleSums(wiring.Component):
    """Answers of a block that does not learn, each in a register.

    Parameters
    ----------
    block : BlockSpec
        The block.
    max_steps : int
        Steps of the longest sample.

    Members
    -------
    adds, row : In(1), In
        A neuron fired, and its row.
    clear, restarts : In(1), In(1)
        A sample begins, or a window; the second is there where answers are of the last window.
    number, answer : In, Out
        A class, and its answer so far, in the same cycle.
    """

    def __init__(self, block: BlockSpec, max_steps: int) -> None:
        self._bits = signed_bits(answer_max(block.readout, max_steps))
        self._of_last = block.readout.answer == "last"
        super().__init__({
            **({"restarts": In(1)} if self._of_last else {}),
            "adds": In(1),
            "row": In(row_weights(block)),
            "clear": In(1),
            "number": In(range(block.readout.classes)),
            "answer": Out(signed(self._bits)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        clear = self.clear | self.restarts if self._of_last else self.clear
        m.d.comb += self.answer.eq(Array(_sums(m, self._bits, self.row, self.adds, clear))[self.number])
        return m


class WindowSums(wiring.Component):
    """Sums of the steps since they were last taken over, class by class, into answers and logits.

    They are taken over where loss steps begin and end, so that a register holds no more than one run of them; answers
    lie in a small memory with one adder for all. A class a cycle; :attr:`LATENCY` cycles later its logit is known.

    Parameters
    ----------
    block : BlockSpec
        A block that learns.
    max_steps : int
        Steps of the longest sample.

    Members
    -------
    adds, row : In(1), In
        A neuron fired, and its row; not while sums are taken over.
    begins, restarts : In(1), In(1)
        A sample begins: all start from 0, and nothing is added in the next cycle. Or a window, and answers do; that is
        there where they are of the last one.
    takes, number : In(1), In
        Class ``number`` is taken over; all of them, one after another.
    in_loss : In(1)
        The sums are of loss steps; constant while they are taken over.
    taken : In(1)
        All were: the sums start from 0.
    logit : Out
        What the last ``number`` comes to.
    answer : Out
        The answer of class ``number`` so far, one cycle later, or where sums have just been taken over in the same; not
        while they are.
    """

    LATENCY = 2

    def __init__(self, block: BlockSpec, max_steps: int) -> None:
        self._block, readout = block, block.readout
        self._bits = signed_bits(answer_max(readout, max_steps))
        self._sum_bits = signed_bits(answer_max(readout, Readout(plan_of(block)).summed_steps(max_steps)))
        super().__init__({
            "adds": In(1),
            "row": In(row_weights(block)),
            "begins": In(1),
            **({"restarts": In(1)} if readout.answer == "last" else {}),
            "takes": In(1),
            "number": In(range(readout.classes)),
            "in_loss": In(1),
            "taken": In(1),
            "logit": Out(signed(self._bits)),
            "answer": Out(signed(self._bits)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        block, cumulative = self._block, self._block.readout.accumulate == "cumulative"
        # A cycle after a sample began: no row comes before, and what decides that is far away.
        began = Signal()
        m.d.sync += began.eq(self.begins)
        sums = _sums(m, self._sum_bits, self.row, self.adds, self.taken | began)
        took, number, held = Signal(), Signal.like(self.number), Signal(signed(self._sum_bits))
        fresh = fresh_answer = Signal(init=1)
        m.d.sync += [took.eq(self.takes), number.eq(self.number), held.eq(Array(sums)[self.number])]
        with m.If(self.begins):
            m.d.sync += fresh.eq(1)
        with m.Elif(self.taken):
            m.d.sync += fresh.eq(0)
        of_last = block.readout.answer == "last"
        if of_last:
            fresh_answer = Signal(init=1)
            with m.If(self.begins | self.restarts):
                m.d.sync += fresh_answer.eq(1)
            with m.Elif(self.taken):
                m.d.sync += fresh_answer.eq(0)

        def total(name: str, added: Value, fresh: Value) -> Value:
            """What is kept of a class, with what is added to it."""
            m.submodules[name] = kept = Memory(shape=self._bits, depth=block.readout.classes, init=[],
                                               attrs={"ram_style": "distributed"})
            read, write = kept.read_port(domain="comb"), kept.write_port()
            exact = Signal(signed(self._bits), name=f"{name}_total")
            m.d.comb += [
                read.addr.eq(Mux(took, number, self.number)),
                exact.eq(Mux(fresh, 0, read.data.as_signed()) + added),
                write.addr.eq(number),
                write.data.eq(exact),
                write.en.eq(took),
            ]
            return exact

        logit = total("answers", held, fresh_answer)
        m.d.comb += self.answer.eq(logit)
        if cumulative and (block.loss_steps < block.window or of_last):
            logit = total("logits", Mux(self.in_loss, held, 0), fresh)
        m.d.sync += self.logit.eq(logit if cumulative else held)
        return m
