"""The board as the registry knows it."""

from board.registry import Board, Design
from board.toolchain import Stage, script
from rtl_gen.estimate import mailbox_memories

from .constants import CLOCK_MHZ
from .parts import SCRATCH_25

TOP = "snnfpga_scratch"
FLOW = (
    Stage(name="map", command=("scratch-map", f"{TOP}.v"), products=(f"{TOP}.json",)),
    Stage(name="route", command=("scratch-route", f"{TOP}.json", f"{TOP}.lpf"), products=(f"{TOP}.config",),
         install="build scratch-route from its sources"),
    Stage(name="pack", command=("scratch-pack", f"{TOP}.config"), products=(f"{TOP}.svf", f"{TOP}.bit")),
)


def design(spec):
    from rtl_gen.emit import rtlil_to_verilog, to_rtlil
    from rtl_gen.mailbox import MailboxCore

    text = to_rtlil(MailboxCore(spec), name=TOP)
    return Design(rtlil=text, files={
        f"{TOP}.v": rtlil_to_verilog(text), f"{TOP}.lpf": f'FREQUENCY PORT "clk" {CLOCK_MHZ} MHZ;\n',
        f"build_{TOP}.sh": script(FLOW)})


BOARD = Board(
    name="scratch", title="Scratch board", part=SCRATCH_25, clock_mhz=CLOCK_MHZ, top=TOP,
    memories=mailbox_memories(), design=design,
    driver=("tests.board.scratch_vendor.attach", "tests.board.scratch_vendor.constants"),
    example="tests.board.scratch_vendor.example", flow=FLOW)
