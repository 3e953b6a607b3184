"""Neurons that leak by one shift, or by none, in PyTorch."""

import torch
from torch import Tensor

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.neurons.lif import LifSpec

from ...config.network import LayerSettings


def specified(settings: LayerSettings, threshold: int, threshold_shift: int | None) -> LifSpec:
    """The neuron that a configuration asks for, on the grid of its layer.

    Raises
    ------
    SnnfpgaError
        If it asks for a leak that one shift is not.
    """
    if settings.keep is not None:
        raise SnnfpgaError("Config network.keep means nothing to network.neuron=lif, whose leak is one shift; set "
                           "network.leak_shift, or take network.neuron=lif_shifts", USAGE)
    return LifSpec(membrane_bits=settings.membrane_bits, threshold=threshold, reset=settings.reset,
                   threshold_shift=threshold_shift, leak_shift=settings.leak_shift)


def lost(neuron: LifSpec, membrane: Tensor) -> Tensor | float:
    """What membranes, integer-valued float32 of any shape, lose in a step."""
    return 0.0 if neuron.leak_shift is None else torch.floor(membrane * 2.0 ** -neuron.leak_shift)


def compiled_leak(neuron: LifSpec) -> float | None:
    """The factor of a leak ``floor(membrane * factor)``, which is what compiled loops know; None for any other."""
    return 0.0 if neuron.leak_shift is None else 2.0 ** -neuron.leak_shift
