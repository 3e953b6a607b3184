"""What a build costs, as one table for people and one object for programs."""

from dataclasses import asdict

from rtl_gen.arithmetic import state_buffer_bits
from rtl_gen.estimate import MemoryEstimate, cycles, memories
from rtl_gen.spec import BlockSpec, NetworkSpec

from .device import Resources
from .plan import BuildError
from .registry import Board

__all__ = ["check_fit", "estimated", "markdown", "refusal_table", "report"]


def estimated(spec: NetworkSpec) -> dict[str, float]:
    """Block RAMs and LUTs that the memories alone will take, by formula."""
    found = memories(spec)
    return {"ramb36": sum(memory.ramb36 for memory in found), "lut_as_memory": sum(memory.lut for memory in found)}


def check_fit(spec: NetworkSpec, board: Board) -> None:
    """Refuse a network that is not for hardware, or whose memories alone are more than the board's part has.

    Raises
    ------
    SpecError
        If a block has more than one layer.
    BuildError
        If it does not fit; :func:`refusal_table` says why.
    """
    spec.check_hardware()
    need, budget = estimated(spec), board.device.budget
    for name, amount, whole, unit in (("ramb36", need["ramb36"], budget.ramb36, "block RAMs"),
                                      ("lut_as_memory", need["lut_as_memory"], budget.lut, "LUTs as memory")):
        if amount > whole:
            raise BuildError(f"Network {spec.name} must fit the {whole:g} {unit} of the {board.device.name} on "
                             f"{board.title}, but takes {amount:g} by formula ({name}); "
                             "take fewer neurons, inputs or weight bits")


def refusal_table(spec: NetworkSpec) -> list[tuple[str, str, str, str]]:
    """Memories from the largest down: name, words x bits, block RAMs, LUTs."""
    found = sorted(memories(spec), key=lambda memory: (memory.ramb36, memory.lut), reverse=True)
    return [(memory.name, f"{memory.depth} x {memory.width}", f"{memory.ramb36:g}", str(memory.lut))
            for memory in found]


def _block_cycles(block: BlockSpec, max_steps: int) -> dict[str, int]:
    cost, learning = cycles(block), block.directives.learning
    windows = -(-max_steps // block.window)
    update = cost.readout(block.window) + cost.update(block.inputs, block.window) if learning else 0
    return {"groups": cost.groups, "step_silent": cost.forward(0), "step_full": cost.forward(block.inputs),
            "update_full": update, "sample_silent": cost.sample([0] * max_steps, None),
            "sample_full": cost.sample([block.inputs] * max_steps, [block.inputs] * windows if learning else None)}


def report(spec: NetworkSpec, board: Board, *, resources: Resources | None, lut_as_memory: int | None,
           logic_delay_ps: int | None) -> dict[str, object]:
    """The object that ``report.json`` holds.

    ``resources`` and what follows it come from synthesis, and are None where there was none. Cycles are of samples of
    ``max_steps`` steps: ``silent`` without any event, ``full`` with every input active in every step and every window
    learned from. Blocks work at the same time, so the slowest says how often a sample can come.
    """
    blocks = [_block_cycles(block, spec.max_steps) for block in spec.blocks]
    bits = [state_buffer_bits(spec, b) for b in range(len(spec.blocks))]
    budget = board.device.budget
    return {
        "name": spec.name, "board": board.name, "device": board.device.name, "part": board.device.part,
        "top": board.top, "clock_mhz": board.clock_mhz,
        "lanes": [block.directives.lanes for block in spec.blocks],
        "cycles": {"sample_silent": max(block["sample_silent"] for block in blocks),
                   "sample_full": max(block["sample_full"] for block in blocks), "blocks": blocks},
        "resources": None if resources is None else resources.to_dict(),
        "lut_as_memory": lut_as_memory,
        "logic_delay_ps": logic_delay_ps,
        "budget": budget.to_dict(),
        "shares": None if resources is None else {k: round(v, 4) for k, v in resources.shares(budget).items()},
        "estimate": estimated(spec),
        "memories": [asdict(memory) for memory in memories(spec)],
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
        lines += _rows(("", "used", "of", "share"), [
            (label, f"{resources[key]:g}", f"{budget[key]:g}", f"{100 * shares[key]:.1f} %")
            for key, label in (("lut", "LUT"), ("ff", "FF"), ("ramb36", "RAMB36"), ("dsp", "DSP"))])
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
