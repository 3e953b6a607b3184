"""Levels of a leaky readout, and the answers that are read of them."""

from collections.abc import Callable

from amaranth.hdl import *

from .contract.arithmetic import level_max, signed_bits
from .contract.readout import ReadoutSpec

__all__ = ["add_levels"]


def add_levels(m: Module, readout: ReadoutSpec, max_steps: int, weight: Callable[[int], Value], *, clear: Value,
               adding: Value, step_ends: Value, answers: list[Signal]) -> None:
    """Add the levels of all classes; of the ``answers`` they drive what comes of a step, when it ends.

    Computes :func:`sim.reference.levels.read_levels` bit for bit. A level leaks as its step ends, in the cycle in which
    it is read: the next step then begins with what is left. A level of 0 loses nothing, so this is a leak as a step
    begins.

    Parameters
    ----------
    m : Module
        The readout's module.
    readout : ReadoutSpec
        The readout; it leaks.
    max_steps : int
        The longest sample.
    weight : Callable
        What the row fetched adds to class c.
    clear, adding, step_ends : Value
        A sample starts; a row is added in this cycle; a step has ended, and all of its rows are added.
    answers : list of Signal
        One a class.
    """
    bits = signed_bits(level_max(readout, max_steps))
    first = Signal(name="first_reading")
    with m.If(clear):
        m.d.sync += first.eq(1)
    with m.Elif(step_ends):
        m.d.sync += first.eq(0)
    for c, answer in enumerate(answers):
        level = Signal(signed(bits), name=f"level{c}")
        read = {"sum": answer + level, "last": level,
                "maximum": Mux(first | (level > answer), level, answer)}[readout.reading]
        with m.If(clear):
            m.d.sync += [level.eq(0), answer.eq(0)]
        with m.Elif(adding):
            m.d.sync += level.eq(level + weight(c))
        with m.Elif(step_ends):
            m.d.sync += [level.eq(level - (level >> readout.leak_shift)), answer.eq(read)]
