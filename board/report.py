"""What a build costs, as one table for people and one object for programs."""

from collections.abc import Iterable, Mapping

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.declared import state_buffer_bits
from rtl_gen.contract.limits import check_hardware
from rtl_gen.contract.memories import MemoryDeclaration
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.estimate import cycles, memories
from rtl_gen.measured import MeasuredCycles

from .part import Part, Resources
from .plan import BuildError
from .registry import Board
from .ways_out import ways_out

__all__ = ["FitError", "all_memories", "check_counted", "check_fit", "counted_rows", "estimated", "estimated_rows",
           "markdown", "report"]


ROUND = -2      # digits of a fitted number that are not worth printing


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


def all_memories(spec: NetworkSpec, board: Board) -> tuple[MemoryDeclaration, ...]:
    """The memories of the network and of the board's top."""
    return memories(spec) + board.memories


def estimated(found: Iterable[MemoryDeclaration], part: Part) -> Resources:
    """What these memories take of a part together, by formula."""
    return Resources.total(part.place(memory) for memory in found)


def _takes(spec: NetworkSpec, board: Board) -> Resources:
    """What all memories take of the board's part."""
    return estimated(all_memories(spec, board), board.part)


def check_fit(spec: NetworkSpec, board: Board) -> None:
    """Refuse a network that is not for hardware, or whose memories alone are more than the board's part has.

    Raises
    ------
    SpecError
        If the network has no hardware, as :func:`rtl_gen.contract.limits.check_hardware` says.
    FitError
        If it does not fit.
    """
    check_hardware(spec)
    part, found = board.part, all_memories(spec, board)
    need = estimated(found, part)
    exceeded = need.exceeded(part.budget)
    if exceeded:
        (name, *_), known = exceeded, {amount.name: amount for amount in part.amounts}
        takes = [(memory, part.place(memory)) for memory in found]
        takes.sort(key=lambda pair: tuple(pair[1].values()), reverse=True)
        ways = ways_out(spec, lambda smaller: _fits(smaller, board), lambda smaller: _takes(smaller, board)[name],
                        known[name].whole)
        raise FitError(
            f"Network {spec.name} must fit the {known[name].whole:g} {known[name].plural} of the {part.name} on "
            f"{board.title}, but takes {need[name]:g} by formula ({name}); take "
            f"{', or '.join(ways) or 'fewer inputs or neurons'}",
            f"Memories of {spec.name}", ("memory", "words x bits", *(known[name].label for name in need)),
            [(memory.name, f"{memory.depth} x {memory.width}", *(f"{amount:g}" for amount in taken.values()))
             for memory, taken in takes])


def check_counted(spec: NetworkSpec, board: Board, resources: Resources) -> None:
    """Refuse a design of which Yosys counts more than the board's part has.

    Raises
    ------
    FitError
        If it does not fit.
    """
    part = board.part
    exceeded = resources.exceeded(part.budget)
    if exceeded:
        much = ", ".join(f"{resources[amount.name]:g} {amount.label} of {amount.whole:g}" for amount in part.amounts
                         if amount.name in exceeded)
        ways = _ways_out_of_logic(spec, board, resources) or [
            "fewer neurons, inputs, lanes or weight bits", "a shorter window"]
        raise FitError(f"Network {spec.name} must fit the {part.name} on {board.title}, but Yosys counts "
                       f"{much}; take {', or '.join(ways)}",
                       f"Resources of {spec.name}", ("resource", "used", "of", "share"),
                       counted_rows(_amounts(part), resources, part.budget))


def _fits(spec: NetworkSpec, board: Board) -> bool:
    """Whether memories do, by formula, and where it is known by a fit, logic."""
    logic = board.part.logic(spec)
    return not _takes(spec, board).exceeded(board.part.budget) and (
        logic is None or logic.much <= board.part.budget[logic.amount])


def _ways_out_of_logic(spec: NetworkSpec, board: Board, counted: Resources) -> list[str]:
    """What would take less logic than was counted, with what the fit says of it; none where logic is not too much, or
    nothing was fitted to the part."""
    part, logic = board.part, board.part.logic(spec)
    if logic is None or logic.amount not in counted.exceeded(part.budget):
        return []
    # What the fit misses of this network, it misses about as much of a smaller one.
    missed = counted[logic.amount] / logic.much

    def taken(smaller: NetworkSpec) -> float:
        return missed * part.logic(smaller).much

    return ways_out(spec, lambda smaller: taken(smaller) <= part.budget[logic.amount]
                    and not _takes(smaller, board).exceeded(part.budget),
                    lambda smaller: round(taken(smaller), ROUND), part.budget[logic.amount])


def _amounts(part: Part) -> dict[str, dict[str, str]]:
    return {amount.name: {"label": amount.label, "plural": amount.plural, "about": amount.about}
            for amount in part.amounts}


def counted_rows(amounts: Mapping[str, Mapping[str, str]], used: Mapping[str, float],
                 budget: Mapping[str, float]) -> list[tuple[str, ...]]:
    """Label, amount, budget and share of each resource, in words; ``amounts`` as ``report.json`` has them."""
    return [(amount["label"], f"{used[name]:g}", f"{budget[name]:g}", f"{100 * used[name] / budget[name]:.1f} %")
            for name, amount in amounts.items()]


