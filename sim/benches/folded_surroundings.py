"""Around the update of a folded block in its benches: weights, what was recorded, and what must become of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import inject_max, weighed_credit_max
from rtl_gen.contract.engines.folded.reverse import FoldedReverse
from rtl_gen.contract.plan import plan_of

from ..lanes import join, split
from ..reference.rounding import addends

COUNTERS = ("updates", "written", "underflows", "saturations")


@dataclass
class Recorded:
    """A window; a list entry a layer: how often its sources were active, (R, sources), credits, and what its neurons
    were given, (R, outputs) each.
    """

    counts: list[NDArray[np.int64]]
    credits: list[NDArray[np.int64]]
    injected: list[NDArray[np.int64]]

    @property
    def steps(self) -> int:
        return len(self.counts[0])


class Weights:
    """Stored weights of all layers, and the words they lie in."""

    def __init__(self, spec, generator):
        self.spec, self.block = spec, spec.blocks[0]
        self.plan = plan_of(self.block)
        self.bits = self.block.layers[0].weights.stored_bits
        high = 1 << (self.bits - 1)
        self.stored = []
        for layer in self.block.layers:
            values = generator.integers(-high, high, (layer.rows, layer.columns)).astype(np.int64)
            # Some at the bounds, so that updates saturate.
            values[generator.random(values.shape) < 0.1] = high - 1
            values[generator.random(values.shape) < 0.1] = -high
            self.stored.append(values)
        self.reset()

    def reset(self):
        """The words are those of the stored weights."""
        self.words = [word for plan, values in zip(self.plan.layers, self.stored, strict=True)
                      for word in self.words_of(plan, values)]

    def words_of(self, plan, values):
        """A layer's words as the memory has them: a word of columns row by row, then the next."""
        padded = np.zeros((plan.rows, plan.column_words * plan.lanes), np.int64)
        padded[:, :plan.layer.columns] = values
        return [join(padded[row, word * plan.lanes:(word + 1) * plan.lanes].tolist(), self.bits)
                for word in range(plan.column_words) for row in range(plan.rows)]

    def differences(self):
        """Where the words are not those of the stored weights: layer, column word and row."""
        found = []
        for number, (plan, values) in enumerate(zip(self.plan.layers, self.stored, strict=True)):
            wanted = self.words_of(plan, values)
            there = self.words[plan.weight_base:plan.weight_base + plan.weight_words]
            found += [(number, *divmod(place, plan.rows), split(is_, self.bits, plan.lanes),
                       split(was, self.bits, plan.lanes))
                      for place, (is_, was) in enumerate(zip(there, wanted, strict=True)) if is_ != was]
        return found

    def learn(self, window, rate, number):
        """Updates the stored weights; returns the counts."""
        totals = np.zeros(4, np.int64)
        for index, layer in enumerate(self.block.layers):
            delta, reached = sums_of(layer, window.counts[index], window.credits[index], window.injected[index])
            addend = addends(layer.update, rate, layer.rows, self.spec.seed, number, self.spec.layer_number(0, index))
            change = (delta + addend[:, None]) >> layer.update.rate_shift + rate
            wanted = self.stored[index] - change
            high = 1 << (layer.weights.stored_bits - 1)
            values = np.clip(wanted, -high, high - 1)
            totals += (reached.sum(), (values != self.stored[index]).sum(), ((delta != 0) & (change == 0)).sum(),
                       (values != wanted).sum())
            self.stored[index] = values
        return totals


def sums_of(layer, counts, credit, injected):
    """Sums of each weight, (rows, columns), and for which there was an active source, or the bias, and credit."""
    steps = len(counts)
    delta, reached = np.zeros((2, layer.rows, layer.columns), np.int64)
    for place, (rows, sources) in enumerate(fields_of(layer)):
        there = credit.reshape(steps, -1, layer.columns)[:, place]
        values = counts[:, sources]
        delta[rows] += values.T @ there
        reached[rows] |= values.any(axis=0)[:, None] & there.any(axis=0)[None, :]
        if layer.weights.bias:
            delta[-1] += there.sum(axis=0)
            reached[-1] |= there.any(axis=0)
    shift, row = layer.neuron.threshold_shift, layer.event_rows
    if shift is not None:
        delta[row] = -injected.reshape(-1, layer.columns).sum(axis=0) << shift
        reached[row] = injected.reshape(-1, layer.columns).any(axis=0)
    return delta, reached


