"""What a network costs in hardware, by formula and before any synthesis: memories, and cycles.

Memories are those of the components, each with its depth and width; what one takes of a part, the part's device says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from .contract.block import BlockSpec
from .contract.declared import Engines, engines_of
from .contract.engines.folded.work import FoldedWork
from .contract.memories import MemoryDeclaration
from .contract.plan import plan_of
from .contract.protocol import MAILBOX_RX_DEPTH, MAILBOX_TX_DEPTH
from .contract.spec import NetworkSpec

__all__ = ["Cycles", "FoldedCycles", "cycles", "mailbox_memories", "memories"]


def memories(spec: NetworkSpec) -> tuple[MemoryDeclaration, ...]:
    """The memories that the engines of all blocks declare; queues of a few words are not among them."""
    return tuple(replace(memory, name=f"block{index}.{memory.name}")
                 for index, block in enumerate(spec.blocks) for memory in engines_of(block).memories)


def mailbox_memories() -> tuple[MemoryDeclaration, ...]:
    """The queues of a :class:`rtl_gen.mailbox.MailboxCore`; a queue keeps its first word in a register."""
    width = 32 + 1              # a beat, and its mark of the last
    return (MemoryDeclaration("mailbox.tx", MAILBOX_TX_DEPTH - 1, width),
            MemoryDeclaration("mailbox.rx", MAILBOX_RX_DEPTH - 1, width))


@dataclass(frozen=True)
class Cycles:
    """Cycles of one block, as functions of what there is to do. Blocks work at the same time.

    Attributes
    ----------
    engines
        The engines of the block, each of which knows its own.
    """

    engines: Engines

    SAMPLE_OVERHEAD = 26        # first events, last spikes, result; measured, and not exact

    @property
    def groups(self) -> int:
        """Groups of lanes that the neurons of the block's layers fill."""
        return sum(layer.words for layer in self.engines.forward.plan.layers)

    @property
    def window(self) -> int:
        """Steps of a window."""
        return self.engines.forward.block.window

    @property
    def reset(self) -> int:
        """Cycles after a reset before the block takes anything: it clears what must be 0 before a sample."""
        return max(engine.reset_cycles for engine in self.engines.all)

    def forward(self, events: int) -> int:
        """Cycles of a step with ``events`` distinct input events: a weight word each, for each group."""
        return self.engines.forward.cycles(events)

    def update(self, rows: int, steps: int, active: int | None = None, credited: Sequence[bool] | None = None) -> int:
        """Cycles of learning from a window of ``steps``, with ``rows`` inputs active in it.

        ``active`` is in how many steps each was, summed over all inputs: without it in one. ``credited`` says which
        groups have credit: without it all. They begin when the errors are known, so that waiting for feedback is among
        them.
        """
        return self.engines.learning.cycles(rows, steps, active, credited)

    @property
    def readout(self) -> int:
        """Cycles of a window's end before its learning begins: errors, class by class."""
        return self.engines.readout.learned_cycles

    def sample(self, events: Sequence[int], rows: Sequence[int] | None) -> int:
        """Cycles of a sample: its events in each step and, if it is learned from, its active rows in each window.

        What a block waits for others is not in it. Measured samples came within 5 %.
        """
        total = sum(self.forward(count) for count in events) + self.SAMPLE_OVERHEAD
        for number, count in enumerate(rows or ()):
            steps = min(self.window, len(events) - number * self.window)
            active = sum(events[number * self.window:number * self.window + steps])
            total += self.engines.forward.latency + self.readout + self.update(count, steps, active)
        return total


@dataclass(frozen=True)
class FoldedCycles(Cycles):
    """Cycles of a folded block, all layers of which are taken to be as active as its inputs are."""

    @cached_property
    def work(self) -> FoldedWork:
        """The same by what there is to do in each layer."""
        return FoldedWork(self.engines.forward.plan)

    def _entries(self, events: float) -> list[float]:
        return [full * events / self.engines.forward.block.inputs for full in self.work.full]

    def forward(self, events: int) -> int:
        """Cycles of a step with ``events`` distinct input events, and as large a share of each layer's."""
        return round(self.work.step(self._entries(events)))

    def update(self, rows: int, steps: int, active: int | None = None, credited: Sequence[bool] | None = None) -> int:
        """The most cycles of learning from a window, with as large a share of each layer's sources active in it."""
        return round(self.work.window(self._entries(rows if active is None else active), steps))


def cycles(block: BlockSpec) -> Cycles:
    """Cycles of a block."""
    return (Cycles if plan_of(block).flat else FoldedCycles)(engines_of(block))
