"""What there is to do in the layers of a folded block, and the cycles that takes by formula.

A dense layer reads a word of weights for each of its words of neurons and each event; a convolution for each place
whose kernel sees the event, and each word of filters. So what counts is *entries*: events, each as often as there are
places that see it.
"""

from collections.abc import Sequence

from ...division import GridDivisions
from ...plan import BlockPlan, LayerPlan, words_of
from ..readout import Readout
from .forward import FoldedForward
from .reach import places_seeing
from .reverse import FoldedReverse

__all__ = ["FoldedWork"]


class FoldedWork:
    """Cycles of a folded block by the entries of its layers.

    Parameters
    ----------
    plan
        The block, and where everything of it lies.
    """

    def __init__(self, plan: BlockPlan) -> None:
        self.plan = plan
        self._forward, self._reverse = FoldedForward(plan), FoldedReverse(plan)

    @property
    def full(self) -> tuple[int, ...]:
        """Entries of a step in which every input came and every neuron fired, for each layer."""
        return tuple(int(places_seeing(layer).sum()) * layer.layer.largest_event for layer in self.plan.layers)

    def step(self, entries: Sequence[float]) -> float:
        """Cycles of a step with so many entries in each layer: those of a silent step, and a cycle for each word.

        What entries wait for each other, or a layer for the last spikes of the one before, is not in it.
        """
        silent = self._forward.cycles([(0, ())] * len(self.plan.layers))
        return silent + sum(self._walk(layer, many) for layer, many in zip(self.plan.layers, entries, strict=True))

    def _walk(self, layer: LayerPlan, entries: float) -> float:
        """Cycles that the entries of a layer take beside what a silent layer does."""
        synapses = layer.layer.synapses
        if synapses.kind == "conv":
            grid = GridDivisions(synapses.height, synapses.width, synapses.channels)
            return layer.column_words * entries + min(1, entries) * (grid.latency + self._forward.TAP_OVERHEAD)
        heads = (layer.layer.neuron.threshold_shift is not None) + layer.layer.weights.bias
        return layer.words * (max(1, heads + entries) - max(1, heads))

    def window(self, entries: Sequence[float], steps: float) -> float:
        """The most cycles of learning from a window of ``steps`` with so many entries in each layer in all of them.

        Every neuron is taken to have a credit, and every hidden one to be told one. Where few are, it is far less.
        """
        updates = sum(self._reverse.layer_cycles(layer, many, steps)
                      for layer, many in zip(self.plan.layers, entries, strict=True))
        # Credits wait for the readout's feedback, word by word; where they are kept, updates wait for all of them.
        feedback = Readout(self.plan).feedback_cycles(self.plan.readout_words - 1)
        if self._reverse.scans:
            return max(updates, feedback)
        return updates + max(self._reverse_pass(steps), feedback)

    def _reverse_pass(self, steps: float) -> float:
        total = 0.0
        for number, layer in enumerate(self.plan.layers):
            words = 0.0
            if number < len(self.plan.layers) - 1:
                above = self.plan.layers[number + 1]
                inputs = above.layer.synapses.inputs
                # Behind a pool each neuron of a square is told what the square is.
                words += float(places_seeing(above)[:inputs].sum()) * layer.layer.outputs / inputs * above.column_words
            if layer.layer.synapses.recurrent:
                words += layer.layer.outputs * layer.column_words
            total += steps * (words + layer.words * words_of(self.plan.lanes, self._reverse.scan_lanes))
        return total
