"""The generated hardware in a simulator, through the board's own driver."""

from collections.abc import Iterator

from rtl_gen.contract.protocol import BLOCK_COUNTERS

from ..data.dataset import Split
from . import simulated
from .backend import Advance, Backend, Trace


class Rtl(Backend):
    """A network in the core that was generated for it; its place is a simulator."""

    def run(self, split: Split, advance: Advance, *, trace: bool) -> Iterator[Trace]:
        """Give what each sample leaves, in order; all samples run before the first is given, halted in each step."""
        found = simulated.evaluate(self._network, split, advance, self._place)
        blocks = range(len(self._network.spec.blocks))
        for number, prediction in enumerate(found["predictions"].tolist()):
            steps = split.steps_of(number)
            # A block of the hardware has one layer.
            yield Trace(prediction, [found[f"answers{b}"][number] for b in blocks],
                        [[found[f"spikes{b}"][number][:steps]] for b in blocks] if trace else None,
                        [[found[f"membranes{b}"][number][:steps]] for b in blocks] if trace else None)

    def learn(self, split: Split, advance: Advance) -> None:
        """Learn from the samples one by one, and read the network and the counters back."""
        blocks = range(len(self._network.spec.blocks))
        self._network, counters = simulated.learn(self._network, split, advance, self._place)
        self._counters = {name: sum(counters[f"block{b}.{name}"] for b in blocks) for name in BLOCK_COUNTERS}
