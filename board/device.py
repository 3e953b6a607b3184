"""What a part offers, and what a design takes of it."""

from dataclasses import asdict, dataclass

__all__ = ["LABELS", "XC7Z020", "Device", "Resources"]


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Amounts of a 7-series fabric.

    Attributes
    ----------
    lut
        Six-input look-up tables, those used as memory among them.
    lut_as_memory
        Those used as memory: distributed RAM or shift registers. Of a part: those that can be.
    ff
        Flip-flops.
    ramb36
        Block RAMs of 36 kbit; one of 18 kbit is half of one.
    dsp
        DSP48 slices.
    """

    lut: int
    lut_as_memory: int
    ff: int
    ramb36: float
    dsp: int

    def to_dict(self) -> dict[str, float]:
        return asdict(self)

    def shares(self, whole: "Resources") -> dict[str, float]:
        """Each amount as a share of ``whole``, 0 .. 1 and beyond."""
        mine, theirs = self.to_dict(), whole.to_dict()
        return {name: mine[name] / theirs[name] for name in mine}

    def exceeded(self, whole: "Resources") -> list[str]:
        """Names of the amounts that are more than ``whole`` has."""
        return [name for name, share in self.shares(whole).items() if share > 1]


# How people call the amounts of Resources.
LABELS = {"lut": "LUT", "lut_as_memory": "LUT as memory", "ff": "FF", "ramb36": "RAMB36", "dsp": "DSP"}


@dataclass(frozen=True, kw_only=True)
class Device:
    """A part and its budget.

    Attributes
    ----------
    name, part
        As people and as tools call it.
    family
        Of Yosys's ``synth_xilinx``.
    budget
        All it has.
    """

    name: str
    part: str
    family: str
    budget: Resources


# Zynq-7000 overview (Xilinx DS190), table 1: Z-7020. Of its slices 4350 are SLICEM, whose four LUTs can be memory.
XC7Z020 = Device(name="XC7Z020", part="xc7z020clg400-1", family="xc7",
                 budget=Resources(lut=53_200, lut_as_memory=17_400, ff=106_400, ramb36=140, dsp=220))
