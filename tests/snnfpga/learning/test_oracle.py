"""Backpropagation through time against PyTorch's own graph, in float64, to 1e-12 of the largest gradient.

The graph is written out from docs/arithmetic.md and docs/training.md in plain operations, quantisers and surrogates
too; of the package it has the specification and poolings.
"""

import math

import pytest
import torch
from torch.nn import functional

from snnfpga.network.quantize import weight_limit
from snnfpga.network.synapses import pooled
from tests.snnfpga.learning.test_identities import (
    BATCH,
    SENSOR,
    STEPS,
    assert_equal,
    drawn,
    gradients,
    learned_thresholds,
    left_on,
)


def through(values, wanted):
    """``wanted``, with the gradient of ``values``; exact, as no rounded sum is taken."""
    return wanted.detach() + (values - values.detach())


def integers(weights):
    """(rows, columns) on the grid."""
    wanted, limit = weights.linear.weight.t(), weight_limit(weights.weight_bits)
    if weights.gain is not None:
        rows = len(wanted) - weights.untouched
        moved = wanted[:rows] - wanted[:rows].mean(0)
        moved = moved * weights.gain.t() / (moved.square().mean(0).sqrt() + 1e-8)
        wanted = torch.cat([moved, wanted[rows:]])
    if weights.weight_bits == 1:        # Brevitas' sign, whose gradient does not know the grid
        return through(wanted, torch.where(wanted < 0, -1.0, 1.0))
    scaled = wanted * 2.0 ** weights.fraction
    return through(scaled, scaled.round().clamp(-limit, limit))


