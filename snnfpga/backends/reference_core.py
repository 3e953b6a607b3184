"""The integer reference in a core's place, for a course that a board could attend."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from board.host.host import Label, Result
from rtl_gen.contract.network import Network
from sim.reference.network import Reference


class ReferenceCore:
    """The integer reference in a core's place: a :class:`board.host.course.Core`."""

    def __init__(self, network: Network) -> None:
        self._reference = Reference(network)
        self._counted: dict[str, int] = {}

    def load(self, network: Network) -> None:
        """Take a network; counters go on."""
        self._counted = self.counters()
        self._reference = Reference(network)

    def network(self) -> Network:
        """The network as it stands."""
        return self._reference.network()

    def run(self, spikes: NDArray[np.integer], *, label: Label = 0, learn: bool = False,
            windows: bool = False) -> Result:
        """Run one sample, and learn from it where ``learn``."""
        found = self._reference.run(spikes, label, learn, windows=windows)
        return Result(found.prediction, found.answers[-1], None if found.windows is None else found.windows[-1])

    def set_rates(self, rates: tuple[int, ...]) -> None:
        """Set the steps that are added to the rate shifts, one a block."""
        self._reference.rates = list(rates)

    def counters(self) -> dict[str, int]:
        """The counters of the blocks, named as a core's."""
        return {name: value + self._counted.get(name, 0) for b, block in enumerate(self._reference.counters)
                for name, value in ((f"block{b}.{name}", value) for name, value in block.items())}

    def clear_counters(self) -> None:
        """Set all counters to 0."""
        self._counted = {}
        self._reference.clear_counters()


@dataclass(frozen=True)
class Lesson:
    """A sample that was learned from, with the rates that were set.

    Attributes
    ----------
    spikes
        (steps, inputs).
    label
        The class.
    rates
        Of each block.
    """

    spikes: NDArray[np.integer]
    label: int
    rates: tuple[int, ...]


class RecordingCore(ReferenceCore):
    """A :class:`ReferenceCore` that keeps what it learned from, so that another machine can learn the same.

    Attributes
    ----------
    lessons
        In their order.
    taught
        Its counters over the lessons alone, each summed over the blocks.
    """

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.lessons: list[Lesson] = []
        self.taught: dict[str, int] = {}

    def run(self, spikes: NDArray[np.integer], *, label: Label = 0, learn: bool = False,
            windows: bool = False) -> Result:
        """Run one sample, and learn from it where ``learn``."""
        if not learn:
            return super().run(spikes, label=label, windows=windows)
        self.lessons.append(Lesson(spikes, int(label), tuple(self._reference.rates)))
        self.clear_counters()
        found = super().run(spikes, label=label, learn=True, windows=windows)
        for block in self._reference.counters:
            for name, value in block.items():
                self.taught[name] = self.taught.get(name, 0) + value
        return found
