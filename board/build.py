"""From a network to a build plan: Verilog, constraints, scripts, driver, network file, report."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rtl_gen.contract import network_file
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.network import Network, spec_digest
from rtl_gen.contract.plan import plan_of
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.measured import NOTE, MeasuredCycles

from . import driver
from .plan import BuildError, BuildPlan
from .registry import Board
from .report import check_counted, check_fit, markdown, report

__all__ = ["CORE", "NETWORK", "Phases", "check_sources", "make_plan", "with_ahead", "with_lanes", "with_memory",
           "with_reads", "with_unroll"]

CORE = "core"                           # top of the core alone, which simulations take
NETWORK = "network.safetensors"
Phases = Callable[[str], object]


def with_lanes(network: Network, lanes: int | Sequence[int]) -> Network:
    """The same network, every block laid out with so many lanes, or each with its own.

    Raises
    ------
    SpecError
        If a number is not one a block can have, or there is not one a block.
    """
    return _directed(network, "lanes", [lanes] if isinstance(lanes, int) else lanes)


def with_reads(network: Network, reads: Sequence[int]) -> Network:
    """The same network, every block reading so many weight words in a cycle, or each its own number.

    Raises
    ------
    SpecError
        If a number is not one a block can have, or there is not one a block.
    """
    found = _directed(network, "reads", reads)
    _check_flat(found.spec, "--reads 2", [block.directives.reads > 1 for block in found.spec.blocks],
                "--reads " + ",".join(str(block.directives.reads if plan_of(block).flat else 1)
                                      for block in found.spec.blocks))
    return found


def with_unroll(network: Network, unroll: bool) -> Network:
    """The same network, every block learning from an active row in one cycle, or in one for each step it was active.

    Raises
    ------
    SpecError
        If it is one cycle, and a block has an engine that cannot.
    """
    _check_flat(network.spec, "--unroll", [unroll] * len(network.spec.blocks),
                "--no-unroll, or hardware.blocks.N.unroll of the others when it is trained")
    return _directed(network, "unroll", [unroll])


def _check_flat(spec: NetworkSpec, asked: str, of_blocks: Sequence[bool], instead: str) -> None:
    """Refuse in one line what is ``asked`` of some blocks, and only flat ones can have."""
    wrong = [str(number) for number, (block, asks) in enumerate(zip(spec.blocks, of_blocks, strict=True))
             if asks and not plan_of(block).flat]
    if wrong:
        raise SpecError(f"{asked} must be for blocks of one layer of each input at each neuron, and "
                        f"{'block' if len(wrong) == 1 else 'blocks'} {', '.join(wrong)} of {len(spec.blocks)} "
                        f"{'is' if len(wrong) == 1 else 'are'} not; take {instead}")


def with_ahead(network: Network, ahead: Sequence[int]) -> Network:
    """The same network, so many events waiting in front of every block, or in front of each its own number.

    Raises
    ------
    SpecError
        If a number is not one a block can have, or there is not one a block.
    """
    return _directed(network, "ahead", ahead)


def with_memory(network: Network, memory: Sequence[str]) -> Network:
    """The same network with the weights of every block in one kind of memory, or of each in its own.

    Raises
    ------
    SpecError
        If there is no such kind, or there is not one a block.
    """
    return _directed(network, "memory", memory)


def _directed(network: Network, name: str, values: Sequence[int] | Sequence[str]) -> Network:
    """The same network with one directive changed: in all blocks alike where there is one value."""
    blocks = network.spec.blocks
    if len(values) not in (1, len(blocks)):
        raise SpecError(f"{name.capitalize()} must be one for all blocks or one for each of the {len(blocks)}, not "
                        f"{len(values)}: {','.join(map(str, values))}")
    each = list(values) * len(blocks) if len(values) == 1 else values
    changed = tuple(replace(block, directives=replace(block.directives, **{name: value}))
                    for block, value in zip(blocks, each, strict=True))
    return replace(network, spec=replace(network.spec, blocks=changed))


def make_plan(network: Network, board: Board, *, notes: Mapping[str, str], synthesis: bool,
              phase: Phases = lambda name: None) -> BuildPlan:
    """Everything of the build but what vendor tools make.

    Parameters
    ----------
    notes
        Facts for people, which travel in the network file.
    synthesis
        Whether Yosys measures the design; it takes most of the time.
    phase
        Told the name of each part of the work as it begins.

    Raises
    ------
    FitError
        If the network does not fit the board's part, by formula or as Yosys counts.
    SpecError
        If it cannot be made into hardware.
    rtl_gen.yosys.YosysError
        If Yosys refuses the design.
    """
    # Amaranth is loaded here, so that the table of a refusal does without it.
    from rtl_gen.core import Core
    from rtl_gen.emit import to_verilog

    spec = network.spec
    check_fit(spec, board)
    phase("core")
    files = {f"{CORE}.v": to_verilog(Core(spec), name=CORE)}
    phase("top")
    design = board.design(spec)
    files |= design.files
    counted = _measure(spec, design.rtlil, board, phase) if synthesis else _NOT_MEASURED
    found = report(spec, board, **counted, measured=MeasuredCycles.from_json(notes.get(NOTE, ""), spec))
    files |= {"report.json": json.dumps(found, indent=1) + "\n", "report.md": markdown(found)}
    contents = {name: text.encode() for name, text in files.items()}
    contents[NETWORK] = _network_bytes(network, notes)
    contents |= {f"driver/{name}": data for name, data in
                 driver.files(network, notes=notes, extra=board.driver, example=board.example).items()}
    return BuildPlan(f"{spec.name}-{board.name}", {
        "board": board.name, "top": board.top, "core": CORE, "network": NETWORK,
        "specification": spec_digest(spec)}, contents)


def check_sources(folder: Path, spec: NetworkSpec, board: Board) -> tuple[str, ...]:
    """Make the board's sources anew and compare them with those in a build folder; gives the names of the files.

    Raises
    ------
    BuildError
        If one is missing or differs in a byte.
    """
    fresh = board.design(spec).files
    for name, text in fresh.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != text.encode():
            raise BuildError(f"File {path} must be what this snnfpga makes of the build's network, and is not: it was "
                             "edited, or made by another snnfpga or Yosys; build again with: snnfpga build")
    return tuple(fresh)


_NOT_MEASURED = {"resources": None, "logic_delay_ps": None}


def _measure(spec: NetworkSpec, rtlil: str, board: Board, phase: Phases) -> dict[str, object]:
    phase("synthesis")
    mapped = board.part.synthesise(rtlil, top=board.top)
    check_counted(spec, board, mapped.resources)
    phase("delay")
    return {"resources": mapped.resources, "logic_delay_ps": board.part.logic_delay_ps(mapped, top=board.top)}


def _network_bytes(network: Network, notes: Mapping[str, str]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="snnfpga-") as folder:
        path = Path(folder) / NETWORK
        network_file.write(path, network, notes=dict(notes))
        return path.read_bytes()