def estimated_rows(found: Mapping[str, Mapping[str, object]]) -> list[tuple[str, str]]:
    """What the memories take by formula, in words, from a :func:`report`: the amount in plural, and so many of all."""
    return [(str(found["amounts"][name]["plural"]), f"{taken:g} of {found['budget'][name]:g}")
            for name, taken in found["estimate"].items()]


def _block_cycles(block: BlockSpec, max_steps: int) -> dict[str, int]:
    cost, learning = cycles(block), block.directives.learns
    windows = -(-max_steps // block.window)
    update = cost.readout + cost.update(block.inputs, block.window, block.inputs * block.window) if learning else 0
    return {"groups": cost.groups, "step_silent": cost.forward(0), "step_full": cost.forward(block.inputs),
            "update_full": update, "sample_silent": cost.sample([0] * max_steps, None),
            "sample_full": cost.sample([block.inputs] * max_steps, [block.inputs] * windows if learning else None)}


def report(spec: NetworkSpec, board: Board, *, resources: Resources | None,
           logic_delay_ps: int | None, measured: MeasuredCycles | None = None) -> dict[str, object]:
    """The object that ``report.json`` holds.

    ``resources`` and ``logic_delay_ps`` come from synthesis, and are None where there was none. Cycles are of samples
    of ``max_steps`` steps: ``silent`` without any event, ``full`` with every input active in every step and every
    window learned from. Blocks work at the same time, so the slowest says how often a sample can come. ``mean`` is of
    the network's own data, as ``measured``, and None where that was not with these lanes.
    """
    blocks = [_block_cycles(block, spec.max_steps) for block in spec.blocks]
    bits = [state_buffer_bits(spec, b) for b in range(len(spec.blocks))]
    part, found = board.part, all_memories(spec, board)
    return {
        "name": spec.name, "board": board.name, "part_name": part.name, "part": part.code,
        "top": board.top, "clock_mhz": board.clock_mhz,
        "lanes": [block.directives.lanes for block in spec.blocks],
        "reads": [block.directives.reads for block in spec.blocks],
        "cycles": {"sample_silent": max(block["sample_silent"] for block in blocks),
                   "sample_full": max(block["sample_full"] for block in blocks),
                   "sample_mean": None if measured is None else {
                       "running": round(measured.running, 1),
                       "learning": None if measured.learning is None else round(measured.learning, 1)},
                   "blocks": blocks},
        "resources": None if resources is None else dict(resources),
        "logic_delay_ps": logic_delay_ps,
        "budget": dict(part.budget),
        "shares": None if resources is None else {k: round(v, 4) for k, v in resources.shares(part.budget).items()},
        "amounts": _amounts(part),
        "estimate": dict(estimated(found, part)),
        "memories": [{"name": memory.name, "depth": memory.depth, "width": memory.width,
                      "takes": dict(part.place(memory))} for memory in found],
        "state_buffer_bits": sum(bits),
        "state_buffer_bits_of_blocks": bits,
    }


def _of_mean(found: Mapping[str, float | None] | None) -> list[str]:
    """A line on samples of the network's own data, where they were measured."""
    if found is None:
        return []
    learning = "" if found["learning"] is None else f", {found['learning']:g} where it is learned from"
    return [f"A mean sample of its data takes {found['running']:g} cycles{learning}: the next one can come then.", ""]


def _rows(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> list[str]:
    return ["| " + " | ".join(header) + " |", "|" + "---|" * len(header),
            *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows), ""]


def markdown(found: dict[str, object]) -> str:
    """The report as a page."""
    amounts, resources = found["amounts"], found["resources"]
    lines = [f"# {found['name']} on {found['board']}", "",
             f"Part {found['part']}, clock asked for {found['clock_mhz']:g} MHz, top module `{found['top']}`.", "",
             "## Resources", ""]
    if resources is None:
        much = " and ".join(f"{taken:g} {amounts[name]['plural']}" for name, taken in found["estimate"].items())
        lines += [f"Not synthesised. By formula the memories take {much}.", ""]
    else:
        lines += ["As Yosys maps them; no place and route.", ""]
        lines += _rows(("", "used", "of", "share"), counted_rows(amounts, resources, found["budget"]))
    if found["logic_delay_ps"] is not None:
        lines += [f"Longest path through cells alone, without routing: {found['logic_delay_ps'] / 1000:.2f} ns. "
                  "Routing comes on top of it: this is no clock period.", ""]
    places = [amounts[name]["label"] for name in found["estimate"]]
    lines += ["## Memories", "", *_rows(("memory", "words", "bits", *places), [
        (memory["name"], memory["depth"], memory["width"], *memory["takes"].values()) for memory in found["memories"]])]
    lines += [f"State that learning needs: {found['state_buffer_bits']} bits, whatever the length of a sample.", "",
              "## Cycles", "",
              "Silent: no event at all. Full: every input in every step, every window learned from.", "",
              *_of_mean(found["cycles"]["sample_mean"])]
    lines += _rows(("block", "lanes", "step, silent", "step, full", "window's end, full", "sample, silent",
                    "sample, full"),
                   [(b, lanes, c["step_silent"], c["step_full"], c["update_full"], c["sample_silent"],
                     c["sample_full"])
                    for b, (lanes, c) in enumerate(zip(found["lanes"], found["cycles"]["blocks"], strict=True))])
    return "\n".join(lines)
