"""Binary spikes as lists of the inputs that have an event."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import Spikes
from .lazy import Buffer, LazySpikes, heading, told
from .packed import PackedSpikes, bytes_of, pack


@dataclass(frozen=True)
class EventLists(LazySpikes):
    """Spikes that are set when they are asked for.

    Attributes
    ----------
    events
        (events,): the input of each event, in order of samples, of steps, and of inputs.
    counts
        (N, T): the events of each step.
    inputs
        Inputs.
    repeats
        Whether an input may come several times in a step, and counts so often.
    """

    events: NDArray[np.unsignedinteger]
    counts: NDArray[np.unsignedinteger]
    inputs: int
    repeats: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        return *self.counts.shape, self.inputs

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(N + 1,): where the events of each sample begin, and where those of the last end."""
        return np.append(0, np.cumsum(self.counts.sum(1, dtype=np.int64)))

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        return self.events.nbytes + self.counts.nbytes + self.starts.nbytes

    def content(self) -> Iterator[Buffer]:
        """What :class:`PackedSpikes` has too: the same spikes have the same digest, in whichever form they are kept."""
        if self.repeats:
            for array in (self.events, self.counts, np.array(self.inputs)):
                yield from told(array)
            return
        samples, steps, inputs = self.shape
        yield heading(np.dtype(np.uint8), (samples, steps, bytes_of(inputs)))
        yield from self._bits()
        yield from told(np.array(inputs))

    def select(self, index: Any) -> "EventLists":
        samples = np.arange(len(self))[index]
        return EventLists(self._events(samples), self.counts[samples], self.inputs, self.repeats)

    def make(self, samples: NDArray[np.int64]) -> Spikes:
        spikes = np.zeros((len(samples), *self.shape[1:]), np.uint8)
        steps = np.arange(0, spikes.size, self.inputs)
        at = np.repeat(steps, self.counts[samples].ravel())
        at += self._events(samples)
        if self.repeats:
            np.add.at(spikes.reshape(-1), at, 1)
        else:
            spikes.reshape(-1)[at] = 1
        return spikes

    def packed(self) -> PackedSpikes:
        """The same spikes as bits; none of them ``repeats``."""
        samples, steps, inputs = self.shape
        bits = np.empty((samples, steps, bytes_of(inputs)), np.uint8)
        for sample, values in enumerate(self._bits()):
            bits[sample] = values
        return PackedSpikes(bits, inputs)

    def _events(self, samples: NDArray[np.int64]) -> NDArray[np.unsignedinteger]:
        """The inputs (events,) of samples by number."""
        bounds = zip(self.starts[samples].tolist(), self.starts[samples + 1].tolist(), strict=True)
        return np.concatenate([self.events[:0], *(self.events[start:end] for start, end in bounds)])

    def _bits(self) -> Iterator[NDArray[np.uint8]]:
        """The bits (T, bytes) of one sample after another: all of them may be more than memory holds."""
        return (pack(self.make(sample)[0]) for sample in np.arange(len(self))[:, None])


def list_events(step: NDArray[np.integer], event: NDArray[np.integer], steps: int, inputs: int,
                most: int = 1) -> EventLists:
    """One sample from the step and the input of each event, (events,), in any order; of what coincides ``most`` count.
    """
    at = np.sort(step.astype(np.int64) * inputs + event)
    counts_too = np.ones(len(at), bool)
    counts_too[most:] = at[most:] != at[:-most]
    at = at[counts_too]
    repeats = bool((np.diff(at) == 0).any())
    step, event = np.divmod(at, inputs)
    counts = np.bincount(step, minlength=steps)[None]
    return EventLists(_small(event, inputs - 1), _small(counts, counts.max()), inputs, repeats)


def join_smallest(samples: Iterable[EventLists]) -> EventLists | PackedSpikes:
    """Single samples of the same steps and inputs, one after another, in the form that takes fewer bytes for all.

    Until then each is held in the form that takes fewer for itself, so that neither is ever much larger than the end.
    """
    held, saved = [], 0
    for lists in samples:
        held.append(kept(lists))
        saved += lists.shape[1] * bytes_of(lists.inputs) - lists.events.nbytes - lists.counts.nbytes
    counting = any(isinstance(one, EventLists) and one.repeats for one in held)
    if saved > 8 * (len(held) + 1) or counting:     # what the samples' starts take
        return kept(join([one if isinstance(one, EventLists) else _listed(one) for one in held]))
    return PackedSpikes(np.concatenate([one.bits if isinstance(one, PackedSpikes) else one.packed().bits
                                        for one in held]), held[0].inputs)


def _listed(sample: PackedSpikes) -> EventLists:
    return list_events(*np.nonzero(sample[0]), *sample.shape[1:])


def join(samples: Sequence[EventLists]) -> EventLists:
    """Lists of the same steps and inputs, at least one, one after another."""
    return EventLists(np.concatenate([sample.events for sample in samples]),
                      np.concatenate([sample.counts for sample in samples]), samples[0].inputs,
                      any(sample.repeats for sample in samples))


def kept(lists: EventLists) -> EventLists | PackedSpikes:
    """The same spikes in the form that takes fewer bytes; as bits where both take the same, and none repeats."""
    samples, steps, inputs = lists.shape
    return lists if lists.repeats or lists.nbytes < samples * steps * bytes_of(inputs) else lists.packed()


def _small(values: NDArray[np.int64], largest: int) -> NDArray[np.unsignedinteger]:
    """The values in the smallest type that holds ``largest``."""
    return values.astype(np.min_scalar_type(largest))
