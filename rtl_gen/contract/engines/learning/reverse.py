"""The truncated window: credits run back through the last K steps, and each active row is updated once."""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from ...arithmetic import feedback_max, index_bits, signed_bits
from ...memories import WEIGHT_LATENCY, MemoryDeclaration
from ...plan import LayerPlan
from .. import refusals
from ..readout import RANDOM_CYCLES
from .base import Learning


class ReverseMemories(NamedTuple):
    """Memories of one layer.

    Attributes
    ----------
    masks, row_list
        For each input, the positions of the window at which it was active; and the inputs that were at all.
    gates
        For each position and word of neurons their gates and spikes.
    feedback
        For each word of neurons the readout's feedback.
    """

    masks: MemoryDeclaration
    row_list: MemoryDeclaration
    gates: MemoryDeclaration
    feedback: MemoryDeclaration


class Reverse(Learning):
    """The update engine of a block, with the window buffer that records for it."""

    # Cycles of a word beside its rows: clear, scan, check, and the last row's way out.
    OVERHEAD = 9 + WEIGHT_LATENCY

    def refusals(self, index: int) -> Iterator[refusals.Refusal]:
        """Why it cannot serve the block."""
        yield from refusals.arithmetic(self.block, index)
        yield from refusals.leaky_readout(self.block, index)
        yield from refusals.lingering_currents(self.block, index)

    @property
    def of_layers(self) -> tuple[ReverseMemories, ...]:
        """Memories of each layer."""
        return tuple(self._of_layer(number, layer) for number, layer in enumerate(self.plan.layers))

    def _of_layer(self, number: int, layer: LayerPlan) -> ReverseMemories:
        window, inputs, gate_bits = self.block.window, layer.inputs, layer.layer.surrogate.gate_bits

        def state(kind: str, depth: int, width: int) -> MemoryDeclaration:
            return MemoryDeclaration(self.plan.name_of(number, kind), depth, width, window_state=True)

        return ReverseMemories(
            masks=state("masks", inputs, window),
            row_list=state("row_list", inputs, index_bits(inputs)),
            gates=state("gates", layer.words * window, layer.lanes * (gate_bits + 1)),
            feedback=MemoryDeclaration(self.plan.name_of(number, "feedback"), layer.words,
                                       layer.lanes * signed_bits(feedback_max(self.block, number)), "distributed"))

    @property
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """Window state and feedback, layer by layer."""
        return tuple(chain.from_iterable(self.of_layers))

    def cycles(self, rows: int, steps: int) -> int:
        """Cycles at the end of a window of ``steps``, with ``rows`` inputs active in it and credit in every word."""
        (layer,) = self.plan.layers
        # Part of a random word is made while the weights are read.
        random = RANDOM_CYCLES + 1 - WEIGHT_LATENCY if layer.layer.update.rounding == "stochastic" else 0
        return layer.words * (steps + layer.layer.weights.bias + rows + self.OVERHEAD + random)


SPEC = Reverse
