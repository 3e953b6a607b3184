"""The readout as it declares itself: spikes to answers, answers to errors, errors to feedback."""

from collections.abc import Iterator

from ..memories import MemoryDeclaration
from . import refusals
from .base import Engine

__all__ = ["Readout", "feedback_latency"]

RANDOM_CYCLES = 2               # a random word comes so much later than the weights it rounds


def feedback_latency(*, learned: bool, classes: int) -> int:
    """Cycles from a row of weights to its neuron's feedback: a product, and a tree of sums."""
    return (4 if learned else 1) + (classes - 1).bit_length()


class Readout(Engine):
    """The classifier of a block."""

    OVERHEAD = 8                # cycles of a window's end: the last spikes' way, decide, hand over
    FEEDBACK_OVERHEAD = 3       # of a row of feedback: fetch, write, say so

    def refusals(self, index: int) -> Iterator[refusals.Refusal]:
        """Why it cannot serve the block."""
        yield from refusals.arithmetic(self.block, index)
        if self.block.readout.answer != "all":
            yield refusals.Refusal(
                line="A readout in hardware must answer with the sum over all steps, and that of block "
                     f"{index} answers with its {self.block.readout.answer} window's; evaluate it on torch or the "
                     "reference",
                what="an answer of the last window", places=(f"readout of block {index}",),
                change="learning.answer all")

    @property
    def weights(self) -> MemoryDeclaration:
        """Its weights, a row of all classes for each neuron."""
        readout = self.block.readout
        return MemoryDeclaration("readout", readout.inputs, readout.classes * readout.stored_bits)

    @property
    def counts(self) -> MemoryDeclaration:
        """How often each neuron fired in the loss steps of the window, for a learned readout's own update."""
        return MemoryDeclaration("spike_counts", self.block.readout.inputs, self.block.loss_steps.bit_length(),
                                 window_state=True)

    @property
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """Its weights, and where they are learned the counts of spikes."""
        return (self.weights, self.counts) if self._counts_spikes else (self.weights,)

    @property
    def reset_cycles(self) -> int:
        """Cycles after a reset in which the counts of spikes are cleared, one for each neuron."""
        return self.block.readout.inputs if self._counts_spikes else 0

    @property
    def _counts_spikes(self) -> bool:
        return self.block.readout.learned and self.block.directives.learns

    @property
    def cycles(self) -> int:
        """Cycles of a window's end before its learning begins: errors, class by class."""
        return self.block.readout.classes + self.OVERHEAD

    def feedback_cycles(self, word: int) -> int:
        """Cycles from the first in which the update engine learns until it can read the feedback of a word of neurons.

        Feedback is found neuron by neuron, and each word is there as soon as its last neuron's is.
        """
        readout = self.block.readout
        rows = min((word + 1) * self.plan.lanes, readout.inputs)
        pipeline = feedback_latency(learned=readout.learned, classes=readout.classes)
        if readout.learned and readout.rounding == "stochastic":
            pipeline += RANDOM_CYCLES
        return rows - 1 + pipeline + self.FEEDBACK_OVERHEAD
