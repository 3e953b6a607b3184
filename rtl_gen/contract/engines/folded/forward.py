"""The folded forward engine as it declares itself: all layers of a block take turns on one of it."""

from collections.abc import Iterator, Sequence

from ...arithmetic import current_max, currents_max, index_bits, signed_bits
from ...division import GridDivisions, pooled_cycles
from ...grid import PoolSpec
from ...memories import WEIGHT_LATENCY, MemoryDeclaration
from ...plan import LayerPlan
from ..base import Engine
from ..forward import ForwardMemories
from ..refusals import Refusal
from ..seen import SeenMemory
from .forward_refusals import ForwardRefusals

__all__ = ["FoldedForward"]


class FoldedForward(Engine):
    """The forward engine of a block whose layers are folded."""

    LEAST_WAITING, MOST_WAITING = 16, 256
    QUEUE_MARKS = 5             # bits of a word of spikes: of what it is, and whether a place, a layer, a sample ends
    FIRE_STAGES = 3             # saturate; above the threshold; spike, gate and what is left

    def refusals(self, index: int) -> Iterator[Refusal]:
        """Why it cannot serve the block: directives, widths that differ, what no engine computes, its size."""
        return ForwardRefusals(self.plan, index).all()

    @property
    def weight_words(self) -> int:
        """Words of the weights of all layers."""
        return self.plan.layers[-1].weight_base + self.plan.layers[-1].weight_words

    @property
    def words(self) -> int:
        """Words of the neurons of all layers."""
        return self.plan.layers[-1].word_base + self.plan.layers[-1].words

    @property
    def weights(self) -> MemoryDeclaration:
        """The weights of all layers."""
        return MemoryDeclaration("weights", self.weight_words,
                                 self.plan.lanes * self.block.layers[0].weights.stored_bits,
                                 self.block.directives.memory)

    @property
    def membranes(self) -> MemoryDeclaration:
        """The membranes of all layers."""
        return MemoryDeclaration("membranes", self.words,
                                 self.plan.lanes * self.block.layers[0].neuron.membrane_bits)

    @property
    def spikes(self) -> MemoryDeclaration:
        """The last step's spikes of all layers."""
        return MemoryDeclaration("spikes", self.words, self.plan.lanes)

    @property
    def of_layers(self) -> tuple[ForwardMemories, ...]:
        """What of its memories is each layer's: as many words, from the layer's base on."""
        return tuple(ForwardMemories(
            weights=MemoryDeclaration(self.plan.name_of(number, "weights"), layer.weight_words, self.weights.width,
                                      self.weights.style),
            membranes=MemoryDeclaration(self.plan.name_of(number, "membranes"), layer.words, self.membranes.width),
            spikes=MemoryDeclaration(self.plan.name_of(number, "spikes"), layer.words, self.spikes.width),
            currents=None) for number, layer in enumerate(self.plan.layers))

    @property
    def sum_max(self) -> int:
        """The largest magnitude of a layer's own currents, of any layer."""
        return max(current_max(layer) for layer in self.block.layers)

    @property
    def current_max(self) -> int:
        """The largest magnitude of currents, those of earlier layers among them."""
        return max(currents_max(self.block))

    @property
    def currents(self) -> MemoryDeclaration | None:
        """Sums of a convolution on their way, as exact as they are; none where there is no convolution."""
        words = [layer.words for layer in self.plan.layers if layer.layer.synapses.kind == "conv"]
        if not words:
            return None
        return MemoryDeclaration("currents", max(words), self.plan.lanes * signed_bits(self.sum_max))

    @property
    def flow_bases(self) -> dict[int, int]:
        """Where the currents of each layer begin that a later one adds to its own, from its number."""
        found, base = {}, 0
        for number in sorted(self.block.sources):
            found[number] = base
            base += self.plan.layers[number].words
        return found

    @property
    def flows(self) -> MemoryDeclaration | None:
        """The currents of those layers; none where there are none."""
        if not self.block.sources:
            return None
        words = sum(self.plan.layers[number].words for number in self.block.sources)
        return MemoryDeclaration("flows", words, self.plan.lanes * signed_bits(self.current_max))

    @property
    def kept_bases(self) -> dict[int, int]:
        """Where the currents of each layer begin that linger, from its number."""
        found, base = {}, 0
        for number, layer in enumerate(self.plan.layers):
            if layer.layer.current is not None:
                found[number] = base
                base += layer.words
        return found

    @property
    def kept_max(self) -> int:
        """The largest magnitude of a current that lingers; 0 where none do."""
        return max((layer.current.largest for layer in self.block.layers if layer.current is not None), default=0)

    @property
    def kept(self) -> MemoryDeclaration | None:
        """The last step's currents of those layers; none where there are none."""
        words = sum(self.plan.layers[number].words for number in self.kept_bases)
        if not words:
            return None
        bits = max(layer.current.bits for layer in self.block.layers if layer.current is not None)
        return MemoryDeclaration("lingering", words, self.plan.lanes * bits)

    @property
    def charge_max(self) -> int:
        """The largest magnitude that membranes are charged by."""
        return max(largest if layer.current is None else layer.current.largest
                   for layer, largest in zip(self.block.layers, currents_max(self.block), strict=True))

    def list_capacity(self, layer: int) -> int:
        """The most events that a layer's step has: of inputs behind its pool, each once for each that came where they
        are counted, by a pool or as the network's inputs, and of its own spikes."""
        plan = self.plan.layers[layer]
        pool: PoolSpec | None = plan.layer.pool
        if pool is not None and pool.kind == "or":
            inputs = plan.layer.synapses.inputs
        else:
            inputs = plan.layer.inputs * plan.layer.input_max
        return inputs + plan.layer.outputs * plan.layer.synapses.recurrent

    @property
    def lists(self) -> tuple[tuple[int, ...], ...]:
        """For each layer where its lists of events begin, one or two.

        The first layer's next step is gathered while a step is computed, and a recurrent layer's own spikes are for
        its next step: those have two.
        """
        found, base = [], 0
        for number, layer in enumerate(self.block.layers):
            banks = []
            for _ in range(2 if number == 0 or layer.synapses.recurrent else 1):
                banks.append(base)
                base += self.list_capacity(number)
            found.append(tuple(banks))
        return tuple(found)

    @property
    def events(self) -> MemoryDeclaration:
        """Events of all lists: each the number of a source of its layer."""
        last = len(self.plan.layers) - 1
        return MemoryDeclaration("events", self.lists[last][-1] + self.list_capacity(last),
                                 index_bits(max(layer.sources for layer in self.plan.layers)))

    @property
    def seen(self) -> tuple[MemoryDeclaration, ...]:
        """What remembers which events came: of the inputs, and behind each pool that does not count."""
        pooled = tuple(SeenMemory(layer.pool.outputs, prefix=f"pool{number}.").memory
                       for number, layer in enumerate(self.block.layers)
                       if layer.pool is not None and layer.pool.kind == "or")
        return (self._seen_inputs.memory, *pooled)

    @property
    def _seen_inputs(self) -> SeenMemory:
        return SeenMemory(self.block.inputs, most=self.block.layers[0].input_max)

    @property
    def waiting_words(self) -> int:
        """Words of spikes that wait to leave before the walk does: a step of any layer, so that its spikes leave while
        the next one is computed, but not of the largest layers.
        """
        return min(max(self.LEAST_WAITING, *(layer.words for layer in self.plan.layers)), self.MOST_WAITING)

    @property
    def queue_depth(self) -> int:
        """Words of spikes on their way out: behind those that wait there is room for what is in the pipeline, and not
        yet in the level of a cycle ago."""
        return self.waiting_words + self.latency + 3

    @property
    def queue(self) -> MemoryDeclaration:
        """Words of spikes on their way out, how many they are and how each is marked; the first is in a register."""
        label = index_bits(self.block.readout.classes)      # of the step, and whether it has one; a start has more
        lanes = max(self.plan.lanes, label + 3)
        return MemoryDeclaration("queue", self.queue_depth - 1,
                                 lanes + index_bits(self.plan.lanes + 1) + label + 1 + index_bits(self.block.depth)
                                 + self.QUEUE_MARKS)

    @property
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """Its memories, and those of the lists of events."""
        found = (self.weights, self.membranes, self.spikes, self.currents, self.flows, self.kept, self.events,
                 self.queue, *self.seen)
        return tuple(memory for memory in found if memory is not None)

    @property
    def reset_cycles(self) -> int:
        """Cycles after a reset in which what must be 0 before a sample is cleared: bits of seen events, and sums."""
        words = [self._seen_inputs.words, 0 if self.currents is None else self.currents.depth]
        words += [SeenMemory(layer.pool.outputs).words for layer in self.block.layers
                  if layer.pool is not None and layer.pool.kind == "or"]
        return max(words)

    @property
    def flows_late(self) -> int:
        """Cycles that a sum takes to become a current, where those of earlier layers are added to some."""
        return int(bool(self.block.sources))

    @property
    def charged_late(self) -> int:
        """Cycles from a sum until it charges a membrane: it becomes a current, and one that lingers where any do."""
        return self.flows_late + 2 * bool(self.kept_bases)

    @property
    def latency(self) -> int:
        """Cycles from the address of a word's last weights until its neurons are written and leave."""
        # The weights, their sum, its currents, the charge, and fire.
        return WEIGHT_LATENCY + 1 + self.charged_late + 1 + self.FIRE_STAGES

    LAYER_OVERHEAD, TAP_OVERHEAD, FEED_OVERHEAD = 6, 3, 3

    def cycles(self, walked: Sequence[tuple[int, Sequence[int | None]]]) -> int:
        """Cycles of a step, from the beginning of its first layer to that of the next step's.

        Parameters
        ----------
        walked
            Of each layer its events, its own spikes among them; and of a convolution the words of neurons that they
            reach, in the order in which they are walked: each counted from the layer's first, None for an event that
            no place sees. What a layer waits for events, because they fire later than it could take them, comes on top.
        """
        return self.between_steps + sum(
            self.layer_cycles(number, events, words)
            + max(0, self.fed_cycles(number) - self.begun_cycles(number, events, words))
            for number, (events, words) in enumerate(walked))

    @property
    def between_steps(self) -> int:
        """Cycles from the end of a step's last layer to the next step, which waits for that layer's own spikes."""
        return 1 + int(self.plan.layers[-1].layer.synapses.recurrent)

    def begun_cycles(self, number: int, events: int, words: Sequence[int | None]) -> int:
        """Cycles in which a layer has something to do before it must know that no more events come."""
        layer = self.plan.layers[number]
        if layer.layer.synapses.kind == "conv":
            return len(words)
        return max(1, self.heads(layer) + events) - 1

    def fed_cycles(self, number: int) -> int:
        """Cycles from the last spike of the layer before until all events are in the list of the layer ``number``, but
        for the other spikes of that word; none of the first layer, whose events are there."""
        return self.FEED_OVERHEAD + pooled_cycles(self.plan.layers[number].layer.pool) if number else 0

    @property
    def entered_cycles(self) -> int:
        """Cycles from an event of the block until it may go to a list: what drops its second is before the pool."""
        return 1 + pooled_cycles(self.block.layers[0].pool)

    @staticmethod
    def heads(layer: LayerPlan) -> int:
        """Words that are read for each word of neurons, whatever comes: of thresholds, and of the bias."""
        return (layer.layer.neuron.threshold_shift is not None) + layer.layer.weights.bias

    def layer_cycles(self, number: int, events: int, words: Sequence[int | None]) -> int:
        """Cycles of a layer from its beginning until its last word of neurons has fired; as :meth:`cycles` has them."""
        layer = self.plan.layers[number]
        heads = self.heads(layer)
        synapses, total = layer.layer.synapses, self.latency + self.LAYER_OVERHEAD
        if synapses.kind != "conv":
            return total + layer.words * max(1, heads + events)
        if not events:
            return total + 1 + layer.words * max(1, heads)
        grid = GridDivisions(synapses.height, synapses.width, synapses.channels)
        return total + grid.latency + self.TAP_OVERHEAD + _issued(words, layer.words, max(1, heads))


def _issued(words: Sequence[int | None], sums: int, heads: int) -> int:
    """Cycles in which the taps of these words go on their way, and then all ``sums`` with ``heads`` entries each.

    A word waits that was met in the last three cycles and not last.
    """
    met: dict[int, int] = {}
    cycle, latest = -1, None
    for word in words:
        cycle += 1
        if word is None:
            continue
        if word != latest:
            cycle = max(cycle, met.get(word, -4) + 4)
        met[word], latest = cycle, word
    began = swept = cycle + 1
    for word in range(min(sums, 4)):
        if word != latest:
            swept = max(swept, met.get(word, -4) + 4)
        swept, latest = swept + heads, None
    return cycle + 1 + swept - began + heads * (sums - min(sums, 4))
