"""The report of a build: what it takes of the board, what each block is made of, whether it was proven."""

from pathlib import Path
from typing import Any

from board.build import NETWORK
from board.plan import verify
from rtl_gen.contract.network_file import read
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.estimate import cycles

from ..runs.find import NETWORK as RUN_NETWORK
from .figures import against, axis
from .findings import learning, read_object, verification
from .page import Page, Section
from .parts import Bars, Paragraph, Part, Table, Tiles, number
from .target import run_of

REPORT = "report.json"
FORWARD = "forward: events, membranes, spikes"
ROLES = {"weights": "weights", "readout": "weights", "masks": "state for learning", "row_list": "state for learning",
         "gates": "state for learning", "spike_counts": "state for learning", "occupied": "state for learning",
         "gated": "state for learning",
         **dict.fromkeys(("feedback", "credits", "deltas", "reverse_credits", "credit_counts", "carried_credits",
                          "lasting_credits", "flow_credits", "injected", "injected_credits", "reverse_feedback",
                          "own_feedback", "alive_words", "alive_counts", "level_feedback", "reach_down",
                          "reach_across"), "learning, within an update"),
         "tx": "queues to and from the host", "rx": "queues to and from the host", "": FORWARD}


def page(folder: Path) -> Page:
    """The report of the build in ``folder``.

    Raises
    ------
    board.plan.BuildError
        If the folder is no build, or a file in it is not as it was built.
    """
    manifest = verify(folder)
    found = read_object(folder / REPORT, ("name", "board", "resources", "budget", "amounts", "cycles", "memories",
                                          "estimate"), "snnfpga build")
    network = read(folder / NETWORK)
    return Page(f"Build {found['name']} for {found['board']}",
                f"A network as hardware for the {found['part']}: what it takes, how fast it is, whether it was proven.",
                (_glance(folder, found), _resources(folder, found), _blocks(folder, found, network.spec),
                 _steps(folder, network.spec), _memories(folder, found), verification(folder, manifest["digest"]),
                 learning(run_of(network), RUN_NETWORK)))