def fields_of(layer):
    """Rows of the field of each place, and the sources that they weigh."""
    synapses = layer.synapses
    if synapses.kind != "conv":
        every = np.arange(layer.event_rows)
        return [(every, every)]
    found, kernel, channels = [], synapses.kernel, synapses.channels
    for oy in range(synapses.out_height):
        for ox in range(synapses.out_width):
            rows, sources = [], []
            for ky in range(kernel):
                for kx in range(kernel):
                    y, x = oy * synapses.stride + ky - synapses.padding, ox * synapses.stride + kx - synapses.padding
                    if 0 <= y < synapses.height and 0 <= x < synapses.width:
                        rows += [(ky * kernel + kx) * channels + c for c in range(channels)]
                        sources += [(y * synapses.width + x) * channels + c for c in range(channels)]
            found.append((np.array(rows, int), np.array(sources, int)))
    return found


def random_counts(block, generator, steps):
    """How often each source of each layer was active, a list entry a layer: (steps, sources)."""
    found = []
    for plan in plan_of(block).layers:
        density = generator.choice((0.0, 0.1, 0.4, 1.0))
        counts = generator.integers(1, plan.layer.largest_event + 1, (steps, plan.sources))
        found.append(counts * (generator.random(counts.shape) < density))
    return found


def random_credits(block, generator, steps):
    """Credits of each layer, (steps, outputs); whole places and whole words have none."""
    found = []
    for number, plan in enumerate(plan_of(block).layers):
        bound = min(weighed_credit_max(block, number), int(generator.choice((1 << 30, 300, 3))))
        credit = generator.integers(-bound, bound + 1, (steps, plan.places, plan.layer.columns))
        credit[generator.random(credit.shape) < 0.3] = 0
        credit[:, generator.random(credit.shape[1:]) < 0.2] = 0
        credit[:, generator.random(plan.places) < 0.3] = 0
        if generator.random() < 0.2:
            credit[:] = 0
        found.append(credit.reshape(steps, -1))
    return found


def random_window(block, generator, steps):
    """What might be recorded in a window of so many steps; who was given something may have no credit, and the other
    way, where layers add currents of others.
    """
    credits, injected = random_credits(block, generator, steps), []
    for number, credit in enumerate(credits):
        bound = min(inject_max(block, number), int(generator.choice((1 << 30, 300, 3))))
        values = generator.integers(-bound, bound + 1, credit.shape)
        values[generator.random(values.shape) < 0.5] = 0
        values[:, generator.random(values.shape[1]) < 0.3] = 0
        if block.layers[number].neuron.threshold_shift is None:
            values[:] = 0
        injected.append(values)
    return Recorded(random_counts(block, generator, steps), credits, injected)


def recorded_memories(block, counts, rng):
    """What the window buffer holds: masks by source, the list of each layer, in any order, and words of channels."""
    plan, declared = plan_of(block), FoldedReverse(plan_of(block))
    masks, lists, pixels = {}, [], {}
    for layer, sources, values in zip(plan.layers, declared.sources, counts, strict=True):
        active = np.flatnonzero(values.any(axis=0)).tolist()
        rng.shuffle(active)
        masks |= {layer.source_base + source: join(values[:, source].tolist(), declared.count_bits)
                  for source in active}
        lists.append([layer.source_base + source for source in active] if sources.listed else [])
        for source in active if not sources.listed else ():
            pixel, channel = divmod(source, layer.layer.synapses.channels)
            address = sources.base + pixel * sources.parts + channel // declared.occupied.width
            pixels[address] = pixels.get(address, 0) | 1 << channel % declared.occupied.width
    return masks, lists, pixels
