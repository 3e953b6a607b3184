"""A network that has learned nothing yet: random weights on a trained network's specification."""

from dataclasses import replace

import numpy as np

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.network import Network
from sim.reference.initial import random_network

from ..calibration.balance import SAMPLES, balanced
from ..calibration.beginning import ready_to_begin
from ..data.dataset import Split
from ..network.specify import DEAD_ZONE, RATE_SHIFT, READOUT_RATE_SHIFT

LOOKED_AT = 64          # samples, for how many inputs are active
READOUT_SHARE = 0.06    # of a readout weight's range


def fresh(network: Network, split: Split, seed: int) -> Network:
    """Random weights, drawn by ``seed``, on the specification of ``network``, with rates for all that is to be learned.

    The rates are those of no data in particular (``on_chip.rate_shift: null``), as the calibrated ones are for changes
    to what is known already. Where blocks are one layer each, and any of them is a convolution, the weights of each are
    brought to the size at which it fires as often as the others (:mod:`..calibration.balance`). Where any block has
    more layers, and the rates are measured to be far too slow on ``split``, faster ones are taken, readouts centred and
    no error counts as none (:mod:`..calibration.beginning`).
    """
    blocks = []
    for block in network.spec.blocks:
        # What the feedback of the last layer is divided by, its sums are not divided by again.
        divided = [0] * (block.depth - 1) + [block.readout.feedback_shift or 0]
        layers = tuple(
            replace(layer, update=replace(
                layer.update, rate_shift=max(0, RATE_SHIFT - layer.weights.shadow_bits - already)))
            for layer, already in zip(block.layers, divided, strict=True))
        readout = replace(block.readout, dead_zone=DEAD_ZONE)
        if readout.learned:
            readout = replace(readout, rate_shift=max(0, READOUT_RATE_SHIFT - readout.shadow_bits))
        blocks.append(replace(block, layers=layers, readout=readout, update_interval=1))
    density = float(np.mean(split.draw(LOOKED_AT, seed).spikes[:] != 0))
    spec = replace(network.spec, blocks=tuple(blocks))
    network = random_network(spec, seed, density=max(density, 1e-3), readout_share=READOUT_SHARE)
    if any(block.depth > 1 for block in spec.blocks):
        return ready_to_begin(network, split, seed)
    return network if all(map(_one_dense_layer, spec.blocks)) else balanced(network, split.draw(SAMPLES, seed))


def _one_dense_layer(block: BlockSpec) -> bool:
    return block.depth == 1 and block.layers[0].synapses.kind == "dense"