class Spike(torch.autograd.Function):
    """A step whose derivative is the surrogate of unit area."""

    @staticmethod
    def forward(ctx, above, layer):
        ctx.layer = layer
        ctx.save_for_backward(above)
        return (above >= 0).double()

    @staticmethod
    def backward(ctx, grad):
        (above,), layer = ctx.saved_tensors, ctx.layer
        distance, width, height = above.abs(), layer.surrogate.width, layer.surrogate.height
        host = getattr(layer.surrogate, "host", None)
        if host == "sigmoid":
            area, gate = 2 * width, torch.cosh(distance / width) ** -2
        elif host == "arctan":
            area, gate = 2 * width, 1 / (1 + (math.pi / 2 * distance / width) ** 2)
        elif host == "fast_sigmoid":
            area, gate = 2 * width, 1 / (1 + distance / width) ** 2
        elif layer.surrogate.shape == "boxcar":
            area, gate = 2 * width, (distance < width).double()
        else:
            area, gate = height * (height + 1) * 2 ** width, (height - distance.long() // 2 ** width).clamp(min=0)
        return grad * gate / area, None


def synapses(layer, weights, below):
    """Currents (B, N) of events (B, inputs), bias included, a layer's own spikes left out."""
    below, rows = pooled(below, layer.pool), weights[:layer.synapses.rows]
    bias = weights[-1] if layer.weights.bias else 0.0
    if layer.synapses.kind == "dense":
        return below @ rows + bias
    conv = layer.synapses
    images = below.reshape(BATCH, conv.height, conv.width, conv.channels).permute(0, 3, 1, 2)
    kernels = rows.reshape(conv.kernel, conv.kernel, -1, conv.filters).permute(3, 2, 0, 1)
    found = functional.conv2d(images, kernels, None, conv.stride, conv.padding, groups=conv.groups)
    return (found.permute(0, 2, 3, 1) + bias).flatten(1)


def neurons(layer, weights, currents):
    """Spikes (T, B, N), and how often membranes saturated."""
    threshold, saturated = torch.tensor(float(layer.neuron.threshold), dtype=torch.float64), 0
    if layer.neuron.threshold_shift is not None:
        wanted = layer.neuron.threshold + weights[layer.event_rows] * 2.0 ** layer.neuron.threshold_shift
        threshold = through(wanted, wanted.clamp(1, layer.neuron.membrane_max)).repeat(layer.outputs // layer.columns)
    keep = 0.0 if layer.neuron.leak_shift is None else 2.0 ** -layer.neuron.leak_shift
    membrane = before = torch.zeros(BATCH, layer.outputs, dtype=torch.float64)
    spikes = []
    for current in currents:
        if layer.synapses.recurrent:
            current = current + before @ weights[layer.synapses.rows:layer.synapses.rows + layer.outputs]
        charged = membrane - torch.floor(membrane * keep) + current
        within = charged.clamp(layer.neuron.membrane_min, layer.neuron.membrane_max)
        saturated += int((within != charged).sum())
        charged = through(membrane - membrane * keep + current, within)
        before = Spike.apply(charged - threshold, layer)
        fired = before.detach()
        membrane = charged - fired * threshold.detach() if layer.neuron.reset == "subtract" else charged * (1 - fired)
        spikes.append(before)
    return torch.stack(spikes), saturated


def plain(network, events, labels):
    """Loss of a batch, and how often membranes saturated."""
    passing, total = events.double(), 0
    for spec, block in zip(network.spec.blocks, network.blocks, strict=True):
        flows = []
        for layer, weights in zip(spec.layers, map(integers, block.layers), strict=True):
            own = torch.stack([synapses(layer, weights, step) for step in passing])
            if layer.residual is not None:
                own = own * 2.0 ** layer.residual.own_shift + flows[-layer.residual.below] * 2.0 ** layer.residual.shift
            flows.append(own)
            passing, saturated = neurons(layer, weights, own)
            total += saturated
    readout = block.fixed_readout if block.learned_readout is None else integers(block.learned_readout)
    counts = pooled(passing.flatten(0, 1), spec.readout.pool).unflatten(0, (STEPS, BATCH)).sum(0)
    return functional.cross_entropy(counts @ readout * block.logit_scale, labels), total


CASES = [
    {"blocks": [[8, 7], [6]]},
    {"blocks": [["8R", "7R"], ["6R"]]},
    {"blocks": [["8R", 7]], "reset": "zero", "bias": True},
    {"blocks": [[8, 7], [6]], "reset": "zero", "leak_shift": None, "readout": "fixed"},
    {"blocks": [["6C3"], ["SP2", "4C2P1G2", "8"]], "sensor": SENSOR, "bias": True},
    {"blocks": [["6C3"], ["P2", "4C2P1"]], "sensor": SENSOR},
    {"blocks": [["6C3", "6C3+1"], [8, "8+1"]], "sensor": SENSOR, "layers": [{"weight_bits": 4}]},
    {"blocks": [["8R", 7]], "learn_threshold": True, "change": learned_thresholds},
    {"blocks": [[8, 7]], "surrogate": "triangle"},
    {"blocks": [[8, 7], [6]], "surrogate": "sigmoid"},
    {"blocks": [["8R", 7]], "surrogate": "arctan"}, {"blocks": [["8R", 7]], "surrogate": "fast_sigmoid"},
    {"blocks": [[8, 7]], "weight_bits": 1},
    {"blocks": [[8, 7]], "weight_bits": 2, "normalise": "weights"},
    {"blocks": [["8R", 7]], "normalise": "weights", "bias": True},
]
SATURATING = [
    {"blocks": [["8R", "7R"]], "membrane_bits": 9, "gain": 2.0},
    {"blocks": [[8, 7]], "membrane_bits": 9, "bias": True, "reset": "zero", "surrogate": "triangle"},
    {"blocks": [[8], [7]], "membrane_bits": 9, "gain": 2.0, "surrogate": "arctan"},
]


@pytest.mark.parametrize(("case", "saturates"), [*((case, False) for case in CASES),
                                                 *((case, True) for case in SATURATING)])
def test_bptt_is_autograd_through_time(case, saturates):
    found = gradients("bptt", learning={}, **case)
    _, network, events, labels = drawn("bptt", learning={}, **case)
    loss, saturated = plain(network, events, labels)
    loss.backward()
    assert (saturated > 0) == saturates
    assert_equal(found, left_on(network))
