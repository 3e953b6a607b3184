"""The 7-series parts that boards here have."""

from dataclasses import dataclass

from rtl_gen.contract.memories import MemoryDeclaration
from rtl_gen.contract.spec import NetworkSpec

from ..part import Amount, Logic, Part, Resources, Synthesis
from . import logic, memories, synthesis

__all__ = ["XC7Z020", "SevenSeries", "amounts"]


def amounts(*, lut: int, lut_as_memory: int, ff: int, ramb36: int, dsp: int) -> tuple[Amount, ...]:
    """What a 7-series part has: look-up tables, those that can be memory, registers, block RAMs and multipliers."""
    return (
        Amount(name="lut", label="LUT", plural="LUTs", about="logic, and small memories", whole=lut),
        Amount(name="lut_as_memory", label="LUT as memory", plural="LUTs as memory", about="of those that can be",
               whole=lut_as_memory),
        Amount(name="ff", label="FF", plural="flip-flops", about="registers of one bit", whole=ff),
        Amount(name="ramb36", label="RAMB36", plural="block RAMs", about="block RAM of 36 kbit", whole=ramb36),
        Amount(name="dsp", label="DSP", plural="DSP slices", about="multipliers", whole=dsp))


@dataclass(frozen=True, kw_only=True)
class SevenSeries(Part):
    """A part with six-input LUTs, RAMB36 and DSP48; a block RAM of 18 kbit counts as half of one.

    Attributes
    ----------
    family
        Of Yosys's ``synth_xilinx``.
    """

    family: str

    def place(self, memory: MemoryDeclaration) -> Resources:
        return memories.place(memory)

    def logic(self, spec: NetworkSpec) -> Logic:
        return logic.fitted(spec)

    def synthesise(self, rtlil: str, *, top: str) -> Synthesis:
        return synthesis.synthesise(rtlil, top=top, family=self.family)

    def logic_delay_ps(self, synthesised: Synthesis, *, top: str) -> int:
        return synthesis.logic_delay_ps(synthesised, top=top)


# Zynq-7000 overview (Xilinx DS190), table 1: Z-7020. Of its slices 4350 are SLICEM, whose four LUTs can be memory.
XC7Z020 = SevenSeries(name="XC7Z020", code="xc7z020clg400-1", family="xc7",
                      amounts=amounts(lut=53_200, lut_as_memory=17_400, ff=106_400, ramb36=140, dsp=220))
