"""What a block and the register bus tell each other: its counters' increments, window number and rate, and the seed."""

from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits
from .contract.declared import engines_of
from .contract.plan import plan_of
from .contract.protocol import BLOCK_COUNTERS, BLOCK_CYCLE_COUNTERS
from .contract.spec import NetworkSpec
from .ports import BlockRate

__all__ = ["BlockRegisters", "increment_layout", "largest_increments"]


def largest_increments(spec: NetworkSpec, block: int) -> dict[str, int]:
    """The most that each counter of a block grows by in a cycle."""
    b = spec.blocks[block]
    lanes, reads, classes = b.directives.lanes, b.directives.reads, b.readout.classes
    walked = engines_of(b).readout.walk.classes_per_cycle
    # Of the reverse pass through the layers of a folded block.
    products = 0 if plan_of(b).flat or not b.directives.learns else lanes
    wide = {"synaptic_operations": reads * lanes, "busy_lane_cycles": lanes,
            # Of a membrane, and of a current that lingers.
            "membrane_saturations": lanes * (1 + any(layer.current is not None for layer in b.layers)),
            "readout_operations": classes, "multiplies": classes + products,
            # Forward engine, update engine, and the readout's events and rows.
            "weights_read": (reads + 1) * lanes + 2 * classes + walked + products}
    wide |= dict.fromkeys(("updates", "weights_written", "underflows", "weight_saturations"), lanes + walked)
    return {name: wide.get(name, 1) for name in BLOCK_COUNTERS + BLOCK_CYCLE_COUNTERS}


def increment_layout(spec: NetworkSpec, block: int) -> data.StructLayout:
    """What each counter of a block grows by in a cycle."""
    return data.StructLayout({name: index_bits(most + 1) for name, most in largest_increments(spec, block).items()})


class BlockRegisters(wiring.Signature):
    """A block's side of its registers.

    Members
    -------
    increments : Out(increment_layout)
        What each counter grows by in this cycle.
    window_number : Out(32)
        Windows learned from.
    w_data, w_en : In(32), In(1)
        Set the window number.
    rate : In(BlockRate)
        How it learns.
    seed : In(32)
        The seed of the random words.
    """

    def __init__(self, spec: NetworkSpec, block: int) -> None:
        super().__init__({"increments": Out(increment_layout(spec, block)), "window_number": Out(32),
                          "w_data": In(32), "w_en": In(1), "rate": In(BlockRate()), "seed": In(32)})
