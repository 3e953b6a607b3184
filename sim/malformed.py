"""Random input streams: good samples and write packets, and every way in which they can be wrong."""

import random
from collections.abc import Callable

import numpy as np

from board.host.exchange import step_beats
from rtl_gen.contract.memory_map import geometry, pack, weights_to_words
from rtl_gen.contract.protocol import (
    INDEX_BITS,
    LABEL_BITS,
    LAYER_MEMORIES,
    MEMORIES_PER_BLOCK,
    MEMORY_BITS,
    STEP_LABELS_BIT,
    Memory,
    end_of_step_beat,
    event_beat,
    memory_id,
    write_beat,
)
from rtl_gen.contract.spec import NetworkSpec

Beats = list[tuple[int, bool]]
Place = tuple[int, int, Memory]     # block, layer and kind of a memory


def sample_beats(steps: list[list[int]], *, label: int | list[int], learn: bool, tell: bool = False) -> Beats:
    """A good packet: each step's event indices, in this order; a label, or one a step."""
    return marked(np.concatenate(step_beats(steps, label=label, learn=learn, tell=tell)).tolist())


def write_beats(spec: NetworkSpec, place: Place, words: list[int]) -> Beats:
    """A write packet of whole words."""
    shape = geometry(spec, *place)
    beats = [write_beat(memory_id(*place))]
    beats += [word >> 32 * part & 0xFFFFFFFF for word in words for part in range(shape.beats)]
    return marked(beats)


def marked(beats: list[int]) -> Beats:
    """Beats of a packet with their TLAST."""
    return [(beat, number == len(beats)) for number, beat in enumerate(beats, start=1)]


