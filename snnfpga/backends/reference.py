"""The integer reference: what the hardware must do, sample by sample."""

from collections.abc import Iterator

from rtl_gen.contract.protocol import BLOCK_COUNTERS
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
            result = reference.run(sample[:split.steps_of(number)], 0, learn=False, trace=trace)
            yield Trace(result.prediction, result.answers, result.spikes, result.membranes)
            advance()

    def learn(self, split: Split, advance: Advance) -> None:
        """Learn from the samples one by one."""
        reference = Reference(self._network)
        samples = [sample[:split.steps_of(number)] for number, sample in enumerate(split.spikes)]
        reference.learn(samples, split.labels, progress=lambda done: advance())
        blocks = reference.counters
        self._network = reference.network()
        self._counters = {name: sum(block[name] for block in blocks) for name in BLOCK_COUNTERS}
