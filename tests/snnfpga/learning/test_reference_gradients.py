"""What the reference adds up for each weight is the gradient that autograd finds, where nothing is rounded.

The loss is the sum of errors times logits, the errors constants. Spikes have the gate for a derivative; resets, what
was before the window, and the clamp of thresholds have none; pools have that of a sum.
"""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d

from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.neurons.lif import LifSpec
from rtl_gen.contract.weights import read_weights
from sim.reference.vectors import network_vector
from tests.networks import changed
from tests.sim.naive import Naive
from tests.sim.random_case import random_stored
from tests.sim.test_reference_wild import features
from tests.sim.wild_case import wild_network

SATURATES = 1 << 15
SEEDS = 80


class Spike(torch.autograd.Function):
    """1 where a charge reaches its threshold; backwards, the gate."""

    @staticmethod
    def forward(ctx, charge, threshold, surrogate):
        distance = (charge - threshold).abs()
        if surrogate.shape == "boxcar":
            gate = (distance < surrogate.width).double()
        else:
            gate = (surrogate.height - (distance.long() >> surrogate.width)).clamp(min=0).double()
        ctx.save_for_backward(gate)
        return (charge >= threshold).double()

    @staticmethod
    def backward(ctx, grad):
        (gate,) = ctx.saved_tensors
        return grad * gate, -grad * gate, None


def pooled(pool, events):
    """Events (inputs,) behind a pool; the gradient is a sum's."""
    if pool is None:
        return events
    grid = events.reshape(pool.height, pool.width, pool.channels).permute(2, 0, 1)
    pad = [out * pool.size - side for out, side in ((pool.out_width, pool.width), (pool.out_height, pool.height))]
    grid = torch.nn.functional.pad(grid, (0, max(0, pad[0]), 0, max(0, pad[1])))
    cut = grid[:, :pool.out_height * pool.size, :pool.out_width * pool.size]
    squares = cut.reshape(pool.channels, pool.out_height, pool.size, pool.out_width, pool.size).sum((2, 4))
    found = squares.permute(1, 2, 0).reshape(-1)
    return found if pool.kind == "sum" else found + (found.clamp(max=1) - found).detach()


