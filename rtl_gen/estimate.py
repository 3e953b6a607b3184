"""What a network costs in hardware, by formula and before any synthesis: memories, and cycles.

Memories are those of the components, each with its depth and width; how many block RAMs or LUTs one takes follows from
the shapes a 7-series part offers (Xilinx UG473, tables 1-1 to 1-4; UG474, table 2-3) and from what Yosys prefers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .contract.arithmetic import feedback_max, index_bits, signed_bits
from .contract.block import BlockSpec
from .contract.protocol import MAILBOX_RX_DEPTH, MAILBOX_TX_DEPTH
from .contract.spec import NetworkSpec
from .feedback import latency

__all__ = ["Cycles", "MemoryEstimate", "cycles", "distributed_luts", "mailbox_memories", "memories", "ramb18"]

# Depth and width a block RAM can take; the deepest first.
_RAMB18_SHAPES = ((1 << 14, 1), (1 << 13, 2), (1 << 12, 4), (1 << 11, 9), (1 << 10, 18), (1 << 9, 36))
_RAMB36_SHAPES = ((1 << 15, 1), (1 << 14, 2), (1 << 13, 4), (1 << 12, 9), (1 << 11, 18), (1 << 10, 36), (1 << 9, 72))
# Depth and width of four LUTs as a simple dual-port RAM (RAM32M, RAM64M).
_DISTRIBUTED_SHAPES = ((64, 3), (32, 6))
_LUTS_OF_DISTRIBUTED = 4
# Yosys weighs a RAMB18 as 129 and four LUTs of distributed RAM as 8 (its xilinx/brams and lutrams descriptions).
_RAMB18_COST, _DISTRIBUTED_COST = 129, 8


@dataclass(frozen=True, kw_only=True)
class MemoryEstimate:
    """One memory of the design.

    Attributes
    ----------
    name
        Block and role.
    depth, width
        Words, and bits of one.
    ramb36
        Block RAMs of 36 kbit, in halves.
    lut
        LUTs of distributed RAM.
    """

    name: str
    depth: int
    width: int
    ramb36: float
    lut: int


def _tiles(depth: int, width: int, shapes: tuple[tuple[int, int], ...]) -> int:
    return min(-(-depth // d) * -(-width // w) for d, w in shapes)


def ramb18(depth: int, width: int) -> int:
    """Block RAMs, in units of 18 kbit, that hold ``depth`` words of ``width`` bits in the best single shape."""
    return min(_tiles(depth, width, _RAMB18_SHAPES), 2 * _tiles(depth, width, _RAMB36_SHAPES))


def distributed_luts(depth: int, width: int) -> int:
    """LUTs that hold ``depth`` words of ``width`` bits, without the multiplexers behind them."""
    return _LUTS_OF_DISTRIBUTED * _tiles(depth, width, _DISTRIBUTED_SHAPES)


def _place(name: str, depth: int, width: int, style: str = "auto") -> MemoryEstimate:
    """Where a memory goes: where its directive says, else where it is cheaper."""
    halves, luts = ramb18(depth, width), distributed_luts(depth, width)
    if style == "auto":
        cheaper = luts // _LUTS_OF_DISTRIBUTED * _DISTRIBUTED_COST < halves * _RAMB18_COST
        style = "distributed" if cheaper else "block"
    block = style == "block"
    return MemoryEstimate(name=name, depth=depth, width=width, ramb36=halves / 2 if block else 0,
                          lut=0 if block else luts)


def memories(spec: NetworkSpec) -> tuple[MemoryEstimate, ...]:
    """The memories of all blocks of one layer each; queues of a few words are not among them."""
    return tuple(memory for b, block in enumerate(spec.blocks) for memory in _block_memories(f"block{b}", block))


def _block_memories(name: str, block: BlockSpec) -> list[MemoryEstimate]:
    layer, readout, directives = block.layers[0], block.readout, block.directives
    lanes = directives.lanes
    groups = -(-layer.outputs // lanes)
    index = index_bits(layer.inputs)
    found = [
        _place(f"{name}.weights", groups * layer.rows, lanes * layer.weights.stored_bits, directives.memory),
        _place(f"{name}.membranes", groups, lanes * layer.neuron.membrane_bits),
        _place(f"{name}.spikes", groups, lanes),
        _place(f"{name}.events", 2 << index, index),
        *(_place(f"{name}.seen{bank}", layer.inputs, 1, "distributed") for bank in range(2)),
        _place(f"{name}.readout", readout.inputs, readout.classes * readout.stored_bits),
    ]
    if directives.learning:
        found += [
            _place(f"{name}.masks", layer.inputs, block.window),
            _place(f"{name}.row_list", layer.inputs, index),
            _place(f"{name}.gates", groups * block.window, lanes * (layer.surrogate.gate_bits + 1)),
            _place(f"{name}.feedback", groups, lanes * signed_bits(feedback_max(block, 0)), "distributed"),
        ]
    return found


def mailbox_memories() -> tuple[MemoryEstimate, ...]:
    """The queues of a :class:`rtl_gen.mailbox.MailboxCore`; a queue keeps its first word in a register."""
    width = 32 + 1              # a beat, and its mark of the last
    return (_place("mailbox.tx", MAILBOX_TX_DEPTH - 1, width), _place("mailbox.rx", MAILBOX_RX_DEPTH - 1, width))


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
        """Of a step with ``events`` distinct input events: a weight word each, for each group."""
        return self.groups * max(1, self.bias + events) + max(0, 4 - self.groups)

    def update(self, rows: int, steps: int) -> int:
        """Of the end of a window of ``steps``, with ``rows`` inputs active in it and every group holding credit."""
        overhead = self.UPDATE_OVERHEAD + self.RANDOM * self.random_layer
        return self.groups * (steps + self.bias + rows + overhead)

    def readout(self, steps: int) -> int:
        """Of a window's end before the update: errors class by class, feedback neuron by neuron."""
        counted = self.groups * (steps + 2) if self.readout_learned else 0
        pipeline = latency(learned=self.readout_learned, classes=self.classes) + self.RANDOM * self.random_readout
        return self.classes + self.neurons + counted + self.READOUT_OVERHEAD + pipeline

    def sample(self, events: Sequence[int], rows: Sequence[int] | None) -> int:
        """Of a sample with so many events in each step; with so many active rows in each window, if it is learned from.

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
