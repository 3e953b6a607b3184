"""What a build would be, before anything is made: a table for people, an object for programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from board.build import CORE, NETWORK
from board.outlook import FITS, MAY_FIT, Outlook, lanes_that_fit, ways_that_fit
from board.report import report
from board.toolchain import find, ready
from rtl_gen.contract.engines.refusals import Refusal

ROUND = -2      # digits of a fitted number that are not worth printing


def plan(outlook: Outlook, others: Sequence[Outlook], folder: Path, synthesis: bool) -> dict[str, Any]:
    """The object that ``snnfpga build --plan --json`` prints.

    Parameters
    ----------
    outlook, others
        On the board asked for, and on the rest of them.
    synthesis
        Whether the build would count resources with Yosys.
    """
    spec, board = outlook.spec, outlook.board
    found = report(spec, board, resources=None, logic_delay_ps=None)
    return {**found, "cycles": {**found["cycles"], "sample_mean": outlook.sample_mean},
            "clock_mhz": outlook.clock_mhz, "outlook": outlook.to_dict(),
            "boards": [other.to_dict() for other in others], "folder": str(folder),
            "steps": _steps(outlook, folder, synthesis)}


def rows(outlook: Outlook, others: Sequence[Outlook], found: dict[str, Any]) -> list[tuple[str, str]]:
    """The same as rows of a table."""
    return [("verdict", verdict(outlook)),
            *((f"on {other.board.name}", verdict(other)) for other in others),
            ("lanes", ", ".join(str(lanes) for lanes in found["lanes"])),
            ("weight words read in a cycle", ", ".join(str(reads) for reads in found["reads"])),
            *_amounts(outlook),
            ("time of a sample", _time(outlook, found)),
            ("cycles of a sample alone",
             f"{found['cycles']['sample_silent']} silent .. {found['cycles']['sample_full']} full"),
            ("state for learning", f"{found['state_buffer_bits']} bits"),
            *((f"step {number}", step) for number, step in enumerate(found["steps"], start=1))]


def verdict(outlook: Outlook) -> str:
    """Whether it fits, and with what lanes it would where it may not."""
    words = f"{outlook.verdict} {outlook.board.name}"
    if outlook.verdict == FITS:
        return words
    if outlook.verdict == MAY_FIT and outlook.board.part.logic(outlook.spec) is None:
        return f"{words}: its memories do, its logic is counted by the build"
    fewer = lanes_that_fit(outlook)
    if fewer is None:
        return f"{words}, nor with fewer lanes; take {ways_that_fit(outlook)}"
    return f"{words}; fits with --lanes {','.join(str(block.directives.lanes) for block in fewer.spec.blocks)}"


def refusal_rows(refusals: Sequence[Refusal]) -> list[tuple[str, str, str]]:
    """Each refusal of hardware once: what stands in the way, where, and what there would have to be."""
    places: dict[tuple[str, str], dict[str, None]] = {}
    for refusal in refusals:
        places.setdefault((refusal.what, refusal.change), {}).update(dict.fromkeys(refusal.places))
    return [(what, ", ".join(found) or "the network", change) for (what, change), found in places.items()]


def _amounts(outlook: Outlook) -> list[tuple[str, str]]:
    part, needs = outlook.board.part, outlook.needs
    logic, found = part.logic(outlook.spec), []
    for amount in part.amounts:
        if amount.name not in needs:
            continue
        used, share = needs[amount.name], f"{100 * needs[amount.name] / amount.whole:.1f} %"
        if logic is not None and logic.amount == amount.name:
            found.append((amount.plural, f"about {round(used, ROUND):,.0f} of {amount.whole:,g}  ({share}), "
                                         f"± {100 * logic.error:.0f} %: {logic.origin}"))
        else:
            found.append((amount.plural, f"{used:,g} of {amount.whole:,g}  ({share}), memories by formula"))
    return found


def _time(outlook: Outlook, found: dict[str, Any]) -> str:
    clock, cycles = outlook.clock_mhz, found["cycles"]
    run, learn = outlook.microseconds(learn=False), outlook.microseconds(learn=True)
    if run is None:
        return (f"{cycles['sample_silent'] / clock:,.1f} us silent .. {cycles['sample_full'] / clock:,.1f} us full at "
                f"{clock:g} MHz, in the core alone; the network file does not say what events its data has")
    learning = "" if learn is None else f", {learn:,.1f} us where it learns from all of them"
    ahead = outlook.measured_ahead
    queues = "" if ahead is None else (
        f", were ahead {', '.join(map(str, ahead))}: what other queues change is not in it")
    return (f"{run:,.1f} us{learning}, at {clock:g} MHz and the mean events of the data it was trained on{queues}; "
            "in the core alone, the host's way to it takes longer")


def _steps(outlook: Outlook, folder: Path, synthesis: bool) -> list[str]:
    board = outlook.board
    steps = [f"write {folder}: {CORE}.v, sources of {board.top}, {NETWORK}, driver, report"]
    if synthesis:
        steps.append("count resources with Yosys")
    runs = len(ready(board.flow))
    steps += [f"run {' '.join(stage.command)}" for stage in board.flow[:runs]]
    return steps + [f"not run: {' '.join(stage.command)}" if find(stage.tool)
                    else f"not run: {stage.tool} (not on the PATH)" for stage in board.flow[runs:]]
