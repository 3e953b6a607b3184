"""Products of a layer and of a readout, by their shapes."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.synapses.conv import ConvSpec

from ...network.synapses import as_images
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
    signs
        Whether weights are +1 or -1, which multiply nothing.
    """

    inputs: int
    outputs: int
    weights: int
    pairs: int
    signs: bool

    def forward(self, samples: int, accumulates: int) -> Operations:
        """Currents, or logits, of spikes that caused so many accumulates, over so many samples and steps."""
        return Operations(accumulates=accumulates, dense=samples * self.pairs, weights_read=self.weights,
                          state_read=samples * self.inputs, state_written=samples * self.outputs)

    def gradient(self, samples: int, accumulates: int | None) -> Operations:
        """The gradient of the weights, from spikes that cause so many accumulates, or from traces (None)."""
        pairs = samples * self.pairs
        return Operations(multiplies=pairs if accumulates is None else 0, accumulates=accumulates or 0, dense=pairs,
                          weights_written=self.weights, state_read=samples * (self.inputs + self.outputs))

    def back(self, samples: int) -> Operations:
        """What comes back through the weights."""
        pairs = samples * self.pairs
        return Operations(multiplies=0 if self.signs else pairs, accumulates=pairs if self.signs else 0, dense=pairs,
                          weights_read=self.weights, state_read=samples * self.outputs,
                          state_written=samples * self.inputs)


def of_layer(layer: LayerSpec) -> Synapses:
    """The synapses through which a layer sees what is below it."""
    return Synapses(layer.synapses.inputs, layer.outputs, weights=layer.synapses.rows * layer.columns,
                    pairs=layer.synapses.rows * layer.outputs, signs=layer.weights.bits == 1)


def of_own(layer: LayerSpec) -> Synapses:
    """The synapses of a recurrent layer from its own neurons."""
    return _full(layer.outputs, layer.outputs, signs=layer.weights.bits == 1)


def of_readout(readout: ReadoutSpec) -> Synapses:
    """The synapses between neurons, or pooled neurons, and classes."""
    return _full(readout.rows, readout.classes, signs=not readout.learned or readout.weight_bits == 1)


def _full(inputs: int, outputs: int, *, signs: bool) -> Synapses:
    return Synapses(inputs, outputs, weights=inputs * outputs, pairs=inputs * outputs, signs=signs)


def reached(layer: LayerSpec) -> Callable[[Tensor], int]:
    """How many additions pooled events (M, inputs) cause."""
    if layer.synapses.kind == "dense":
        return lambda events: int(events.sum()) * layer.outputs
    conv = layer.synapses
    return lambda events: reached_by_conv(as_images(events, conv), conv)


def reached_by_conv(images: Tensor, conv: ConvSpec) -> int:
    """Additions that events (M, channels, height, width) cause: each counts once for each kernel place that sees it."""
    seen = functional.conv2d(images.double().sum(1, keepdim=True), torch.ones(1, 1, conv.kernel, conv.kernel).double(),
                             stride=conv.stride, padding=conv.padding)
    return int(seen.sum()) * (conv.filters // conv.groups)
