"""The reverse pass of a folded block: credits of all its layers, from the last to the first, before any is learned."""

from collections.abc import Iterator, Sequence

from ...plan import BlockPlan
from ..refusals import Refusal
from .credit_memories import CreditMemories
from .reach import aligned

__all__ = ["FoldedCredits", "misread"]


class FoldedCredits(CreditMemories):
    """The reverse pass, with the memories of what it finds."""

    FETCH = 3               # cycles from a word to the next, at least
    OPENS = 5               # from there to the first word of what had to wait for it

    def refusals(self, index: int) -> Iterator[Refusal]:
        """Why it cannot serve the block."""
        for number in range(self.block.depth):
            yield from misread(self.plan, number, index)
            columns = self.block.layers[number].columns
            if any(self.block.layers[other].columns != columns for other in self.added_to(number)):
                yield Refusal(
                    line="Currents of a layer of a block that is to learn on chip must be added to those of layers "
                         f"with as many filters, and those of layer {number} of block {index} are added to others; "
                         "take these, or evaluate it on torch or the reference",
                    what="residual currents", places=(f"block {index} layer {number}",),
                    change="currents that are added to layers of the same filters")

    def cycles(self, entries: Sequence[Sequence[Sequence[int]]], steps: int,
               feedback: Sequence[int] | None = None) -> int:
        """Cycles from the start until all credits are in memory.

        Parameters
        ----------
        entries
            Words of weights that are read for each word of neurons: [layer][position][word], of the window's ``steps``
            positions. What the block's own benches hold it to, by the cycle, is with all feedback there at the start.
        steps
            Steps of the window.
        feedback
            Cycles until the feedback of each word of the last layer is there; without it all is at the start.
        """
        take, entries_before = 2, self.FETCH    # cycles of the words, and what the one before was walked for
        scanned = -self.parts - self.scan_cycles
        through: list[int] = []
        for number in reversed(range(self.block.depth)):
            recurrent = self.block.layers[number].synapses.recurrent
            for position in reversed(range(steps)):
                if through and (recurrent or position == steps - 1):
                    take, entries_before = through[-1] + self.OPENS - self.FETCH, self.FETCH
                for word, walked in enumerate(entries[number][position]):
                    take = max(take + max(entries_before, self.FETCH), through[-self.AHEAD] + 1
                               if len(through) >= self.AHEAD else 0)
                    if feedback is not None and number == self.block.depth - 1 and position == steps - 1:
                        take = max(take, feedback[word])
                    entries_before = max(1, walked)
                    # Its sums have come; then a part a cycle.
                    scanned = max(take + entries_before + 2 + self.latency + 1,
                                  scanned + self.parts + (0 if word else self.scan_cycles))
                    through.append(scanned + self.parts + self.scan_cycles)
        return through[-1] + 1


def misread(plan: BlockPlan, number: int, index: int) -> Iterator[Refusal]:
    """Why nothing learns where what reads the layer ``number`` takes it for another grid; nothing where it does not."""
    if aligned(plan, number):
        return
    if number == plan.block.depth - 1:
        yield Refusal(
            line="A readout that pools a grid must, in a block that is to learn on chip, pool the grid that the last "
                 f"layer is, and that of block {index} pools another; take none, or hardware.learning false for the "
                 "block, or evaluate it on torch or the reference",
            what="a readout that pools another grid", places=(f"readout of block {index}",),
            change="a readout that pools the layer's own grid")
    else:
        yield Refusal(
            line="What reads a layer as a grid must, in a block that is to learn on chip, read the grid that the layer "
                 f"is, and what reads layer {number} of block {index} has another; cut the block there, or evaluate it "
                 "on torch or the reference",
            what="a layer read as another grid", places=(f"block {index} layer {number}",),
            change="grids that are the layers' own")
