"""LUTs of a whole design for a 7-series part, by a formula that was fitted to designs as Yosys maps them.

What the memories in LUTs take is known exactly and not fitted. The rest is a sum of what the engines have: bits of
lanes, of windows and of classes, each times a number of LUTs a bit that ``benchmarks/resource_fit.py`` found.
"""

from collections import Counter

from rtl_gen.contract.arithmetic import (
    answer_max,
    current_max,
    delta_max,
    feedback_max,
    lasting_credit_max,
    level_max,
    readout_delta_max,
    signed_bits,
)
from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.declared import engines_of
from rtl_gen.contract.engines.learning.reverse import Reverse
from rtl_gen.contract.memories import MemoryDeclaration
from rtl_gen.contract.plan import plan_of
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.estimate import memories

from ..part import Logic
from .folded_logic import FOLDED_TERMS, of_folded
from .logic_fit import DESIGNS, ERROR, LUTS
from .memories import place

__all__ = ["TERMS", "fitted", "memory_luts", "terms"]

# What each term counts: the order in which the fit keeps them.
TERMS = {
    "board": "the board's top around a core",
    "design": "a core",
    "blocks": "a block",
    "lanes": "a lane",
    "sums": "a bit of a lane's sum of membrane and current, and of the sum of two weights where two are read",
    "membranes": "a bit of a lane's membrane, and of its current where that lingers",
    "learning": "a block that learns",
    "positions": "a position of the window of a block that learns",
    "update": "a bit of a lane's stored weight and of its window's sum, where it learns",
    "random": "a lane, or a class that a learned readout walks in a cycle, that rounds stochastically",
    "gates": "a bit of a gate times a bit of its feedback, in each lane of the credit scan",
    "window": "a bit of a lane's credit at each position of the window but three, where it is unrolled",
    "answers": "a bit of the sums that spikes add to, all classes",
    "readout": "a bit of a class's stored readout weight and of its change, for each that is walked in a cycle",
    "rows": "a bit that is chosen among memories one below another",
    **FOLDED_TERMS,
}
# Words of one row of memories: of block RAMs in their widest shape that Yosys takes for deep memories, and of LUTs.
_WORDS_IN_BLOCK, _WORDS_IN_LUTS = 1024, 64
_UNROLLED = 3       # positions that are summed in what a row that is not unrolled takes as well


def fitted(spec: NetworkSpec) -> Logic:
    """LUTs of the whole design, board's top and all, by the fit."""
    much = memory_luts(spec) + sum(LUTS[name] * amount for name, amount in terms(spec).items())
    return Logic(amount="lut", much=much, error=ERROR, origin=(
        f"the largest error of {DESIGNS} designs that Yosys mapped (docs/results/resource_fit.json)"))


def memory_luts(spec: NetworkSpec) -> float:
    """LUTs that the network's memories take by formula."""
    return sum(place(memory)["lut_as_memory"] for memory in memories(spec))


def terms(spec: NetworkSpec) -> dict[str, float]:
    """How much a network has of each of :data:`TERMS`."""
    chosen = sum(memory.ports * _chosen_bits(memory) for memory in memories(spec))
    found: Counter[str] = Counter({"board": 1, "design": 1, "rows": chosen})
    for block in spec.blocks:
        found.update(_of_block(block, spec.max_steps))
    return {name: float(found[name]) for name in TERMS}


def _of_block(block: BlockSpec, max_steps: int) -> dict[str, int]:
    readout, lanes = block.readout, block.directives.lanes
    own = engines_of(block).readout
    walked = own.walk.classes_per_cycle
    found = _of_flat(block) if plan_of(block).flat else of_folded(block)
    found["answers"] = readout.classes * _answer_bits(readout, own.summed_steps(max_steps))
    if block.directives.learns:
        found |= {"learning": 1, "positions": block.window,
                  "random": lanes * any(layer.update.rounding == "stochastic" for layer in block.layers)
                            + walked * (readout.learned and readout.rounding == "stochastic"),
                  "readout": walked * readout.learned * (
                      readout.stored_bits + signed_bits(readout_delta_max(block)))}
    return found


def _of_flat(block: BlockSpec) -> dict[str, int]:
    (layer,), lanes = block.layers, block.directives.lanes
    found = {"blocks": 1, "lanes": lanes,
             "sums": lanes * (signed_bits(layer.neuron.leaked_max + current_max(layer))
                              + (block.directives.reads > 1) * (layer.weights.bits + 1)),
             "membranes": lanes * (layer.neuron.membrane_bits + (0 if layer.current is None else layer.current.bits))}
    if block.directives.learns:
        found |= {"update": lanes * (layer.weights.stored_bits + signed_bits(delta_max(block, 0))),
                  "gates": (Reverse(plan_of(block)).scan_lanes * layer.surrogate.gate_bits
                            * signed_bits(feedback_max(block, 0))),
                  "window": lanes * block.directives.unroll * max(0, block.window - _UNROLLED) * signed_bits(
                      lasting_credit_max(block, 0))}
    return found


def _answer_bits(readout: ReadoutSpec, max_steps: int) -> int:
    """Bits of a class's sum, and of its level where the readout leaks."""
    level = 0 if readout.leak_shift is None else signed_bits(level_max(readout, max_steps))
    return signed_bits(answer_max(readout, max_steps)) + level


def _chosen_bits(memory: MemoryDeclaration) -> int:
    """Bits at the inputs of the choice between memories that lie one below another, but for the first of each."""
    if place(memory)["ramb36"]:
        return (-(-memory.depth // _WORDS_IN_BLOCK) - 1) * memory.width
    return (-(-memory.depth // _WORDS_IN_LUTS) - 1) * memory.width
