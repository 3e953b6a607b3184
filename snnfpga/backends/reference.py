"""The integer reference: what the hardware must do, sample by sample."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.protocol import BLOCK_COUNTERS
from sim.reference.labels import Label
from sim.reference.network import Reference

from ..console import Advance
from ..data.dataset import Split
from .backend import Backend, Trace


class IntegerReference(Backend):
    """A network in :class:`sim.reference.network.Reference`."""

    def run(self, split: Split, advance: Advance, *, trace: bool) -> Iterator[Trace]:
        """Give what each sample leaves, in order."""
        reference = Reference(self._network)
        for number, sample in enumerate(split.spikes):
            result = reference.run(sample[:split.steps_of(number)], 0, learn=False, trace=trace,
                                   windows=split.step_labels is not None)
            yield Trace(result.prediction, result.answers, result.spikes, result.membranes, result.windows)
            advance()

    def learn(self, split: Split, advance: Advance) -> None:
        """Learn from the samples one by one."""
        reference = Reference(self._network)
        samples = [sample[:split.steps_of(number)] for number, sample in enumerate(split.spikes)]
        reference.learn(samples, labels_of(split), progress=lambda done: advance())
        blocks = reference.counters
        self._network = reference.network()
        self._counters = {name: sum(block[name] for block in blocks) for name in BLOCK_COUNTERS}


def labels_of(split: Split) -> list[Label] | NDArray[np.int64]:
    """The label of each sample, or those of its own steps where they have labels."""
    if split.step_labels is None:
        return split.labels
    return [labels[:split.steps_of(number)] for number, labels in enumerate(split.step_labels)]
