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
            "name": board.name, "title": board.title, "part_name": board.part.name, "part": board.part.code,
            "clock_mhz": board.clock_mhz, "budget": dict(board.part.budget), "tools": {
                stage.tool: find(stage.tool) is not None for stage in board.flow}} for board in boards]})
        return
    print_table("Boards", ("name", "board", "part", "holds", "bitstream with"), [
        (board.name, board.title, board.part.code,
         ", ".join(f"{amount.whole:g} {amount.label}" for amount in board.part.amounts),
         ", ".join(f"{tool} ({'found' if find(tool) else 'not on the PATH'})"
                   for tool in dict.fromkeys(stage.tool for stage in board.flow))) for board in boards])
