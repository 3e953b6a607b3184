"""Events that come again, later, over lines of their own: a sensor's last steps are before the network at once.

Delays of synapses make spiking networks better at what has an order in time (Hammouamri, Khalfaoui-Hassani, Masquelier:
Learning delays in spiking neural networks using dilated convolutions with learnable spacings, ICLR 2024). Here they are
few, fixed, and the same for all neurons.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.spec import MAX_INPUTS

from .dataset import DataError, DataSet, Spikes, Split
from .lazy import Buffer, LazySpikes, content_of, selected, told


@dataclass(frozen=True)
class DelayedSpikes(LazySpikes):
    """Spikes beside themselves, delayed, as more channels of each pixel.

    Attributes
    ----------
    spikes
        (N, T, inputs), as they came.
    channels
        Of the sensor, C.
    delays
        In steps.
    lengths
        (N,): steps of each sample; what would come later is lost. None: all have T.
    """

    spikes: Spikes | LazySpikes
    channels: int
    delays: tuple[int, ...]
    lengths: NDArray[np.int64] | None

    @property
    def shape(self) -> tuple[int, int, int]:
        samples, steps, inputs = self.spikes.shape
        return samples, steps, inputs * (1 + len(self.delays))

    def content(self) -> Iterator[Buffer]:
        yield from content_of(self.spikes)
        yield from told(np.array((self.channels, *self.delays)))

    def select(self, index: Any) -> "DelayedSpikes":
        return replace(self, spikes=selected(self.spikes, index),
                       lengths=None if self.lengths is None else self.lengths[index])

    def make(self, samples: NDArray[np.int64]) -> Spikes:
        now = self.spikes[samples]
        now = now.reshape(*now.shape[:2], -1, self.channels)        # (n, T, pixels, C)
        found = np.zeros((*now.shape[:3], 1 + len(self.delays), self.channels), np.uint8)
        found[:, :, :, 0] = now
        for line, delay in enumerate(self.delays, 1):
            found[:, delay:, :, line] = now[:, :-delay]
        if self.lengths is not None:
            found *= (np.arange(now.shape[1]) < self.lengths[samples, None])[:, :, None, None, None]
        return found.reshape(*now.shape[:2], -1)


def delayed(data: DataSet, delays: tuple[int, ...]) -> DataSet:
    """``data`` with a line more for each of ``delays`` and each of its inputs; as it is where there are none.

    Input ``(y * W + x) * C' + line * C + c`` is what channel c of pixel (y, x) had, with the delay of its line; the
    first line has none, and C' = C * (1 + len(delays)).

    Raises
    ------
    DataError
        If a delay is as long as a sample, or there are more inputs than a network can have.
    """
    if not delays:
        return data
    if max(delays) >= data.steps:
        raise DataError(f"Data delays of {data.name} must be below its {data.steps} steps, not {max(delays)}")
    height, width, channels = data.sensor
    lines = 1 + len(delays)
    if data.inputs * lines > MAX_INPUTS:
        raise DataError(f"Data {data.name}: inputs times lines must be at most {MAX_INPUTS}, not {data.inputs} x "
                        f"{lines}; take fewer delays")

    def halved(split: Split) -> Split:
        return replace(split, spikes=DelayedSpikes(split.spikes, channels, delays, split.lengths))

    return replace(data, train=halved(data.train), test=halved(data.test), sensor=(height, width, channels * lines))
