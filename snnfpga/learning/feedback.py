"""How the error at a readout becomes the signal of the layers under it, where it is not the readout's own transpose.

Feedback alignment: Lillicrap, Cownden, Tweed, Akerman, Nature Communications 7:13276, 2016 (``random``). Square waves:
Apolinario, Roy, Kosta, Roy: LLS, WACV 2025 (``square``). Direct feedback alignment: Nøkland, NeurIPS 2016 (``dfa``,
``global-dfa``). Direct random target projection: Frenkel, Lefebvre, Bol, Frontiers in Neuroscience 15:629892, 2021
(``labels``). All matrices are of +1 and -1, drawn once by the seed, and of the size of a fixed readout.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.learning import LearningConfig
from ..config.models import Config
from ..network.network import SpikingNetwork
from ..network.specify import fixed_gain
from ..network.synapses import pooled
from ..network.window import read_out
from .rule import Batch

DIRECT = ("dfa", "global-dfa")
SQUARE_WAVES = 50.0, 512.0      # radians a neuron, of the first class and of the last


def check_feedback(config: Config, local: bool) -> None:
    """Refuse what has no meaning; ``local`` says whether each block has an error of its own.

    Raises
    ------
    SnnfpgaError
        If the configuration asks for it.
    """
    learning = config.learning
    if learning.feedback == "dfa" and not local:
        raise SnnfpgaError(f"Config learning.feedback=dfa needs an error in each block, and rule {learning.rule} has "
                           "one at the last readout alone; take global-dfa", USAGE)
    if learning.feedback == "global-dfa" and config.training.parallel == "blocks":
        raise SnnfpgaError("Config learning.feedback=global-dfa needs all blocks in one process, which "
                           "training.parallel=blocks takes apart; take dfa, or parallel=data", USAGE)
    if learning.feedback == "labels" and learning.error_threshold is not None:
        raise SnnfpgaError("Config learning.error_threshold is of errors, and learning.feedback=labels knows none; "
                           "leave it out, or take sign", USAGE)


class Feedback:
    """Readouts whose errors come back to layers by ``learning.feedback``, for one batch.

    Attributes
    ----------
    joined
        Whether credit runs down from layer to layer.
    """

    def __init__(self, network: SpikingNetwork, settings: LearningConfig, batch: Batch) -> None:
        self._network, self._way, self._batch = network, settings.feedback, batch
        self.joined = self._way not in DIRECT
        self._owed: list[Tensor] = []

    def read_out(self, number: int, weights: Tensor, layers: list[Tensor]) -> Tensor:
        """What block ``number`` adds to its logits (..., B, classes), from the spikes (..., B, N) of its layers.

        The readout's ``weights`` (rows, classes) learn from the error as ever.
        """
        spec = self._network.spec.blocks[number].readout
        if self._way == "readout":
            return read_out(spec, weights, layers[-1])
        steps = read_out(spec, weights, layers[-1].detach())
        last = number == len(self._network.blocks) - 1
        if self._way == "global-dfa" and not last:
            self._owed += [self._carried(number, index, spikes) for index, spikes in enumerate(layers)]
            return steps
        below = enumerate(layers[:-1]) if self._way in DIRECT else ()
        for carried in [*self._owed, *(self._carried(number, index, spikes) for index, spikes in below)]:
            steps = steps + carried
        self._owed.clear()
        seen = pooled(layers[-1].flatten(0, -2), spec.pool).unflatten(0, layers[-1].shape[:-1])
        if self._way == "sign":
            return steps + Carry.apply(seen, weights.detach(), self._told(number))
        return steps + self._carried(number, len(layers) - 1, seen, layers[-1].shape[-1])

    def _carried(self, number: int, layer: int, seen: Tensor, neurons: int | None = None) -> Tensor:
        """Nothing, (..., B, classes), whose error a layer is told; ``neurons`` where ``seen`` is pooled."""
        logit_scale = self._network.blocks[-1 if self._way == "global-dfa" else number].logit_scale
        size, classes = seen.shape[-1], self._network.spec.classes
        signs = _waves(size, classes) if self._way == "square" else _drawn(
            self._batch.seed, number, layer, size, classes)
        matrix = torch.from_numpy(signs).to(seen) / (fixed_gain(neurons or size) * logit_scale)
        return Carry.apply(seen, matrix, self._told(number))

    def _told(self, number: int) -> Callable[[Tensor], Tensor]:
        """What layers are told of an error (..., B, classes)."""
        if self._way not in ("sign", "labels"):
            return lambda error: error
        # The error of a logit that is wholly wrong: losses are means over the samples.
        unit = self._network.blocks[number].logit_scale / len(self._batch.labels)
        if self._way == "sign":
            return partial(_sign, unit=unit)
        return partial(_label, unit=unit, labels=self._batch.labels)


def _sign(error: Tensor, unit: float) -> Tensor:
    return unit * error.sign()


def _label(error: Tensor, unit: float, labels: Tensor) -> Tensor:
    """-1 at the label in each step that has a loss; of the error only whether there is one."""
    wanted = functional.one_hot(labels, error.shape[-1]).to(error.dtype)
    return -unit * wanted * error.ne(0).any(-1, keepdim=True)


class Carry(torch.autograd.Function):
    """A product with weights of zero, through which the error comes back by a fixed matrix."""

    @staticmethod
    def forward(ctx: Any, seen: Tensor, matrix: Tensor, told: Callable[[Tensor], Tensor]) -> Tensor:
        """Zeros (..., B, classes) of what is seen (..., B, rows), for a matrix (rows, classes)."""
        ctx.matrix, ctx.told = matrix, told
        return seen.new_zeros(*seen.shape[:-1], matrix.shape[1])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return ctx.told(grads[0]) @ ctx.matrix.t(), None, None


@cache
def _drawn(seed: int, block: int, layer: int, rows: int, classes: int) -> np.ndarray:
    """(rows, classes) of +1 and -1."""
    return 2.0 * np.random.default_rng((seed, block, layer)).integers(0, 2, (rows, classes)) - 1.0


@cache
def _waves(rows: int, classes: int) -> np.ndarray:
    """A square wave over the rows for each class."""
    angles = np.linspace(*SQUARE_WAVES, classes) * np.arange(rows)[:, None]
    return np.where(np.sin(angles) < 0, -1.0, 1.0)