def current(layer, weights, x, own):
    synapses = layer.synapses
    if synapses.kind == "conv":
        kernel, part = synapses.kernel, synapses.channels // synapses.groups
        taps = weights[:synapses.rows].reshape(kernel, kernel, part, synapses.filters).permute(3, 2, 0, 1)
        grid = x.reshape(1, synapses.height, synapses.width, synapses.channels).permute(0, 3, 1, 2)
        found = conv2d(grid.contiguous(), taps.clone(memory_format=torch.contiguous_format),
                       stride=synapses.stride, padding=synapses.padding, groups=synapses.groups)
        found = found[0].permute(1, 2, 0).reshape(-1)
    else:
        found = x @ weights[:synapses.rows]
    if synapses.recurrent:
        found = found + own @ weights[synapses.rows:layer.event_rows]
    return found + weights[-1].repeat(layer.outputs // layer.columns) if layer.weights.bias else found


def thresholds(layer, weights):
    neuron = layer.neuron
    if neuron.threshold_shift is None:
        return torch.full((layer.outputs,), float(neuron.threshold), dtype=torch.float64)
    free = neuron.threshold + weights[layer.event_rows].repeat(layer.outputs // layer.columns) * (
        2.0 ** neuron.threshold_shift)
    return free + (free.clamp(1, neuron.membrane_max) - free).detach()


def loss(block, weights, readout, sample, first, errors):
    """Of the window that begins with the step ``first``, behind which no gradient goes; (T, inputs) of a sample."""
    membranes = [torch.zeros(layer.outputs, dtype=torch.float64) for layer in block.layers]
    spikes = [torch.zeros(layer.outputs, dtype=torch.float64) for layer in block.layers]
    lingering = [torch.zeros(layer.outputs, dtype=torch.float64) for layer in block.layers]
    total, level, largest = (torch.zeros(size, dtype=torch.float64) for size in ((), block.readout.classes, 1))
    for t, events in enumerate(sample[:first + block.window]):
        if t == first:
            membranes, spikes, lingering = ([values.detach() for values in kept]
                                            for kept in (membranes, spikes, lingering))
            level, largest = level.detach(), largest.detach()
        currents = []
        for number, layer in enumerate(block.layers):
            added = current(layer, weights[number], pooled(layer.pool, events), spikes[number])
            if layer.residual is not None:
                added = (added * 2.0 ** layer.residual.own_shift
                         + currents[number - layer.residual.below] * 2.0 ** layer.residual.shift)
            currents.append(added)
            if layer.current is not None:
                left = lingering[number] * layer.current.keep
                added = lingering[number] = left + (left.ceil() - left).detach() + added
            threshold = thresholds(layer, weights[number])
            charge = membranes[number] + added
            events = spikes[number] = Spike.apply(charge, threshold, layer.surrogate)
            fired, amount = events.detach(), layer.neuron.reset_amount or threshold.detach()
            membranes[number] = charge * (1 - fired) if layer.neuron.reset == "zero" else charge - fired * amount
        step = pooled(block.readout.pool, events) @ readout
        if block.readout.leak_shift is not None:
            left = level * (1 - 2.0 ** -block.readout.leak_shift)
            step = level = left + (left.ceil() - left).detach() + step
            largest = level if t == 0 else torch.where(level >= largest, level, largest)
        if block.readout.reading != "sum":
            total = ((largest if block.readout.reading == "maximum" else level) * errors).sum()
        elif t >= first + block.window - block.loss_steps:
            total = total + (step * errors).sum()
    return total


def plain(rng):
    """A network of one block in which nothing is rounded; of small weights, that nothing be saturated either."""
    network = wild_network(rng)
    block, layers = network.spec.blocks[0], []
    for layer in network.spec.blocks[0].layers:
        neuron = layer.neuron
        neuron = LifSpec(membrane_bits=24, leak_shift=None, threshold=min(neuron.threshold, 6), reset=neuron.reset,
                         reset_amount=neuron.reset_amount, threshold_shift=neuron.threshold_shift)
        width = 2 if layer.surrogate.shape == "triangle" else 8
        layers.append(changed(replace(layer, neuron=neuron, current=None), surrogate__width=width,
                              weights__bits=min(layer.weights.bits, 3), update__feedback_shift=0))
    readout = replace(block.readout, leak_shift=None, reading="sum", feedback_shift=None, dead_zone=0)
    if readout.learned:     # whose changes are its deltas
        readout = replace(readout, weight_bits=min(readout.weight_bits, 4), shadow_bits=16, rate_shift=0,
                          rounding="nearest")
    window = rng.randint(1, 4)
    block = replace(block, layers=tuple(layers), readout=readout, window=window, update_interval=2,
                    loss_steps=rng.randint(1, window), directives=replace(block.directives, engine="reverse"))
    read = network.readouts[0] if not readout.learned else random_stored(
        rng, (readout.rows, readout.classes), readout.stored_bits)
    weights = tuple(random_stored(rng, (layer.rows, layer.columns), layer.weights.stored_bits) for layer in layers)
    return Network(spec=replace(network.spec, blocks=(block,), max_steps=8), window_numbers=(0,), readouts=(read,),
                   weights=(weights,))


def lingering(rng):
    """The same with currents that linger in the first layer and lose a half; what goes back to it is of multiples of
    16, so that all its halves are whole in a window of 4 steps; of none larger, or most feedback would saturate.
    """
    network = plain(rng)
    (block,) = network.spec.blocks
    layers = (replace(block.layers[0], current=CurrentSpec(bits=24, leak_shifts=(1,))), *block.layers[1:])
    readout = replace(block.readout, learned=True, weight_bits=8, shadow_bits=8)
    read = np.random.default_rng(rng.getrandbits(32)).choice(
        np.array((-16, 0, 16), np.int32) << 8, (readout.rows, readout.classes))
    block = replace(block, layers=layers, readout=readout)
    return replace(network, spec=replace(network.spec, blocks=(block,)), readouts=(read,))


def levels(rng):
    """The same under a readout whose levels lose a half, of each reading; its weights are multiples of 16 as well."""
    network = lingering(rng)
    (block,) = network.spec.blocks
    reading = rng.choice(("sum", "last", "maximum"))
    readout = replace(block.readout, leak_shift=1, reading=reading, accumulate="cumulative", answer="all")
    layers = tuple(replace(layer, current=None) for layer in block.layers)
    block = replace(block, layers=layers, readout=readout,
                    loss_steps=block.loss_steps if reading == "sum" else block.window)
    return replace(network, spec=replace(network.spec, blocks=(block,)))


def saturates(network, sample, label):
    """Whether any feedback that is kept in 16 bits is."""
    machine = Naive(network)
    machine.run([list(np.flatnonzero(step)) for step in sample], label, True)
    (block,) = machine.blocks
    return any(value >= SATURATES - 1 for (name, layer), value in block.largest.items()
               if name == "own_feedback" or (name == "feedback" and layer < block.b.depth - 1))


def parameters(network):
    """Weights of each layer and of the readout as they are read, in floats."""
    block, (stored,), (read,) = network.spec.blocks[0], network.weights, network.readouts
    found = [read_weights(values, layer.weights.bits, layer.weights.shadow_bits)
             for values, layer in zip(stored, block.layers, strict=True)]
    found.append(read_weights(read, block.readout.weight_bits, block.readout.shadow_bits))
    return [torch.tensor(values, dtype=torch.float64, requires_grad=True) for values in found]


FEATURES = {"conv", "groups", "recurrent", "or", "sum", "residual", "threshold", "1 bit", "readout pool",
            "1-bit readout", "conv after pool"}


@pytest.mark.parametrize(("draw", "wanted_features"), [(plain, FEATURES), (lingering, FEATURES - {"1-bit readout"}),
                                                      (levels, FEATURES - {"1-bit readout"})])
def test_deltas_are_gradients(draw, wanted_features):
    met, compared = set(), 0
    for seed in range(SEEDS):
        rng = random.Random(seed)
        network = draw(rng)
        (block,) = network.spec.blocks
        sample = np.random.default_rng(seed).random((2 * block.window, network.spec.inputs)) < 0.4
        label = rng.randrange(block.readout.classes)
        (windows,) = network_vector(network, [sample.astype(int).tolist()], [label])["samples"][0]["windows"]
        if not windows or saturates(network, sample, label):
            continue
        *weights, readout = parameters(network)
        errors = torch.tensor(windows[0]["error"], dtype=torch.float64)
        loss(block, weights, readout, torch.tensor(sample, dtype=torch.float64), block.window, errors).backward()
        for layer, (delta, own) in enumerate(zip(windows[0]["delta"], weights, strict=True)):
            wanted = torch.zeros_like(own) if own.grad is None else own.grad
            np.testing.assert_array_equal(delta, wanted.numpy(), f"seed {seed}, layer {layer}")
            compared += int(np.any(delta))
        if block.readout.learned:
            changes = network.readouts[0] - np.array(windows[0]["readout"])
            # Of levels a spike counts a half, or less, and the sum is rounded to the nearest.
            wanted = np.floor(readout.grad.numpy() + 0.5)
            np.testing.assert_array_equal(changes, wanted, f"seed {seed}, readout")
        met |= features(block)
    assert met >= wanted_features
    assert compared > SEEDS // 2
