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

    OVERHEAD = 13               # cycles of a window's end: decide, pipeline, hand over

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
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """Its weights."""
        return (self.weights,)

    def cycles(self, steps: int) -> int:
        """Cycles of a window's end before the update: errors class by class, feedback neuron by neuron."""
        readout = self.block.readout
        counted = self.plan.readout_words * (steps + 2) if readout.learned else 0
        pipeline = feedback_latency(learned=readout.learned, classes=readout.classes)
        if readout.learned and readout.rounding == "stochastic":
            pipeline += RANDOM_CYCLES
        return readout.classes + readout.inputs + counted + self.OVERHEAD + pipeline
