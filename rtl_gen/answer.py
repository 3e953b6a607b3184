"""Answer of a readout to a sample, or to what there was of it so far: the class with the largest sum, and the packet
that says so.
"""

from amaranth.hdl import *
from amaranth.lib import stream

from .contract.protocol import KIND_SHIFT

__all__ = ["add_result_states"]


def add_result_states(m: Module, classes: int, kind: ValueLike, answer: Signal, c: Signal, class_last: Signal,
                      result: stream.Interface) -> None:
    """Add the states ANSWER, HEADER and RESULT to the FSM that is open in ``m``; they end in its state RUN.

    The largest answer, the lowest class first; then the result packet.

    Parameters
    ----------
    m : Module
        The readout's module.
    classes : int
        How many there are.
    kind : ValueLike
        Of the packet.
    answer : Signal
        The sum of class ``c``.
    c, class_last : Signal
        The class, 0 at first; it is the last one.
    result : Interface
        Takes the packet.
    """
    best, best_answer = Signal(range(classes)), Signal(answer.shape())
    with m.State("ANSWER"):
        m.d.sync += c.eq(c + 1)
        with m.If((c == 0) | (answer > best_answer)):
            m.d.sync += [best.eq(c), best_answer.eq(answer)]
        with m.If(class_last):
            m.next = "HEADER"
    with m.State("HEADER"):
        m.d.comb += [
            result.valid.eq(1),
            result.p.data.eq(best | (kind << KIND_SHIFT)),
        ]
        m.d.sync += c.eq(0)
        with m.If(result.ready):
            m.next = "RESULT"
    with m.State("RESULT"):
        m.d.comb += [
            result.valid.eq(1),
            result.p.data.eq(answer),
            result.p.last.eq(class_last),
        ]
        with m.If(result.ready):
            m.d.sync += c.eq(c + 1)
            with m.If(result.p.last):
                m.next = "RUN"