class StreamMaker:
    """Makes packets for ``spec``; each wrong kind is as likely as a good one.

    ``writes`` is false where the memories have to stay as they are.
    """

    def __init__(self, spec: NetworkSpec, rng: random.Random, *, writes: bool = True) -> None:
        self.spec = spec
        self.rng = rng
        self.kinds: list[Callable[[], Beats]] = [
            self.good_sample, self.stray_beats, self.wrong_index, self.wrong_label, self.early_tlast,
            self.tlast_on_start, self.missing_tlast, self.too_many_steps, self.write_inside, self.repeated_events,
            self.short_of_unknown, self.labelled_steps, self.wrong_step_label]
        if writes:
            self.kinds += [self.good_write, self.short_write, self.long_write, self.split_word, self.lone_header]

    def beats(self, packets: int) -> Beats:
        return [beat for _ in range(packets) for beat in self.rng.choice(self.kinds)()]

    def steps(self, most: int | None = None) -> list[list[int]]:
        rng, inputs = self.rng, self.spec.inputs
        count = rng.randint(1, most or self.spec.max_steps)
        return [rng.sample(range(inputs), rng.randint(0, min(inputs, 6))) for _ in range(count)]

    def good_sample(self, most: int | None = None) -> Beats:
        return sample_beats(self.steps(most), label=self.rng.randrange(self.spec.classes), learn=self.rng.random() < .5)

    def labels(self, steps: list[list[int]]) -> list[int]:
        """A class or none for each step."""
        return [self.rng.randrange(-1, self.spec.classes) for _ in steps]

    def labelled_steps(self) -> Beats:
        """Good, with labels that come with its steps."""
        steps = self.steps()
        return sample_beats(steps, label=self.labels(steps), learn=self.rng.random() < 0.8)

    def wrong_step_label(self) -> Beats:
        """Ends at that step where it is to learn from; a label is not looked at otherwise."""
        steps = self.steps()
        labels = self.labels(steps)
        labels[self.rng.randrange(len(steps))] = self.rng.choice(
            (self.spec.classes, self.rng.randrange(self.spec.classes, 1 << LABEL_BITS)))
        beats = sample_beats(steps, label=labels, learn=self.rng.random() < 0.8)
        if self.rng.random() < 0.3:         # as if the sample had one label
            beats[0] = (beats[0][0] & ~(1 << STEP_LABELS_BIT), False)
        return beats

    def repeated_events(self) -> Beats:
        steps = [step + step[:2] for step in self.steps()]
        return sample_beats(steps, label=0, learn=False)

    def stray_beats(self) -> Beats:
        return [(self.rng.choice((event_beat(0), end_of_step_beat())), self.rng.random() < 0.3)
                for _ in range(self.rng.randint(1, 4))]

    def wrong_index(self) -> Beats:
        beats = self.good_sample()
        for _ in range(self.rng.randint(1, 3)):
            index = self.rng.choice((self.spec.inputs, self.rng.randrange(self.spec.inputs, 1 << INDEX_BITS)))
            beats.insert(self.rng.randrange(1, len(beats)), (event_beat(index), False))
        return beats

    def wrong_label(self) -> Beats:
        """Refused where it is to learn from; a label is not looked at otherwise."""
        label = self.rng.choice((self.spec.classes, self.rng.randrange(self.spec.classes, 1 << LABEL_BITS)))
        beats = sample_beats(self.steps(), label=label, learn=self.rng.random() < 0.8)
        choice = self.rng.random()
        if choice < 0.5:
            return beats
        if choice < 0.8:
            return beats[:self.rng.randint(1, len(beats))]
        return [(beats[0][0], True), *beats[1:]]

    def early_tlast(self) -> Beats:
        beats = self.good_sample()
        at = self.rng.randrange(1, len(beats))
        index = self.rng.choice((0, self.spec.inputs))      # an index out of range with TLAST counts as early TLAST
        return [*beats[:at], (event_beat(index), True), *self.rng.choice(([], beats[at:]))]

    def tlast_on_start(self) -> Beats:
        beats = self.good_sample()
        return [(beats[0][0], True), *self.rng.choice(([], beats[1:]))]

    def missing_tlast(self) -> Beats:
        beats = self.good_sample()
        return [(value, False) for value, _ in beats[:self.rng.randint(1, len(beats))]]

    def too_many_steps(self) -> Beats:
        steps = [[self.rng.randrange(self.spec.inputs)] for _ in range(self.spec.max_steps + self.rng.randint(0, 2))]
        beats = sample_beats(steps, label=0, learn=True)
        return [(value, False) for value, _ in beats] if len(steps) == self.spec.max_steps else beats

    def _words(self, place: Place, count: int) -> list[int]:
        """Words as a host makes them, the lanes of no neuron 0; where there are too many, the last are anything."""
        block, layer, memory = place
        spec, generator = self.spec.blocks[block], np.random.default_rng(self.rng.getrandbits(32))
        shape = geometry(self.spec, *place)
        high = 1 << max(1, shape.field_bits - 3)
        if memory == Memory.WEIGHTS:
            stored = generator.integers(-high, high, (spec.layers[layer].rows, spec.layers[layer].columns), np.int32)
            values = weights_to_words(self.spec, block, layer, stored)
        else:
            low, high = (-high, high) if spec.readout.learned else (0, 2)
            values = generator.integers(low, high, (shape.depth, shape.fields))
        beats = pack(shape, values).reshape(shape.depth, shape.beats).tolist()
        words = [sum(beat << 32 * part for part, beat in enumerate(word)) for word in beats]
        return words[:count] + [self.rng.getrandbits(32 * shape.beats) for _ in range(count - shape.depth)]

    def _write(self, extra: int) -> Beats:
        block = self.rng.randrange(len(self.spec.blocks))
        memory = self.rng.choice((Memory.WEIGHTS, Memory.READOUT))
        layer = self.rng.randrange(self.spec.blocks[block].depth) if memory in LAYER_MEMORIES else 0
        place = block, layer, memory
        return write_beats(self.spec, place, self._words(place, max(0, geometry(self.spec, *place).depth + extra)))

    def good_write(self) -> Beats:
        return self._write(0)

    def short_write(self) -> Beats:
        return self._write(-self.rng.randint(1, 3))

    def long_write(self) -> Beats:
        return self._write(self.rng.randint(1, 3))

    def split_word(self) -> Beats:
        """Ends anywhere, in the middle of a word too."""
        beats = self._write(0)
        beats = beats[:self.rng.randint(1, len(beats))]
        return [*beats[:-1], (beats[-1][0], True)]

    def lone_header(self) -> Beats:
        return [(write_beat(memory_id(0, 0, Memory.WEIGHTS)), True)]

    def short_of_unknown(self) -> Beats:
        """A write to a memory that is unknown or can only be read."""
        unknown = len(self.spec.blocks) * MEMORIES_PER_BLOCK
        number = self.rng.choice((memory_id(0, 0, Memory.MEMBRANES), memory_id(0, 0, Memory.ANSWERS), 5, 7, unknown,
                                  (1 << MEMORY_BITS) - 1))
        words = [(self.rng.getrandbits(32), False) for _ in range(self.rng.randint(0, 3))]
        beats = [(write_beat(number), False), *words]
        return [*beats[:-1], (beats[-1][0], True)]

    def cut_short(self) -> Beats:
        """A beginning, of a sample good or refused, a write, or a write within a sample, whose rest never comes."""
        kind = self.rng.choice((self.good_sample, self.wrong_label, self.write_inside, *(
            (self.good_write,) if self.good_write in self.kinds else ())))
        beats = kind()
        return [(value, False) for value, _ in beats[:self.rng.randint(1, max(1, len(beats) - 1))]]

    def write_inside(self) -> Beats:
        """A write packet, itself good, between the beats of a sample, good or refused."""
        beats = self.good_sample() if self.rng.random() < 0.6 else sample_beats(
            self.steps(), label=self.spec.classes, learn=True)
        at = self.rng.randrange(1, len(beats))
        return [*beats[:at], *self._write(self.rng.choice((0, -100))), *beats[at:]]
