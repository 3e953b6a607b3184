"""The integer reference: what the hardware must do, sample by sample."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.protocol import BLOCK_COUNTERS
from sim.reference.labels import Label
from sim.reference.network import Reference

from ..console import Advance
from ..data.dataset import Split
from .backend import Backend, Rates, Trace


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

    def learn(self, split: Split, advance: Advance, rates: Rates = None) -> None:
        """Learn from the samples one by one."""
        reference = Reference(self._network)
        labels = labels_of(split)
        for number, sample in enumerate(split.spikes):
            if rates is not None:
                reference.rates = list(rates[number])
            reference.learn([sample[:split.steps_of(number)]], labels[number:number + 1])
            advance()
        blocks = reference.counters
        self._network = replace(reference.network(), rates=self._network.rates)
        self._counters = {name: sum(block[name] for block in blocks) for name in BLOCK_COUNTERS}


def labels_of(split: Split) -> list[Label] | NDArray[np.int64]:
    """The label of each sample, or those of its own steps where they have labels."""
    if split.step_labels is None:
        return split.labels
    return [labels[:split.steps_of(number)] for number, labels in enumerate(split.step_labels)]
