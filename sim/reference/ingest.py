"""What the input stream means, as ``docs/protocol.md`` says: samples run and aborted, memories written, errors."""

from dataclasses import dataclass, field

import numpy as np

from rtl_gen.contract.memory_map import geometry, host_memories
from rtl_gen.contract.protocol import (
    CORE_COUNTERS,
    INDEX_BITS,
    KIND_SHIFT,
    LABEL_BITS,
    LABELLED_BIT,
    LEARN_BIT,
    MEMORY_BITS,
    STEP_LABELS_BIT,
    TELL_BIT,
    Beat,
    Error,
    Memory,
    memory_place,
)
from rtl_gen.contract.spec import NetworkSpec

from .labels import NONE, Label


@dataclass
class Sample:
    """A sample that was let in.

    Attributes
    ----------
    start_label, learn, of_steps, tell
        As its start said: a label and whether to learn, whether labels come with the steps in place of that one, and
        whether the answers so far are told.
    step_labels
        For each complete step of one that is learned from by labels of steps its label, or -1; else -1 for all.
    steps
        For each complete step the indices of its events, as they came.
    partial
        Events that came after the last complete step; of an aborted or unfinished sample.
    aborted, finished
        How it ended; neither while it is open.
    """

    start_label: int
    learn: bool
    of_steps: bool = False
    tell: bool = False
    step_labels: list[int] = field(default_factory=list)
    steps: list[list[int]] = field(default_factory=list)
    partial: list[int] = field(default_factory=list)
    aborted: bool = False
    finished: bool = False

    @property
    def label(self) -> Label:
        """What the reference takes for its label."""
        return np.array(self.step_labels, np.int64) if self.of_steps else self.start_label


@dataclass
class Write:
    """Words, from address 0 on, that a write packet brought to a memory."""

    block: int
    layer: int
    memory: Memory
    words: list[int] = field(default_factory=list)


