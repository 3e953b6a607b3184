"""How healthy a network is for learning, layer by layer, on one batch: does it fire, can it learn, in what direction.

A deep spiking network trains where every layer fires, where enough membranes lie within reach of the surrogate, and
where gradients neither vanish nor explode from layer to layer. Chen and Li (Neural Computation, 2021) derive conditions
of that kind for STBP; these, and their bounds, are ours.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..config.models import Config
from ..learning.registry import find_rule
from ..learning.rule import Batch
from ..network.network import SpikingNetwork
from ..network.neuron import thresholds_of
from ..network.surrogates import gates
from ..network.window import Flows, layer_run, rest
from .fit import Fit
from .hardware import Hardware

SILENT, BUSY = 0.002, 0.8       # firing rates a step beyond which a layer hardly tells anything apart
FAR = 0.02                      # share of membranes within reach of the surrogate below which little is learned
AGAINST = -0.05                 # cosine to the end-to-end gradient below which a step goes the wrong way


def of_rate(rate: float) -> str:
    """Advice on a layer that fires so often a step, or nothing."""
    if rate < SILENT:
        return "silent: raise network.gain or lower network.threshold"
    if rate > BUSY:
        return "fires all the time: lower network.gain or raise network.threshold"
    return ""


@dataclass(frozen=True, kw_only=True)
class LayerHealth:
    """One layer on one batch.

    Attributes
    ----------
    block, layer
        Where it is.
    rate
        Spikes a neuron and step.
    near
        Share of membranes whose surrogate derivative is not 0.
    gradient
        Norm of the gradient over that of the weights; 0 where none came, None where it is NaN or infinite.
    cosine
        Between the rule's gradient and that of end-to-end BPTT; None where one of them is 0, NaN or infinite.
    """

    block: int
    layer: int
    rate: float
    near: float
    gradient: float | None
    cosine: float | None

    @property
    def advice(self) -> str:
        """What to do, or nothing where all is well."""
        if self.gradient is None:       # first: weights that are NaN fire no more
            return "gradient is NaN or infinite: lower training.rate or the factors of learning.traces"
        if of_rate(self.rate):
            return of_rate(self.rate)
        if self.near < FAR:
            return "few membranes near the threshold: raise network.surrogate_width"
        if not self.gradient:
            return "no gradient comes: give its block a loss (truncated-local), or look at the layers above"
        if self.cosine is not None and self.cosine < AGAINST:
            return "learns against the end-to-end gradient: try deeper blocks, or a longer learning.window"
        return ""


@dataclass(frozen=True)
class Cell:
    """Every layer's health, with a window and a block depth.

    Attributes
    ----------
    window, block
        K, and the layers of a block.
    layers
        Their health.
    steps
        T of the samples.
    fit
        How a trained network fits its samples; None of one that is not trained, or has no unseen samples.
    hardware
        What hardware thinks of it, where it was asked.
    """

    window: int
    block: int
    layers: list[LayerHealth]
    steps: int
    fit: Fit | None = None
    hardware: Hardware | None = None


def diagnose(config: Config, network: SpikingNetwork, batch: Batch) -> list[LayerHealth]:
    """Every layer of ``network`` on a batch."""
    own = _gradients(network, config, config.learning.rule, batch)
    whole = _gradients(network, config.model_copy(update={"learning": config.learning.model_copy(
        update={"rule": "bptt"})}), "bptt", batch)
    found, passing = [], batch.events.float()
    with torch.no_grad():
        for b, (block, weights) in enumerate(zip(network.spec.blocks, network.integers(), strict=True)):
            states, flows = rest(block, passing.shape[1], passing), Flows(block.sources)
            for index, (layer, matrix, state) in enumerate(zip(block.layers, weights.layers, states, strict=True)):
                passing, charged = layer_run(layer, matrix, passing, state, flows)
                weight = network.blocks[b].layers[index].linear.weight
                found.append(LayerHealth(
                    block=b, layer=index, rate=_mean(passing, batch),
                    near=_mean((gates(charged, thresholds_of(layer, matrix), layer.surrogate) > 0).float(), batch),
                    gradient=_finite(own[b][index].norm() / weight.norm()),
                    cosine=_cosine(own[b][index], whole[b][index])))
    return found


def _mean(values: Tensor, batch: Batch) -> float:
    """The mean of values (T, B, N) over the steps within the samples."""
    if batch.within is None:
        return float(values.mean())
    return float((values * batch.within).sum() / (batch.within.sum() * values.shape[2]))


def _gradients(network: SpikingNetwork, config: Config, rule: str, batch: Batch) -> list[list[Tensor]]:
    """Gradients of each layer's float weights; zeros where none came."""
    network.zero_grad(set_to_none=True)
    generator = torch.Generator().manual_seed(config.seed)
    # An update within the sample would change what is measured, so none follows.
    find_rule(rule).learn(network, config.learning, replace(batch, generator=generator))
    found = [[torch.zeros_like(layer.linear.weight) if layer.linear.weight.grad is None else layer.linear.weight.grad
              for layer in block.layers] for block in network.blocks]
    network.zero_grad(set_to_none=True)
    return found


def _finite(value: Tensor) -> float | None:
    return float(value) if value.isfinite() else None


def _cosine(one: Tensor, other: Tensor) -> float | None:
    length = float(one.norm() * other.norm())
    return None if length == 0 or not math.isfinite(length) else float((one * other).sum()) / length
