"""The generated hardware in a simulator, through the board's own driver."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.network import Network
from rtl_gen.contract.protocol import BLOCK_COUNTERS

from ..console import Advance
from ..data.dataset import Split
from . import simulated
from .backend import Backend, Rates, Trace


class Rtl(Backend):
    """A network in the core that was generated for it; its place is a simulator."""

    def __init__(self, network: Network, place: str | None = None) -> None:
        super().__init__(network, place)
        simulated.check_place(network.spec, place)

    def run(self, split: Split, advance: Advance, *, trace: bool) -> Iterator[Trace]:
        """Give what each sample leaves, in order; all samples run before the first is given, halted in each step."""
        found = simulated.evaluate(self._network, split, advance, self._place)
        blocks = self._network.spec.blocks

        def layers(name: str, number: int, steps: int) -> list[list[NDArray[np.int64]]]:
            return [[found[f"{name}{b}.{layer}"][number][:steps] for layer in range(block.depth)]
                    for b, block in enumerate(blocks)]

        for number, prediction in enumerate(found["predictions"].tolist()):
            steps = split.steps_of(number)
            yield Trace(prediction, [found[f"answers{b}"][number] for b in range(len(blocks))],
                        layers("spikes", number, steps) if trace else None,
                        layers("membranes", number, steps) if trace else None,
                        [found["windows"][number][:-(-steps // blocks[-1].window)]] if "windows" in found else None)

    def learn(self, split: Split, advance: Advance, rates: Rates = None) -> None:
        """Learn from the samples one by one, and read the network and the counters back."""
        blocks = range(len(self._network.spec.blocks))
        self._network, counters = simulated.learn(self._network, split, advance, self._place, rates)
        self._counters = {name: sum(counters[f"block{b}.{name}"] for b in blocks) for name in BLOCK_COUNTERS}
