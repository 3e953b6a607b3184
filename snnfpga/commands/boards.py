"""``snnfpga boards``: what ``--board`` may be."""

from typing import Annotated

import typer

from ..console import print_json, print_table


def command(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
            ) -> None:
    """List the boards, their parts and what these hold.

    Example:

      snnfpga build --board pynq-z2
    """
    from board.registry import get, names
    from board.toolchain import find

    boards = [get(name) for name in names()]
    if as_json:
        print_json({"boards": [{
            "name": board.name, "title": board.title, "device": board.device.name, "part": board.device.part,
            "clock_mhz": board.clock_mhz, "budget": board.device.budget.to_dict(), "tool": board.command[0],
            "tool_found": find(board.command[0]) is not None} for board in boards]})
        return
    print_table("Boards", ("name", "board", "part", "LUT", "FF", "RAMB36", "DSP", "bitstream with"), [
        (board.name, board.title, board.device.part, board.device.budget.lut, board.device.budget.ff,
         f"{board.device.budget.ramb36:g}", board.device.budget.dsp,
         f"{board.command[0]} ({'found' if find(board.command[0]) else 'not on the PATH'})") for board in boards])