class Ingest:
    """Reads the input stream beat by beat.

    Attributes
    ----------
    actions
        What came of it, in order: each :class:`Sample` that was let in, each :class:`Write` to a memory that can be
        written.
    counters
        Those of :data:`rtl_gen.contract.protocol.CORE_COUNTERS` that the stream alone decides.
    errors
        Flags raised.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        self.actions: list[Sample | Write] = []
        self.counters = {name: 0 for name in CORE_COUNTERS if name not in ("cycles", "bus_errors")}
        self.errors = Error(0)
        self._sample: Sample | None = None
        self._refusing = False              # of a sample
        self._packet: _Packet | None = None

    @property
    def samples(self) -> list[Sample]:
        return [action for action in self.actions if isinstance(action, Sample)]

    def take(self, value: int, last: bool) -> None:
        """The next beat, 32 bits, and its TLAST."""
        kind = Beat(value >> KIND_SHIFT)
        if self._packet is not None:
            self._packet_beat(value, last)
        elif kind == Beat.WRITE:
            self._header(value & ((1 << MEMORY_BITS) - 1), last)
        elif self._refusing and kind != Beat.START:
            self._refusing = not last
        elif kind == Beat.START:
            self._start(value, last)
        elif self._sample is None:
            self._report(Error.BEAT, "beats_dropped")
        elif kind == Beat.EVENT:
            self._event(self._sample, value & ((1 << INDEX_BITS) - 1), last)
        else:
            self._end_of_step(self._sample, value, last)

    def time_out(self) -> None:
        """No beat came for as long as the watchdog waits: what has begun ends; nothing happens where nothing has."""
        packet, self._packet = self._packet, None
        if packet is None and self._sample is None and not self._refusing:
            return
        self._refusing = False
        self._report(Error.TIMEOUT, "timeouts")
        if packet is not None and packet.write is not None:
            self._report(Error.WRITE, "writes_refused")
        if self._sample is not None:
            self._end(self._sample)

    def _report(self, flag: Error, *names: str) -> None:
        self.errors |= flag
        for name in names:
            self.counters[name] += 1

    def _abort(self, sample: Sample, flag: Error, name: str) -> None:
        self._report(flag, name)
        self._end(sample)

    def _end(self, sample: Sample) -> None:
        self.counters["samples_aborted"] += 1
        sample.aborted = True
        self._sample = None

    def _start(self, value: int, last: bool) -> None:
        self._refusing = False
        if self._sample is not None:
            self._abort(self._sample, Error.MISSING_TLAST, "tlasts_missing")
        label, learn = value & ((1 << LABEL_BITS) - 1), bool(value >> LEARN_BIT & 1)
        of_steps, tell = bool(value >> STEP_LABELS_BIT & 1), bool(value >> TELL_BIT & 1)
        if learn and not of_steps and label >= self.spec.classes:
            self._report(Error.LABEL, "labels_out_of_range", "samples_refused")
            self._refusing = not last
        elif last:
            self._report(Error.EARLY_TLAST, "tlasts_early", "samples_aborted")
        else:
            self._sample = Sample(start_label=label, learn=learn, of_steps=of_steps, tell=tell)
            self.actions.append(self._sample)

    def _event(self, sample: Sample, index: int, last: bool) -> None:
        if last:
            self._abort(sample, Error.EARLY_TLAST, "tlasts_early")
        elif index >= self.spec.inputs:
            self._report(Error.INDEX, "indices_out_of_range")
        else:
            sample.partial.append(index)

    def _end_of_step(self, sample: Sample, value: int, last: bool) -> None:
        looked_at = sample.learn and sample.of_steps and bool(value >> LABELLED_BIT & 1)
        label = value & ((1 << LABEL_BITS) - 1) if looked_at else NONE
        if label >= self.spec.classes:
            self._abort(sample, Error.LABEL, "labels_out_of_range")
            self._refusing = not last
            return
        if not last and len(sample.steps) == self.spec.max_steps - 1:
            self._abort(sample, Error.MISSING_TLAST, "tlasts_missing")
            return
        sample.steps.append(sample.partial)
        sample.step_labels.append(label)
        sample.partial = []
        if last:
            self.counters["samples"] += 1
            sample.finished = True
            self._sample = None

    def _header(self, number: int, last: bool) -> None:
        block, layer, memory = place = memory_place(number)
        known = place in host_memories(self.spec) and memory in (Memory.WEIGHTS, Memory.READOUT)
        if not known or self._sample is not None or self._refusing:
            self._report(Error.WRITE, "writes_refused")
            self._packet = None if last else _Packet(write=None, depth=0, beats=1)
            return
        shape = geometry(self.spec, block, layer, Memory(memory))
        write = Write(block=block, layer=layer, memory=Memory(memory))
        self.actions.append(write)
        if last:
            self._report(Error.WRITE, "writes_refused")
        else:
            self._packet = _Packet(write=write, depth=shape.depth, beats=shape.beats)

    def _packet_beat(self, value: int, last: bool) -> None:
        packet = self._packet
        assert packet is not None
        if packet.write is not None:
            packet.parts.append(value)
            if len(packet.parts) == packet.beats:
                packet.write.words.append(sum(part << 32 * i for i, part in enumerate(packet.parts)))
                packet.parts = []
            complete = len(packet.write.words) == packet.depth
            if complete != last:                # too few words, or more to come than there is room for
                self._report(Error.WRITE, "writes_refused")
            if complete:
                packet.write = None
        if last:
            self._packet = None


@dataclass
class _Packet:
    write: Write | None         # None: what comes is dropped
    depth: int
    beats: int                  # of a word
    parts: list[int] = field(default_factory=list)


def event_counts(sample: Sample, inputs: int) -> tuple[list[list[int]], list[int]]:
    """How many events of each index came in each complete step, (T, inputs), and in the unfinished one, (inputs,)."""
    def counts(indices: list[int]) -> list[int]:
        found = [0] * inputs
        for index in indices:
            found[index] += 1
        return found

    return [counts(step) for step in sample.steps], counts(sample.partial)
