"""The PYNQ-Z2 as the registry knows it."""

from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.estimate import mailbox_memories

from ..device import XC7Z020
from ..registry import Board, Design

TOP = "snnfpga_pynq_z2"


def design(spec: NetworkSpec) -> Design:
    """The whole fabric, constraints and scripts."""
    # Amaranth is loaded here, so that listing boards does without it.
    from .platform import PynqZ2Platform
    from .top import Top

    plan = PynqZ2Platform().build(Top(spec), name=TOP, do_build=False)
    files = {name: text if isinstance(text, str) else text.decode() for name, text in plan.files.items()}
    rtlil = files.pop(f"{TOP}.il")
    return Design(files=files, rtlil=rtlil)


BOARD = Board(
    name="pynq-z2",
    title="TUL PYNQ-Z2",
    device=XC7Z020,
    clock_mhz=100.0,
    top=TOP,
    memories=mailbox_memories(),
    design=design,
    driver=(__package__, f"{__package__}.attach"),
    example=f"{__package__}.example",
    command=("vivado", "-mode", "batch", "-nojournal", "-log", "vivado.log", "-source", f"{TOP}.tcl"),
    products=(f"{TOP}.bit",),
)
