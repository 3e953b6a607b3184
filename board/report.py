"""What a build costs, as one table for people and one object for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rtl_gen.contract.arithmetic import state_buffer_bits
from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.limits import check_hardware
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.estimate import MemoryEstimate, cycles, memories

from .device import LABELS, Resources
from .plan import BuildError
from .registry import Board

__all__ = ["FitError", "all_memories", "check_counted", "check_fit", "counted_rows", "estimated", "markdown", "report"]


class FitError(BuildError):
    """A design that is more than the board's part has; the message says of what, the table of what it is made.

    Attributes
    ----------
    title, header, rows
        The table.
    """

    def __init__(self, message: str, title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        super().__init__(message)
        self.title, self.header, self.rows = title, header, rows


def all_memories(spec: NetworkSpec, board: Board) -> tuple[MemoryEstimate, ...]:
    """The memories of the network and of the board's top, by formula."""
    return memories(spec) + board.memories


def estimated(found: Sequence[MemoryEstimate]) -> dict[str, float]:
    """Block RAMs and LUTs that these memories take together."""
    return {"ramb36": sum(memory.ramb36 for memory in found), "lut_as_memory": sum(memory.lut for memory in found)}


def check_fit(spec: NetworkSpec, board: Board) -> None:
    """Refuse a network that is not for hardware, or whose memories alone are more than the board's part has.

    Raises
    ------
    SpecError
        If a block has more than one layer.
    FitError
        If it does not fit.
    """
    check_hardware(spec)
    found, budget = all_memories(spec, board), board.device.budget
    need = estimated(found)
    for name, whole, unit in (("ramb36", budget.ramb36, "block RAMs"),
                              ("lut_as_memory", budget.lut_as_memory, "LUTs as memory")):
        if need[name] > whole:
            largest = sorted(found, key=lambda memory: (memory.ramb36, memory.lut), reverse=True)
            raise FitError(
                f"Network {spec.name} must fit the {whole:g} {unit} of the {board.device.name} on {board.title}, but "
                f"takes {need[name]:g} by formula ({name}); take fewer neurons, inputs or weight bits",
                f"Memories of {spec.name}", ("memory", "words x bits", "RAMB36", "LUT"),
                [(memory.name, f"{memory.depth} x {memory.width}", f"{memory.ramb36:g}", str(memory.lut))
                 for memory in largest])


def check_counted(spec: NetworkSpec, board: Board, resources: Resources) -> None:
    """Refuse a design of which Yosys counts more than the board's part has.

    Raises
    ------
    FitError
        If it does not fit.
    """
    used, budget = resources.to_dict(), board.device.budget.to_dict()
    exceeded = resources.exceeded(board.device.budget)
    if exceeded:
        much = ", ".join(f"{used[name]:g} {LABELS[name]} of {budget[name]:g}" for name in exceeded)
        raise FitError(f"Network {spec.name} must fit the {board.device.name} on {board.title}, but Yosys counts "
                       f"{much}; take fewer neurons, inputs, lanes or weight bits, or a shorter window",
                       f"Resources of {spec.name}", ("resource", "used", "of", "share"),
                       counted_rows(used, budget, resources.shares(board.device.budget)))


def counted_rows(used: Mapping[str, float], budget: Mapping[str, float],
                 shares: Mapping[str, float]) -> list[tuple[str, ...]]:
    """Name, amount, budget and share of each resource, in words."""
    return [(label, f"{used[name]:g}", f"{budget[name]:g}", f"{100 * shares[name]:.1f} %")
            for name, label in LABELS.items()]


def _block_cycles(block: BlockSpec, max_steps: int) -> dict[str, int]:
    cost, learning = cycles(block), block.directives.learning
    windows = -(-max_steps // block.window)
    update = cost.readout(block.window) + cost.update(block.inputs, block.window) if learning else 0
    return {"groups": cost.groups, "step_silent": cost.forward(0), "step_full": cost.forward(block.inputs),
            "update_full": update, "sample_silent": cost.sample([0] * max_steps, None),
            "sample_full": cost.sample([block.inputs] * max_steps, [block.inputs] * windows if learning else None)}


def report(spec: NetworkSpec, board: Board, *, resources: Resources | None,
           logic_delay_ps: int | None) -> dict[str, object]:
    """The object that ``report.json`` holds.

    ``resources`` and ``logic_delay_ps`` come from synthesis, and are None where there was none. Cycles are of samples
    of ``max_steps`` steps: ``silent`` without any event, ``full`` with every input active in every step and every
    window learned from. Blocks work at the same time, so the slowest says how often a sample can come.
    """
    blocks = [_block_cycles(block, spec.max_steps) for block in spec.blocks]
    bits = [state_buffer_bits(spec, b) for b in range(len(spec.blocks))]
    budget, found = board.device.budget, all_memories(spec, board)
    return {
        "name": spec.name, "board": board.name, "device": board.device.name, "part": board.device.part,
        "top": board.top, "clock_mhz": board.clock_mhz,
        "lanes": [block.directives.lanes for block in spec.blocks],
        "cycles": {"sample_silent": max(block["sample_silent"] for block in blocks),
                   "sample_full": max(block["sample_full"] for block in blocks), "blocks": blocks},
        "resources": None if resources is None else resources.to_dict(),
        "logic_delay_ps": logic_delay_ps,
        "budget": budget.to_dict(),
        "shares": None if resources is None else {k: round(v, 4) for k, v in resources.shares(budget).items()},
        "estimate": estimated(found),
        "memories": [asdict(memory) for memory in found],
        "state_buffer_bits": sum(bits),
        "state_buffer_bits_of_blocks": bits,
    }


def _rows(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> list[str]:
    return ["| " + " | ".join(header) + " |", "|" + "---|" * len(header),
            *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows), ""]


def markdown(found: dict[str, object]) -> str:
    """The report as a page."""
    budget, resources, shares = found["budget"], found["resources"], found["shares"]
    lines = [f"# {found['name']} on {found['board']}", "",
             f"Part {found['part']}, clock asked for {found['clock_mhz']:g} MHz, top module `{found['top']}`.", "",
             "## Resources", ""]
    if resources is None:
        lines += ["Not synthesised. By formula the memories take "
                  f"{found['estimate']['ramb36']:g} block RAMs and {found['estimate']['lut_as_memory']:g} LUTs.", ""]
    else:
        lines += ["As Yosys maps them; no place and route.", ""]
        lines += _rows(("", "used", "of", "share"), counted_rows(resources, budget, shares))
    if found["logic_delay_ps"] is not None:
        lines += [f"Longest path through cells alone, without routing: {found['logic_delay_ps'] / 1000:.2f} ns. "
                  "Routing comes on top of it: this is no clock period.", ""]
    lines += ["## Memories", "", *_rows(("memory", "words", "bits", "RAMB36", "LUT"), [
        tuple(MemoryEstimate(**memory).__dict__.values()) for memory in found["memories"]])]
    lines += [f"State that learning needs: {found['state_buffer_bits']} bits, whatever the length of a sample.", "",
              "## Cycles", "",
              "Silent: no event at all. Full: every input in every step, every window learned from.", ""]
    lines += _rows(("block", "lanes", "step, silent", "step, full", "window's end, full", "sample, silent",
                    "sample, full"),
                   [(b, lanes, c["step_silent"], c["step_full"], c["update_full"], c["sample_silent"],
                     c["sample_full"])
                    for b, (lanes, c) in enumerate(zip(found["lanes"], found["cycles"]["blocks"], strict=True))])
    return "\n".join(lines)
