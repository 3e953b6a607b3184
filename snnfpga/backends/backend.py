"""What a backend is: one network on one kind of machine, that runs samples and learns from them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from numpy.typing import NDArray

from rtl_gen.contract.network import Network

from ..console import Advance
from ..data.dataset import Split

Rates = Sequence[tuple[int, ...]] | None      # of each sample, a rate for each block


@dataclass(frozen=True)
class Trace:
    """What one sample left.

    Attributes
    ----------
    prediction
        The class.
    answers
        For each block (classes,) whole numbers.
    spikes, membranes
        For each block and layer (T, outputs) whole numbers, T the sample's own steps; a membrane is the one after the
        reset. None where nobody asked for them.
    windows
        For each block, or of a core its last alone, (W, classes) whole numbers, the logits at the end of each of the
        sample's windows; None where steps have no labels.
    """

    prediction: int
    answers: list[NDArray]
    spikes: list[list[NDArray]] | None = None
    membranes: list[list[NDArray]] | None = None
    windows: list[NDArray] | None = None


class Backend(ABC):
    """A network on a machine that computes it as docs/arithmetic.md says.

    Parameters
    ----------
    network
        The network that is loaded.
    place
        Where to compute, of a backend that leaves a choice: a simulator by name. None takes what is here.
    """

    def __init__(self, network: Network, place: str | None = None) -> None:
        self._network, self._place = network, place
        self._counters: dict[str, int] = {}

    @abstractmethod
    def run(self, split: Split, advance: Advance, *, trace: bool) -> Iterator[Trace]:
        """Give what each sample leaves, in order, without learning; spikes and membranes only where ``trace``."""

    @abstractmethod
    def learn(self, split: Split, advance: Advance, rates: Rates = None) -> None:
        """Learn from the samples one by one, as the chip does; from one without a label nothing.

        ``rates`` are those for each sample, the network's where None; afterwards the network has its own again.

        Raises
        ------
        SnnfpgaError
            If this backend does not learn as the chip does.
        """

    def network(self) -> Network:
        """The network as it stands: the one that was loaded, or what became of it by learning."""
        return self._network

    def counters(self) -> dict[str, int]:
        """What was counted while it learned last, each of :data:`rtl_gen.contract.protocol.BLOCK_COUNTERS` summed over
        the blocks; nothing before it has learned.
        """
        return dict(self._counters)
