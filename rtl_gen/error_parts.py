"""Errors of the classes, written one by one and read part by part."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import ERROR_BITS
from .contract.engines.readout import ClassWalk
from .contract.memories import MemoryDeclaration
from .contract.readout import ReadoutSpec
from .feedback import error_layout
from .memories import declared_memory

__all__ = ["ErrorParts"]


class ErrorParts(wiring.Component):
    """A small memory of errors for each of the classes that are walked in one cycle; a register where that is all.

    Parameters
    ----------
    readout : ReadoutSpec
        How many classes there are, and whether their weights are signs.
    walk : ClassWalk
        The parts in which they are walked.

    Members
    -------
    en, error : In(1), In(8)
        The next class's error, beginning with the first behind the last.
    part, errors : In, Out(ArrayLayout(error_layout(readout)))
        A part of the classes, and its errors one cycle later. Where there is no class, 0.
    """

    def __init__(self, readout: ReadoutSpec, walk: ClassWalk) -> None:
        self._classes, self._walk, self._layout = readout.classes, walk, error_layout(readout)
        super().__init__({
            "en": In(1),
            "error": In(signed(ERROR_BITS)),
            "part": In(range(walk.parts)),
            "errors": Out(data.ArrayLayout(self._layout, walk.classes_per_cycle)),
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
        written = Signal(self._layout)
        # The least error is -127: less than none of it fits.
        m.d.comb += [written.value.eq(self.error), written.negative.eq(-self.error)]
        if "thrice" in self._layout.members:
            m.d.comb += written.thrice.eq((self.error << 1) + self.error)
        for k in range(per_cycle):
            if self._walk.parts == 1:
                with m.If(self.en & (place == k)):
                    m.d.sync += self.errors[k].eq(written)
                continue
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
