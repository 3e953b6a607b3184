"""The update engine of a folded block as it declares itself: one window buffer and one walk for all of its layers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...arithmetic import delta_max, index_bits, inject_max, signed_bits, weighed_credit_max
from ...memories import MemoryDeclaration
from ...network import MAX_RATE
from ...plan import LayerPlan, words_of
from .. import refusals
from ..learning.base import Learning
from ..learning.reverse import SCAN_SHARE
from ..readout import Readout
from .credit_memories import has_thresholds, injected_bits
from .credits import FoldedCredits, misread
from .reach import places_seeing
from .reverse_cycles import CHANNELS

__all__ = ["FoldedReverse", "LayerSources"]

FETCH = 4                   # cycles of a word of neurons beside those in which its credits come
LAYER = 24                  # cycles of a layer beside those of its words


@dataclass(frozen=True, kw_only=True)
class LayerSources:
    """How the active sources of a layer are found again.

    Attributes
    ----------
    listed
        Whether they stand in the row list, as a dense layer's do; those of a convolution are found by their pixels.
    base
        Where the layer's part of the list begins, or the words of its pixels.
    parts
        Words of a pixel's channels, a power of two; 1 of a dense layer.
    """

    listed: bool
    base: int
    parts: int


class FoldedReverse(Learning):
    """The update engine of a folded block, with the window buffer that records for it and the credits it learns by."""

    def refusals(self, index: int) -> Iterator[refusals.Refusal]:
        """Why it cannot serve the block."""
        engine = self.block.directives.engine
        if engine != self.kind:
            yield refusals.Refusal(
                line="A block that is not one layer of each input at each neuron must learn by the engine "
                     f"{self.kind}, not {engine} as block {index}; take {self.kind}",
                what="another engine of a folded block", places=(f"block {index}",), change=f"the engine {self.kind}")
        yield from refusals.largest_level(self.block, index)
        yield from misread(self.plan, 0, index) if self.scans else FoldedCredits(self.plan).refusals(index)

    @property
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """Window state, the readout's feedback, credits, and what is gathered of a word of filters."""
        own = (self.masks, self.row_list, self.occupied, self.gates, self.gated, Readout(self.plan).feedback,
               *self.credits(self.load_lanes), *self.injected(self.load_lanes), self.deltas, self.feedback_words)
        kept = () if self.scans else FoldedCredits(self.plan).memories
        return (*(memory for memory in own if memory is not None), *kept)

    def cycles(self, rows: int, steps: int, active: int | None = None, credited: Sequence[bool] | None = None) -> int:
        """Cycles of an update from a window of ``steps``, of about as active sources in all layers as in the first.

        Without finding the credits, where those of several layers are found before. Of a window of which all is known
        :class:`~.reverse_cycles.UpdateCycles` has it to the cycle.
        """
        share = (rows if active is None else active) / self.block.inputs
        credited = [True] * self.all_words if credited is None else credited
        total, word = 0.0, 0
        for layer in self.plan.layers:
            live = sum(credited[word:word + layer.words]) / layer.words
            total += self.layer_cycles(layer, live * share * places_seeing(layer).sum(), live * steps)
            word += layer.words
        return round(total)

    def layer_cycles(self, layer: LayerPlan, entries: float, steps: float) -> float:
        """Cycles of a layer: one for each entry of the window and word of columns, and the words' credits and bias.

        An entry is an event, as often as there are places that see it.
        """
        loads = layer.words * (steps * (words_of(self.plan.lanes, self.load_lanes) + layer.layer.weights.bias) + FETCH)
        written = layer.column_words * layer.rows if layer.layer.synapses.kind == "conv" else 0
        return layer.column_words * entries + loads + written + LAYER

    @property
    def reset_cycles(self) -> int:
        """Cycles after a reset in which what it left of a window is cleared, a word of each memory a cycle."""
        return max(memory.depth for memory in (self.masks, self.occupied, self.deltas) if memory is not None)

    @property
    def load_lanes(self) -> int:
        """Lanes of a word whose credits come in a cycle: a part from a scan, and whole words out of memory."""
        return self.scan_lanes if self.scans else self.plan.lanes

    @property
    def scans(self) -> bool:
        """Whether credits are found as they are asked for; they are kept where a layer's are made of others."""
        (layer, *more) = self.block.layers
        return not more and not layer.synapses.recurrent and not has_thresholds(self.block)

    @property
    def count_bits(self) -> int:
        """Bits of how often a source was active in a step: more than one behind a pool that counts."""
        return max(layer.largest_event.bit_length() for layer in self.block.layers)

    @property
    def mask_bits(self) -> int:
        """Bits of a source's counts at all positions of the window, the first position lowest."""
        return self.block.window * self.count_bits

    @property
    def sources(self) -> tuple[LayerSources, ...]:
        """How the sources of each layer are found."""
        found, listed, pixels = [], 0, 0
        for layer in self.plan.layers:
            synapses, parts = layer.layer.synapses, 1
            if synapses.kind == "conv":
                parts = 1 << (words_of(synapses.channels, CHANNELS) - 1).bit_length()
                found.append(LayerSources(listed=False, base=pixels, parts=parts))
                pixels += synapses.height * synapses.width * parts
            else:
                found.append(LayerSources(listed=True, base=listed, parts=1))
                listed += layer.sources
        return tuple(found)

    def _grids(self) -> Iterator[LayerPlan]:
        return (layer for layer in self.plan.layers if layer.layer.synapses.kind == "conv")

    @property
    def all_sources(self) -> int:
        """Sources of all layers."""
        last = self.plan.layers[-1]
        return last.source_base + last.sources

    @property
    def all_words(self) -> int:
        """Words of neurons of all layers."""
        last = self.plan.layers[-1]
        return last.word_base + last.words

    @property
    def masks(self) -> MemoryDeclaration:
        """How often each source was active at each position."""
        return self._state("masks", self.all_sources, self.mask_bits)

    @property
    def row_list(self) -> MemoryDeclaration | None:
        """The sources of dense layers that were active at all, each layer's behind one another; None without any."""
        listed = sum(layer.sources for layer in self.plan.layers if layer.layer.synapses.kind != "conv")
        return self._state("row_list", listed, index_bits(self.all_sources)) if listed else None

    @property
    def occupied(self) -> MemoryDeclaration | None:
        """A bit for each channel of each pixel that a convolution reads: whether it was active; None without any."""
        words = sum(layer.layer.synapses.height * layer.layer.synapses.width * sources.parts
                    for layer, sources in zip(self.plan.layers, self.sources, strict=True) if not sources.listed)
        channels = max((layer.layer.synapses.channels for layer in self._grids()), default=0)
        return self._state("occupied", words, min(channels, CHANNELS)) if words else None

    @property
    def gates(self) -> MemoryDeclaration:
        """Gates and spikes of each word of neurons at each position."""
        bits = 1 + max(layer.surrogate.gate_bits for layer in self.block.layers)
        return self._state("gates", self.block.window * self.all_words, self.plan.lanes * bits)

    @property
    def gated(self) -> MemoryDeclaration | None:
        """Whether each word of neurons had a gate; None where credits are found before they are asked for."""
        return self._state("gated", self.all_words, 1) if self.scans else None

    @property
    def feedback_words(self) -> MemoryDeclaration | None:
        """The table of the word of feedback of each word of neurons; None without a pooled readout, or where credits
        are found before they are asked for."""
        if not self.scans or self.block.readout.pool is None:
            return None
        return MemoryDeclaration("feedback_words", self.all_words, 1 + index_bits(self.plan.readout_words))

    @property
    def credit_bits(self) -> int:
        """Bits of a credit, in the layer where they are widest."""
        return max(signed_bits(weighed_credit_max(self.block, layer)) for layer in range(self.block.depth))

    @property
    def fetched(self) -> int:
        """Cycles from the last gates that a scan reads of a word to its last credit; one more where currents linger."""
        return 4 + (self.block.layers[0].current is not None)

    @property
    def scan_lanes(self) -> int:
        """Lanes whose credits a scan finds at a time: a part of a word."""
        return words_of(self.plan.lanes, SCAN_SHARE)

    def credits(self, lanes: int) -> tuple[MemoryDeclaration, ...]:
        """For each part of ``lanes`` lanes the credits of two words, at each position."""
        positions = 1 << index_bits(self.block.window)
        return tuple(MemoryDeclaration(f"credits{part}", 2 * positions, lanes * self.credit_bits, "distributed")
                     for part in range(words_of(self.plan.lanes, lanes)))

    def injected(self, lanes: int) -> tuple[MemoryDeclaration, ...]:
        """For each part of ``lanes`` lanes what neurons of two words were given; none without learned thresholds."""
        parts = words_of(self.plan.lanes, lanes) if has_thresholds(self.block) else 0
        return tuple(MemoryDeclaration(f"injected{part}", 2, lanes * injected_bits(self.block), "distributed")
                     for part in range(parts))

    @property
    def row_max(self) -> int:
        """The largest magnitude of a row's sum at one place, in the layer where it is largest."""
        window, found = self.block.window, []
        for number, layer in enumerate(self.block.layers):
            found.append(weighed_credit_max(self.block, number) * window * layer.largest_event)
            if layer.neuron.threshold_shift is not None:
                found.append(inject_max(self.block, number) * window << layer.neuron.threshold_shift)
        return max(found)

    @property
    def delta_max(self) -> int:
        """The largest magnitude of a window's sum, in the layer where it is largest."""
        return max(delta_max(self.block, layer) for layer in range(self.block.depth))

    @property
    def rate_shift(self) -> int:
        """Bits that rounding drops of each layer's sums at a rate of 0, and more of some layers' than these."""
        return min(layer.update.rate_shift for layer in self.block.layers)

    @property
    def most_rate(self) -> int:
        """The largest rate, and what the rate shift of a layer is above :attr:`rate_shift`."""
        return MAX_RATE + max(layer.update.rate_shift for layer in self.block.layers) - self.rate_shift

    @property
    def deltas(self) -> MemoryDeclaration | None:
        """Sums of the rows of a word of filters, and a bit for each whether it is one; None without a convolution."""
        rows = max((layer.rows for layer in self._grids()), default=0)
        bits = self.plan.lanes * (signed_bits(self.delta_max) + 1)
        return MemoryDeclaration("deltas", rows, bits) if rows else None

    def _state(self, kind: str, depth: int, width: int) -> MemoryDeclaration:
        return MemoryDeclaration(kind, depth, width, window_state=True)
