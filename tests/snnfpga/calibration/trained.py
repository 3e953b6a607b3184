"""A small network that knows its data."""

from dataclasses import replace

import numpy as np

from sim.reference.initial import random_network
from sim.reference.network import Reference
from snnfpga.data.dataset import Split
from tests.networks import network_spec


def groups(count, seed, classes=4, inputs=12):
    """Each class has three inputs of its own that fire."""
    rng = np.random.default_rng(seed)
    label = np.arange(count, dtype=np.int64) % classes
    rate = 0.05 + 0.6 * (np.arange(inputs) // 3 == label[:, None, None])
    return Split((rng.random((count, 8, inputs)) < rate).astype(np.uint8), label)


def a_network(synapses=None):
    """One that knows the groups: it has learned them on the reference; with ``synapses`` in place of dense ones."""
    spec = network_spec(rounding="stochastic", rate_shift=8, readout_rate_shift=3, max_steps=8, dead_zone=24)
    if synapses is not None:
        (block,) = spec.blocks
        layer = replace(block.layers[0], synapses=synapses)
        spec = replace(spec, blocks=(replace(block, layers=(layer,),
                                             readout=replace(block.readout, inputs=layer.outputs)),))
    reference, taught = Reference(random_network(spec, 0)), groups(300, 1)
    reference.learn(taught.spikes, taught.labels)
    return reference.network()
