"""Answer of a readout to a sample, or to what there was of it so far: the class with the largest sum, and the packet
that says so.
"""

from amaranth.hdl import *
from amaranth.lib import stream

from .contract.protocol import KIND_SHIFT

__all__ = ["add_result_states"]


def add_result_states(m: Module, classes: int, kind: ValueLike, answer: Value, c: Signal,
                      result: stream.Interface) -> Signal:
    """Add the states ANSWER, HEADER and RESULT to the FSM that is open in ``m``; they end in its state RUN.

    The largest answer, the lowest class first; then the result packet. Answers are read a cycle before they are
    compared or sent.

    Parameters
    ----------
    m : Module
        The readout's module.
    classes : int
        How many there are.
    kind : ValueLike
        Of the packet.
    answer : Value
        The sum of class ``c``.
    c : Signal
        The class that is read, 0 at first; ``classes`` as the last one is compared or sent.
    result : Interface
        Takes the packet.

    Returns
    -------
    Signal
        The answer of a cycle ago, in the states of others.
    """
    best, best_answer, held = Signal(range(classes)), Signal(answer.shape()), Signal(answer.shape(), name="held_answer")
    all_read, waits = Signal(), Signal()
    m.d.comb += all_read.eq(c == classes)
    m.d.sync += held.eq(Mux(waits, held, answer))
    with m.State("ANSWER"):
        m.d.sync += c.eq(c + 1)
        with m.If((c == 1) | ((c != 0) & (held > best_answer))):
            m.d.sync += [best.eq(c - 1), best_answer.eq(held)]
        with m.If(all_read):
            m.d.sync += c.eq(0)
            m.next = "HEADER"
    with m.State("HEADER"):
        m.d.comb += [
            result.valid.eq(1),
            result.p.data.eq(best | (kind << KIND_SHIFT)),
        ]
        with m.If(result.ready):
            m.d.sync += c.eq(1)
            m.next = "RESULT"
    with m.State("RESULT"):
        m.d.comb += [
            waits.eq(~result.ready),
            result.valid.eq(1),
            result.p.data.eq(held),
            result.p.last.eq(all_read),
        ]
        with m.If(result.ready):
            m.d.sync += c.eq(c + 1)
            with m.If(result.p.last):
                m.next = "RUN"
    return held
