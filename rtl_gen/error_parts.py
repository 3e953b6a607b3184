"""Errors of the classes, written one by one and read part by part."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import ERROR_BITS
from .contract.engines.readout import ClassWalk
from .contract.memories import MemoryDeclaration
from .feedback import error_layout
from .memories import declared_memory

__all__ = ["ErrorParts"]


class ErrorParts(wiring.Component):
    """A small memory of errors for each of the classes that are walked in one cycle.

    Parameters
    ----------
    classes : int
        How many classes there are.
    walk : ClassWalk
        The parts in which they are walked.

    Members
    -------
    en, error : In(1), In(8)
        The next class's error, beginning with the first behind the last.
    part, errors : In, Out(ArrayLayout(error_layout()))
        A part of the classes, and its errors one cycle later. Where there is no class, 0.
    """

    def __init__(self, classes: int, walk: ClassWalk) -> None:
        self._classes, self._walk = classes, walk
        super().__init__({
            "en": In(1),
            "error": In(signed(ERROR_BITS)),
            "part": In(range(walk.parts)),
            "errors": Out(data.ArrayLayout(error_layout(), walk.classes_per_cycle)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        per_cycle = self._walk.classes_per_cycle
        place, part = Signal(range(per_cycle)), Signal.like(self.part)
        number = Signal(range(self._classes))
        with m.If(self.en):
            m.d.sync += [number.eq(number + 1), place.eq(place + 1)]
            with m.If(place == per_cycle - 1):
                m.d.sync += [place.eq(0), part.eq(part + 1)]
            with m.If(number == self._classes - 1):
                m.d.sync += [number.eq(0), place.eq(0), part.eq(0)]
        written = Signal(error_layout())
        m.d.comb += [
            written.value.eq(self.error),
            written.magnitude.eq(Mux(self.error < 0, -self.error, self.error)),
        ]
        for k in range(per_cycle):
            # What no class writes is 0 from the first.
            m.submodules[f"errors{k}"] = errors = declared_memory(MemoryDeclaration(
                f"errors{k}", self._walk.parts, written.shape().size, "distributed"))
            write, read = errors.write_port(), errors.read_port()
            m.d.comb += [
                write.addr.eq(part),
                write.data.eq(written),
                write.en.eq(self.en & (place == k)),
                read.addr.eq(self.part),
                Value.cast(self.errors[k]).eq(read.data),
            ]
        return m
