"""The PYNQ-Z2 as the registry knows it."""

from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.estimate import mailbox_memories

from ..registry import Board, Design
from ..xilinx import vivado
from ..xilinx.parts import XC7Z020
from .constants import CLOCK_MHZ

TOP = "snnfpga_pynq_z2"


def design(spec: NetworkSpec) -> Design:
    """The whole fabric, constraints and scripts."""
    # Amaranth is loaded here, so that listing boards does without it.
    from ..xilinx.platform import sources
    from .platform import PynqZ2Platform
    from .top import Top

    return sources(PynqZ2Platform(), Top(spec), name=TOP)


BOARD = Board(
    name="pynq-z2",
    title="TUL PYNQ-Z2",
    part=XC7Z020,
    clock_mhz=CLOCK_MHZ,
    top=TOP,
    memories=mailbox_memories(),
    design=design,
    driver=(f"{__package__}.attach", f"{__package__}.constants"),
    example=f"{__package__}.example",
    flow=vivado.flow(TOP),
)
