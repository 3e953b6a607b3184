"""What a network costs in hardware, by formula and before any synthesis: memories, and cycles.

Memories are those of the components, each with its depth and width; what one takes of a part, the part's device says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .contract.arithmetic import feedback_max, index_bits, signed_bits
from .contract.block import BlockSpec
from .contract.memories import MemoryDeclaration
from .contract.protocol import MAILBOX_RX_DEPTH, MAILBOX_TX_DEPTH
from .contract.spec import NetworkSpec
from .feedback import latency

__all__ = ["Cycles", "cycles", "mailbox_memories", "memories"]


def memories(spec: NetworkSpec) -> tuple[MemoryDeclaration, ...]:
    """The memories of all blocks of one layer each; queues of a few words are not among them."""
    return tuple(memory for b, block in enumerate(spec.blocks) for memory in _block_memories(f"block{b}", block))


def _block_memories(name: str, block: BlockSpec) -> list[MemoryDeclaration]:
    layer, readout, directives = block.layers[0], block.readout, block.directives
    lanes = directives.lanes
    groups = -(-layer.outputs // lanes)
    index = index_bits(layer.inputs)
    found = [
        MemoryDeclaration(f"{name}.weights", groups * layer.rows, lanes * layer.weights.stored_bits, directives.memory),
        MemoryDeclaration(f"{name}.membranes", groups, lanes * layer.neuron.membrane_bits),
        MemoryDeclaration(f"{name}.spikes", groups, lanes),
        MemoryDeclaration(f"{name}.events", 2 << index, index),
        *(MemoryDeclaration(f"{name}.seen{bank}", layer.inputs, 1, "distributed") for bank in range(2)),
        MemoryDeclaration(f"{name}.readout", readout.inputs, readout.classes * readout.stored_bits),
    ]
    if directives.learning:
        found += [
            MemoryDeclaration(f"{name}.masks", layer.inputs, block.window),
            MemoryDeclaration(f"{name}.row_list", layer.inputs, index),
            MemoryDeclaration(f"{name}.gates", groups * block.window, lanes * (layer.surrogate.gate_bits + 1)),
            MemoryDeclaration(f"{name}.feedback", groups, lanes * signed_bits(feedback_max(block, 0)), "distributed"),
        ]
    return found


def mailbox_memories() -> tuple[MemoryDeclaration, ...]:
    """The queues of a :class:`rtl_gen.mailbox.MailboxCore`; a queue keeps its first word in a register."""
    width = 32 + 1              # a beat, and its mark of the last
    return (MemoryDeclaration("mailbox.tx", MAILBOX_TX_DEPTH - 1, width),
            MemoryDeclaration("mailbox.rx", MAILBOX_RX_DEPTH - 1, width))


@dataclass(frozen=True, kw_only=True)
class Cycles:
    """Cycles of one block, as functions of what there is to do. Blocks work at the same time.

    Attributes
    ----------
    groups, bias
        Groups of lanes; whether a bias row is read.
    window, classes, neurons
        K, classes, and neurons the readout walks.
    readout_learned
        Whether the readout has weights to update.
    random_layer, random_readout
        Whether rows wait for a random word, in the layer and in the readout.
    """

    groups: int
    bias: bool
    window: int
    classes: int
    neurons: int
    readout_learned: bool
    random_layer: bool
    random_readout: bool

    RANDOM = 2                  # cycles a random word comes later than the weights it rounds
    UPDATE_OVERHEAD = 9         # of a group beside its rows: clear, scan, check, and the last row's way out
    DRAIN = 5                   # the forward engine's pipeline, before a window can be learned from
    READOUT_OVERHEAD = 13       # of a window's end: decide, pipeline, hand over
    SAMPLE_OVERHEAD = 26        # first events, last spikes, result; measured, and not exact

    def forward(self, events: int) -> int:
        """Cycles of a step with ``events`` distinct input events: a weight word each, for each group."""
        return self.groups * max(1, self.bias + events) + max(0, 4 - self.groups)

    def update(self, rows: int, steps: int) -> int:
        """Cycles of the end of a window of ``steps``: ``rows`` inputs were active, and every group holds credit."""
        overhead = self.UPDATE_OVERHEAD + self.RANDOM * self.random_layer
        return self.groups * (steps + self.bias + rows + overhead)

    def readout(self, steps: int) -> int:
        """Cycles of a window's end before the update: errors class by class, feedback neuron by neuron."""
        counted = self.groups * (steps + 2) if self.readout_learned else 0
        pipeline = latency(learned=self.readout_learned, classes=self.classes) + self.RANDOM * self.random_readout
        return self.classes + self.neurons + counted + self.READOUT_OVERHEAD + pipeline

    def sample(self, events: Sequence[int], rows: Sequence[int] | None) -> int:
        """Cycles of a sample: its events in each step and, if it is learned from, its active rows in each window.

        What a block waits for others is not in it. Measured samples came within 5 %.
        """
        total = sum(self.forward(count) for count in events) + self.SAMPLE_OVERHEAD
        for number, count in enumerate(rows or ()):
            steps = min(self.window, len(events) - number * self.window)
            total += self.DRAIN + self.readout(steps) + self.update(count, steps)
        return total


def cycles(block: BlockSpec) -> Cycles:
    """Cycles of a block of one layer."""
    layer, readout = block.layers[0], block.readout
    return Cycles(groups=-(-layer.outputs // block.directives.lanes), bias=layer.weights.bias, window=block.window,
                  classes=readout.classes, neurons=layer.outputs, readout_learned=readout.learned,
                  random_layer=layer.update.rounding == "stochastic",
                  random_readout=readout.learned and readout.rounding == "stochastic")
