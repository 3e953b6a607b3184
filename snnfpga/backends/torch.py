"""PyTorch: what training computes, in whole numbers that float32 holds. It does not learn as the chip does."""

from collections.abc import Iterator

import numpy as np

from rtl_gen.contract.spec import NetworkSpec

from ..console import Advance
from ..data.dataset import Split
from ..network.inference import batch_passages, predict, weights_of
from .backend import Backend, Rates, Trace
from .registry import refuse_to_learn


class Torch(Backend):
    """A network in PyTorch, a batch of samples at a time."""

    def run(self, split: Split, advance: Advance, *, trace: bool) -> Iterator[Trace]:
        """Give what each sample leaves, in order."""
        number = 0
        for batch in batch_passages(self._network.spec, weights_of(self._network), split):
            predictions = predict(batch[-1].answers).tolist()
            answers = [passage.answers.numpy() for passage in batch]
            windows = [None if passage.windows is None else passage.windows.numpy() for passage in batch]
            spikes, membranes = ([[layer.numpy() for layer in getattr(passage, name)] for passage in batch]
                                 for name in ("spikes", "membranes"))
            for column, prediction in enumerate(predictions):
                steps = split.steps_of(number)      # PyTorch goes on after a sample's end
                yield Trace(prediction, [block[column] for block in answers],
                            _of_sample(spikes, steps, column) if trace else None,
                            _of_sample(membranes, steps, column) if trace else None,
                            _windows_of(self._network.spec, windows, steps, column))
                number += 1
            advance(len(predictions))

    def learn(self, split: Split, advance: Advance, rates: Rates = None) -> None:
        """Refuse: training learns in float weights, and not as the chip does."""
        raise refuse_to_learn("torch")


def _windows_of(spec: NetworkSpec, blocks: list[np.ndarray | None], steps: int,
                column: int) -> list[np.ndarray] | None:
    """Logits (W, classes) of one sample of ``steps``, of each block's (W, B, classes); None where steps have none."""
    if blocks[0] is None:
        return None
    return [values[:-(-steps // block.window), column] for block, values in zip(spec.blocks, blocks, strict=True)]


def _of_sample(blocks: list[list[np.ndarray]], steps: int, column: int) -> list[list[np.ndarray]]:
    """What belongs to one sample, (steps, outputs), in the values of each block and layer, (T, B, outputs)."""
    return [[values[:steps, column] for values in layers] for layers in blocks]
