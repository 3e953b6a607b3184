"""Products of a layer and of a readout, by their shapes."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from rtl_gen.spec import LayerSpec, ReadoutSpec
from rtl_gen.synapses import ConvSpec

from ..network.synapses import as_images
from .operations import Operations


@dataclass(frozen=True)
class Synapses:
    """One matrix between ``inputs`` and ``outputs``; what a sample and step costs.

    Attributes
    ----------
    inputs, outputs
        Values on either side.
    weights
        Values of the matrix.
    pairs
        Of an input and an output that it reaches, or would where the grid is padded.
    """

    inputs: int
    outputs: int
    weights: int
    pairs: int

    def moved(self, samples: int) -> int:
        """Words of one product over so many samples and steps, whichever of the three is its result."""
        return samples * (self.inputs + self.outputs) + self.weights

    def switched(self, samples: int, accumulates: int) -> Operations:
        """A product with spikes, that caused so many accumulates."""
        return Operations(accumulates=accumulates, dense=samples * self.pairs, words=self.moved(samples))

    def real(self, samples: int) -> Operations:
        """A product of two real matrices."""
        return Operations(multiplies=samples * self.pairs, dense=samples * self.pairs, words=self.moved(samples))


def of_layer(layer: LayerSpec) -> Synapses:
    """Those that come from below."""
    pairs = layer.input_rows * layer.outputs
    return Synapses(layer.pooled_inputs, layer.outputs, layer.input_rows * layer.columns, pairs)


def of_own(layer: LayerSpec) -> Synapses:
    """Those of a recurrent layer from its own neurons."""
    return Synapses(layer.outputs, layer.outputs, layer.outputs ** 2, layer.outputs ** 2)


def of_readout(readout: ReadoutSpec) -> Synapses:
    """Those between neurons, or pooled neurons, and classes."""
    return Synapses(readout.rows, readout.classes, readout.rows * readout.classes, readout.rows * readout.classes)


def reached(layer: LayerSpec) -> Callable[[Tensor], int]:
    """How many additions pooled events (M, inputs) cause."""
    if layer.conv is None:
        return lambda events: int(events.sum()) * layer.outputs
    conv = layer.conv
    return lambda events: reached_by_conv(as_images(events, conv), conv)


def reached_by_conv(images: Tensor, conv: ConvSpec) -> int:
    """The same of (M, channels, height, width): each event counts once for each kernel place that sees it."""
    seen = functional.conv2d(images.double().sum(1, keepdim=True), torch.ones(1, 1, conv.kernel, conv.kernel).double(),
                             stride=conv.stride, padding=conv.padding)
    return int(seen.sum()) * (conv.filters // conv.groups)
