"""What a window asks of the engine that learns from it, by what the reference found, and the cycles that takes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.declared import engines_of
from rtl_gen.contract.engines.folded.credits import FoldedCredits
from rtl_gen.contract.engines.folded.reach import feedback_words, places_seeing
from rtl_gen.contract.engines.folded.reverse import FoldedReverse
from rtl_gen.contract.engines.folded.reverse_cycles import LayerWork, UpdateCycles
from rtl_gen.contract.engines.readout import Readout
from rtl_gen.contract.plan import BlockPlan, LayerPlan, words_of

from .reference.backward import Credit
from .reference.grid import spread
from .reference.window import Window

__all__ = ["WindowWork", "by_word"]

READ = 3                    # cycles from asking for a word's credits in memory to the first of them
HANDED = 6                  # from credits to their walk, and from its end to the next step
FORGOTTEN = 3               # cycles of forgetting the rows of a dense layer, beside the rows, which were read ahead


def by_word(layer: LayerPlan, values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Values of neurons, (R, outputs), as (R, words, lanes); lanes to spare hold 0."""
    padded = np.zeros((len(values), layer.words * layer.lanes), values.dtype)
    padded[:, layer.slots] = values
    return padded.reshape(len(values), layer.words, layer.lanes)


class WindowWork:
    """Cycles of the windows of a block.

    Parameters
    ----------
    plan
        The block.
    """

    def __init__(self, plan: BlockPlan) -> None:
        self._plan, self._block = plan, plan.block
        self._learning, self._readout = engines_of(plan.block).learning, Readout(plan)
        self._fed = feedback_words(plan)

    def cycles(self, window: Window, credits: Sequence[Credit] | None) -> int:
        """From when its errors are known until it is dealt with; it is only forgotten where there are no credits."""
        if self._plan.flat:
            return self._flat(window, credits)
        return self._folded(window, credits)

    def walked(self, window: Window) -> int:
        """Cycles in which the readout walks its rows."""
        return self._readout.walk_cycles(self._block.readout.rows, self._gated(window))

    def _gated(self, window: Window) -> list[bool] | None:
        """Which neurons had a gate or fired, where the readout passes others over."""
        if not self._readout.passes_over:
            return None
        (traces,) = window.traces
        return ((traces.gates != 0) | (traces.spikes != 0)).any(axis=0).tolist()

    def _flat(self, window: Window, credits: Sequence[Credit] | None) -> int:
        (layer,), active = self._plan.layers, window.seen[0] > 0
        rows = int(active.any(axis=0).sum())
        if credits is None:
            return max(1, rows + layer.layer.weights.bias) + FORGOTTEN
        credited = by_word(layer, credits[0].current).any(axis=(0, 2))
        gated = self._gated(window)
        there = [self._readout.feedback_of(word, gated) for word in range(layer.words)]
        return self._learning.cycles(rows, len(active), int(active.sum()), credited.tolist(), there)

    def _folded(self, window: Window, credits: Sequence[Credit] | None) -> int:
        reverse: FoldedReverse = self._learning
        steps, total = len(window.read), HANDED - (credits is None)
        work = [self._layer_work(number, window, None if credits is None else credits[number], reverse)
                for number in range(self._block.depth)]
        fetch = steps * words_of(self._plan.lanes, reverse.load_lanes) + (reverse.fetched if reverse.scans else READ)
        random = any(layer.update.rounding == "stochastic" for layer in self._block.layers)
        there = [0 if word is None else self._readout.feedback_cycles(word) for word in self._fed]
        update = UpdateCycles(self._plan, [sources.parts for sources in reverse.sources], drawing=2 * random,
                              fetch=fetch, there=there if reverse.scans else None).of(
                                   work, steps, learns=credits is not None)
        if credits is None or reverse.scans:
            return total + update
        engine = FoldedCredits(self._plan)
        return total + update + engine.cycles(self._entries(engine, window, credits), steps, there)

    def _layer_work(self, number: int, window: Window, credit: Credit | None, reverse: FoldedReverse) -> LayerWork:
        """What there is to learn from in a layer."""
        layer, sources, steps = self._plan.layers[number], reverse.sources[number], len(window.read)
        told = np.zeros((steps, layer.layer.outputs), bool)
        if credit is not None:
            told = credit.current != 0
            if layer.layer.neuron.threshold_shift is not None:
                told |= (window.traces[number].gates * credit.feedback) != 0
        credited = by_word(layer, told).any(axis=(0, 2)).tolist()
        silent = ~by_word(layer, window.traces[number].gates).any(axis=(0, 2))
        if number == self._block.depth - 1:
            silent |= [word is None for word in self._fed]
        # The cycles of a source's counts: a cycle for each bit.
        counts = np.hstack([window.seen[number], window.own[number]]).astype(np.int64)
        bits = sum((counts >> bit & 1) for bit in range(reverse.count_bits)).sum(axis=0)
        pixels: list[list[int]] = []
        if not sources.listed:
            grid, width = layer.layer.synapses, reverse.occupied.width
            for pixel in bits.reshape(grid.height * grid.width, grid.channels):
                pixels += [[int(many) for many in pixel[part * width:(part + 1) * width] if many]
                           for part in range(sources.parts)]
        listed = self._listed(number, counts)
        return LayerWork(credited=credited, rows=bits[listed].tolist(), pixels=pixels,
                         silent=silent.tolist() if reverse.scans else None)

    def _listed(self, number: int, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sources with ``counts``, (R, sources), in the order of a dense layer's list: as they came first.

        Inputs of the block come while the step before is computed, before that has own spikes; those of other layers
        come behind them.
        """
        own = np.arange(counts.shape[1]) >= self._plan.layers[number].layer.synapses.inputs
        came = np.lexsort((own if number == 0 else ~own, (counts > 0).argmax(axis=0)))
        return came[counts[:, came].any(axis=0)]

    def _entries(self, engine: FoldedCredits, window: Window, credits: Sequence[Credit]) -> list[list[list[int]]]:
        """Words of weights that are read for each word of neurons in the reverse pass: [layer][position][word]."""
        found = []
        for number, layer in enumerate(self._plan.layers):
            gated = window.traces[number].gates > 0
            reads = np.zeros(gated.shape, np.int64)
            if number < self._block.depth - 1:
                above = self._plan.layers[number + 1]
                reached = spread(above.layer.pool, places_seeing(above)[None, :above.layer.synapses.inputs])
                reads += np.where(gated, reached * self._alive(engine, number + 1, credits)[:, None], 0)
            if layer.layer.synapses.recurrent:
                reads[:-1] += np.where(gated[:-1], self._alive(engine, number, credits)[1:, None], 0)
            found.append(by_word(layer, reads).sum(axis=2).tolist())
        return found

    def _alive(self, engine: FoldedCredits, number: int, credits: Sequence[Credit]) -> NDArray[np.int64]:
        """Column words of a layer that are walked at each position, (R,): where they are listed those with a credit."""
        layer, told = self._plan.layers[number], credits[number].current != 0
        if not engine.is_listed(number):
            return np.full(len(told), layer.column_words)
        return by_word(layer, told).any(axis=2).sum(axis=1)
