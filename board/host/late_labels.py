"""Labels that come after their samples, or never. NumPy only.

A core learns while it runs a sample, so to learn from a label that comes late the sample is run again::

    late = LateLabels(host, keep=64)
    late.answer("17:04:31", spikes)      # what the network makes of it; nothing is learned
    ...
    late.label("17:04:31", 3)            # the same sample once more, and learned from
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import SnnfpgaError, shown

from .host import Result
from .samples import UNLABELLED

__all__ = ["LateLabels", "Runs"]

KEEP = 64       # samples; of 40 steps of 128 inputs each they take 320 KiB


class Runs(Protocol):
    """What runs samples: :class:`board.host.host.Host`, or what stands for it."""

    def run(self, spikes: NDArray[np.integer], *, label: int = 0, learn: bool = False) -> Result:
        """Run one sample, (T, inputs), and learn from it where ``learn``."""


class LateLabels:
    """Answers samples as they come, and learns from each when its label does.

    - A sample whose label never comes is answered and not learned from.
    - Learning happens when the label comes, with the weights of then: the sample is run again, and what was learned in
      between is in those weights. The order of learning is that of the labels, not that of the samples.
    - A label counts once. A second one for the same sample changes nothing: what was learned from a wrong label is
      undone by going back to weights saved before (:mod:`board.host.saved`).
    - The last ``keep`` samples that have no label yet are kept; one pushed out by a younger one is counted in
      ``dropped``, and its label then finds nothing.

    Parameters
    ----------
    host
        The core, with a network loaded.
    keep
        Samples to keep; each takes a byte for every step and input.

    Attributes
    ----------
    dropped
        Samples that were pushed out before their label came.
    """

    def __init__(self, host: Runs, keep: int = KEEP) -> None:
        if keep < 1:
            raise SnnfpgaError(f"Samples kept for late labels must be at least 1, not {keep}")
        self._host, self._keep = host, keep
        self._kept: OrderedDict[Hashable, NDArray[np.uint8]] = OrderedDict()
        self.dropped = 0

    @property
    def waiting(self) -> list[Hashable]:
        """Keys of the samples that are kept, the oldest first."""
        return list(self._kept)

    def answer(self, key: Hashable, spikes: NDArray[np.integer]) -> Result:
        """Run a sample, (T, inputs), without learning, and keep a copy for its label.

        Raises
        ------
        SnnfpgaError
            If a sample of that key still waits for its label: it could not be told which one a label is for.
        ValueError, LinkTimeoutError
            As :meth:`board.host.host.Host.run`; the sample is not kept then.
        """
        if key in self._kept:
            raise SnnfpgaError(f"Sample {shown(key)} waits for its label already; give each sample a key of its own, "
                               f"or forget this one with label({shown(key)}, {UNLABELLED})")
        result = self._host.run(spikes)
        self._kept[key] = np.array(spikes, np.uint8)
        if len(self._kept) > self._keep:
            self._kept.popitem(last=False)
            self.dropped += 1
        return result

    def label(self, key: Hashable, label: int) -> Result | None:
        """Learn from the sample of ``key``; gives what the network answered as it was run again.

        None, and nothing learned, where no sample of that key is kept: it was dropped, or had a label already. A label
        of -1 says that there is none to come: the sample is forgotten.

        Raises
        ------
        ValueError, LinkTimeoutError
            As :meth:`board.host.host.Host.run`, for a label that is no class among others; the sample is kept then.
        """
        if key not in self._kept:
            return None
        result = None if label == UNLABELLED else self._host.run(self._kept[key], label=label, learn=True)
        del self._kept[key]
        return result
