"""A network's accuracy on a backend, and how far the backend is from PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.network import Network
from sim.reference.network import Reference, Result

from ..data.dataset import Split
from ..network.exact import check_exact
from ..network.inference import Passage, passages, predict, weights_of
from .differences import Differences

Advance = Callable[..., None]


@dataclass(frozen=True)
class Measured:
    """Predictions (N,) of a backend, and what was compared with PyTorch on the way."""

    predictions: NDArray[np.int64]
    differences: Differences

    def accuracy(self, split: Split) -> float:
        return float((self.predictions == split.labels).mean())


def on_torch(network: Network, split: Split, advance: Advance) -> Measured:
    """PyTorch itself; there is nothing to compare it with."""
    predictions = []
    for batch in passages(network.spec, weights_of(network), split):
        predictions.append(predict(batch[-1].answers).numpy())
        advance(len(predictions[-1]))
    return Measured(np.concatenate(predictions), Differences())


def on_reference(network: Network, split: Split, advance: Advance) -> Measured:
    """The integer reference, sample by sample; every spike, membrane, answer and prediction is compared."""
    reference, differences, predictions = Reference(network), Differences(), []
    for batch in passages(network.spec, weights_of(network), split):
        for column in range(len(batch[-1].answers)):
            number = len(predictions)
            sample = split.spikes[number][:split.steps_of(number)]
            result = reference.run(sample, 0, learn=False, trace=True)
            _compare(differences, batch, column, result, len(sample))
            predictions.append(result.prediction)
            advance()
    return Measured(np.array(predictions, np.int64), differences)


def _compare(differences: Differences, batch: list[Passage], column: int, result: Result, steps: int) -> None:
    """Sample ``column`` of a PyTorch batch, of so many steps, against the reference's result for it."""
    if result.spikes is None or result.membranes is None:
        raise ValueError("A result that is compared must have a trace")
    for block, passage in enumerate(batch):
        for layer, (spikes, membranes) in enumerate(zip(passage.spikes, passage.membranes, strict=True)):
            differences.compare("spikes", spikes[:steps, column].numpy(), result.spikes[block][layer])
            differences.compare("membranes", membranes[:steps, column].numpy(), result.membranes[block][layer])
        differences.compare("answers", passage.answers[column].numpy(), result.answers[block])
    differences.compare("predictions", predict(batch[-1].answers[column:column + 1]).numpy(),
                        np.array([result.prediction]))


def on_rtl(network: Network, split: Split, advance: Advance) -> Measured:
    """The generated hardware in a simulator, halted after every step; compared as :func:`on_reference` does."""
    from .simulated import evaluate

    differences, first = Differences(), 0
    found = evaluate(network, split, advance)
    for batch in passages(network.spec, weights_of(network), split):
        size = len(batch[-1].answers)
        for block, passage in enumerate(batch):
            for name, values in (("spikes", passage.spikes[-1]), ("membranes", passage.membranes[-1])):
                for column in range(size):      # PyTorch has steps first, a device samples
                    steps = split.steps_of(first + column)
                    differences.compare(name, values[:steps, column].numpy(),
                                        found[f"{name}{block}"][first + column][:steps])
            differences.compare("answers", passage.answers.numpy(), found[f"answers{block}"][first:first + size])
        predictions = found["predictions"][first:first + size]
        differences.compare("predictions", predict(batch[-1].answers).numpy(), predictions)
        first += size
    return Measured(found["predictions"], differences)


BACKENDS: dict[str, Callable[[Network, Split, Advance], Measured]] = {
    "torch": on_torch,
    "reference": on_reference,
    "rtl": on_rtl,
}


def measure(network: Network, split: Split, backend: str, advance: Advance) -> Measured:
    """Run ``split`` on ``backend``; ``advance`` is called with the number of samples done.

    Raises
    ------
    SpecError
        If PyTorch could not compute this network exactly, so that there is nothing to compare with.
    """
    check_exact(network.spec, weights_of(network))
    return BACKENDS[backend](network, split, advance)
