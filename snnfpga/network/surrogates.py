"""Surrogates of a spike's derivative: those of the hardware, and those that only training in PyTorch has."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.surrogate import SurrogateSpec

# Peaks of 1, as wide as a boxcar of half width 1, that is with an area of 2; ``d >= 0`` is the distance.
HOST_SURROGATES: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": lambda d: 1.0 - torch.tanh(d).square(),
    "arctan": lambda d: 1.0 / (1.0 + (0.5 * math.pi * d).square()),
    "fast_sigmoid": lambda d: 1.0 / (1.0 + d).square(),
}


@dataclass(frozen=True, kw_only=True)
class HostSurrogate(SurrogateSpec):
    """A surrogate that training takes in place of the hardware's; what is exported has the boxcar as wide as it.

    Attributes
    ----------
    host
        A name of :data:`HOST_SURROGATES`.
    """

    host: str


def lowered(spec: NetworkSpec) -> NetworkSpec:
    """The specification as hardware has it: with boxcars in place of what only PyTorch has."""
    return replace(spec, blocks=tuple(
        replace(block, layers=tuple(_lowered(layer) for layer in block.layers)) for block in spec.blocks))


def _lowered(layer: LayerSpec) -> LayerSpec:
    own = layer.surrogate
    if not isinstance(own, HostSurrogate):
        return layer
    return replace(layer, surrogate=SurrogateSpec(shape=own.shape, width=own.width, height=own.height))


def host_surrogate(spec: NetworkSpec) -> str | None:
    """The surrogate that only PyTorch has and that ``spec`` is trained with; None where it is the hardware's."""
    return next((layer.surrogate.host for block in spec.blocks for layer in block.layers
                 if isinstance(layer.surrogate, HostSurrogate)), None)


def gates(charged: Tensor, threshold: Tensor | int, surrogate: SurrogateSpec) -> Tensor:
    """Surrogate derivative of the spike: 0 .. height, uint8, as the hardware stores it; a host's own in floats."""
    distance = (charged - threshold).abs_()
    if isinstance(surrogate, HostSurrogate):
        return HOST_SURROGATES[surrogate.host](distance / surrogate.width)
    if surrogate.shape == "boxcar":
        return (distance < surrogate.width).to(torch.uint8)
    steps = torch.floor(distance * 2.0 ** -surrogate.width)
    return (surrogate.height - steps).clamp_(min=0).to(torch.uint8)


def area_of(surrogate: SurrogateSpec) -> float:
    """Area under the surrogate: gradients are divided by it, so that neither width nor height changes their size."""
    if surrogate.shape == "boxcar":
        return 2.0 * surrogate.width
    return float(surrogate.height * (surrogate.height + 1) * 2 ** surrogate.width)