def _mean(found: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Cycles of samples of the network's own data, where they were measured."""
    if found is None:
        return []
    learning = "" if found["learning"] is None else f" / {number(round(found['learning']))}"
    return [(f"{number(round(found['running']))}{learning}", "cycles of a mean sample of the data it was trained on, "
             "as the reference measured it" + (": run / learned from" if learning else ""))]


def _glance(folder: Path, found: dict[str, Any]) -> Section:
    least, most = found["cycles"]["sample_silent"], found["cycles"]["sample_full"]
    clock = found["clock_mhz"]
    return Section("At a glance", "The build in numbers. Cycles are by formula, for a sample of the greatest length: "
                   "without any event, and with every input active in every step and every window learned from.", (
        Tiles([(f"{found['board']}", f"part `{found['part']}`, top module `{found['top']}`"),
               (", ".join(str(lanes) for lanes in found["lanes"]), "lanes of each block: neurons computed at a time"),
               (f"{number(least)} .. {number(most)}", "cycles of a sample, silent .. full"),
               (f"{number(least / clock)} .. {number(most / clock)} µs", f"the same at {clock:g} MHz, the clock that "
                "is asked for; place and route says whether it is reached. This is the core alone: on the board the "
                "processor hands it every event through registers, which takes longer"),
               *_mean(found["cycles"].get("sample_mean")),
               (f"{number(found['state_buffer_bits'])} bits", "state for learning, whatever the length of a "
                "sample")]),), (folder / REPORT,))


def _resources(folder: Path, found: dict[str, Any]) -> Section:
    budget, resources = found["budget"], found["resources"]
    names = {key: f"{amount['label']}: {amount['about']}" for key, amount in found["amounts"].items()}
    about = "What the design takes of the board's part. Look for every bar to stay well below its end."
    if resources is None:
        rows = [(f"{names[key]}, memories by formula", taken, budget[key]) for key, taken in found["estimate"].items()]
        parts: tuple[Part, ...] = (Bars(rows), Paragraph(
            "Not synthesised: logic, registers and multipliers are not counted here. `snnfpga build` without "
            "`--no-synthesis` counts them with Yosys."))
        return Section("Resources", about, parts, (folder / REPORT,))
    words = "As Yosys maps the design; there was no place and route."
    if found["logic_delay_ps"] is not None:
        words += (f" The longest path through cells alone takes {found['logic_delay_ps'] / 1000:.2f} ns; routing comes "
                  "on top of it, so this is no clock period.")
    bars = Bars([(name, resources[key], budget[key]) for key, name in names.items()])
    return Section("Resources", about, (bars, Paragraph(words)), (folder / REPORT,))


def _blocks(folder: Path, found: dict[str, Any], spec: NetworkSpec) -> Section:
    about = ("A column for each block. All blocks work at the same time, so the slowest sets the pace. A block "
             "computes a group of neurons at a time, as many as it has lanes, and takes a cycle for each event and "
             "group.")
    kinds = [_facts(found, spec, index) for index in range(len(spec.blocks))]
    rows = [(name, *(facts[name] for facts in kinds)) for name in kinds[0]]
    header = ("", *(f"block {index}" for index in range(len(kinds))))
    return Section("Blocks", about, (Table(header, rows),), (folder / REPORT, folder / NETWORK))


def _facts(found: dict[str, Any], spec: NetworkSpec, index: int) -> dict[str, object]:
    block, cost = spec.blocks[index], found["cycles"]["blocks"][index]
    own = [memory for memory in found["memories"] if memory["name"].startswith(f"block{index}.")]
    return {
        "inputs → neurons": " → ".join(str(size) for size in (block.inputs, *(la.outputs for la in block.layers))),
        "learns on chip": "yes" if block.directives.learns else "no", "window K": number(block.window),
        "lanes": number(block.directives.lanes), "groups": number(cost["groups"]),
        "weight words read in a cycle": number(block.directives.reads),
        "cycles of an active row in learning": "1" if block.directives.unroll else "1 a step it was active",
        "events that may wait in front": number(block.directives.ahead),
        "rows of weights": number(sum(layer.rows for layer in block.layers)),
        "cycles of a step, silent": number(cost["step_silent"]), "cycles of a step, full": number(cost["step_full"]),
        "cycles of a window's end, full": number(cost["update_full"]),
        "cycles of a sample, full": number(cost["sample_full"]),
        "bits of all memories": number(sum(_bits(memory) for memory in own)),
        **{f"{label}, by formula": number(sum(memory["takes"][key] for memory in own))
           for key, label in _places_of_memories(found)},
        "state for learning, bits": number(found["state_buffer_bits_of_blocks"][index]),
    }


def _places_of_memories(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and labels of the amounts that memories take."""
    return [(key, found["amounts"][key]["label"]) for key in found["estimate"]]


def _steps(folder: Path, spec: NetworkSpec) -> Section:
    about = ("Cycles by formula against how much happens: a silent step costs next to nothing, and a step of a sparse "
             "sample lies near the left edge. The end of a window costs one pass over the inputs that were active in "
             "it, for each group.")
    steps, ends = {}, {}
    places = _places(max(block.inputs for block in spec.blocks))
    for index, block in enumerate(spec.blocks):
        cost, name = cycles(block), f"block {index}"
        reached = [place for place in places if place <= block.inputs]
        steps[name] = [cost.forward(place) for place in reached]
        if block.directives.learns:
            ends[name] = [cost.readout + cost.update(place, block.window) for place in reached]
    taken = axis("cycles", rangemode="tozero")
    parts: list[Part] = [against("Cycles of a step", axis("input events in the step"), taken, places, steps)]
    if ends:
        active = axis("inputs active in the window, each in a step")
        parts.append(against("Cycles of a window's end", active, taken, places, ends))
    return Section("Work follows events", about, tuple(parts), (folder / NETWORK,))


def _places(inputs: int, most: int = 100) -> list[int]:
    """0 .. ``inputs``, at most about ``most`` of them."""
    return sorted({*range(0, inputs + 1, max(1, inputs // most)), inputs})


def _memories(folder: Path, found: dict[str, Any]) -> Section:
    about = ("Every memory of the design by formula, by what it is for. Weights should be most of the bits; what "
             "learning adds stands by itself.")
    whole = sum(_bits(memory) for memory in found["memories"])
    bars, tables, places = [], [], _places_of_memories(found)
    for role in dict.fromkeys(ROLES.values()):
        own = sorted((memory for memory in found["memories"] if _role(memory) == role), key=_bits, reverse=True)
        if own:
            bars.append((f"{role}, bits", sum(_bits(memory) for memory in own), whole))
            tables.append(Table(("memory", "words × bits", *(label for _, label in places)), [
                (memory["name"], f"{number(memory['depth'])} × {number(memory['width'])}",
                 *(memory["takes"][key] for key, _ in places)) for memory in own], caption=role))
    return Section("Memories", about, (Bars(bars), *tables), (folder / REPORT,))


def _bits(memory: dict[str, Any]) -> int:
    return memory["depth"] * memory["width"]


def _role(memory: dict[str, Any]) -> str:
    # Of several of a kind each has a number.
    return ROLES.get(memory["name"].split(".")[-1].rstrip("0123456789"), FORWARD)
