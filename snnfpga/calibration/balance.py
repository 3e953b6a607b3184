"""Random weights under which every block fires about as often, whatever comes from the block below.

Random weights are drawn for inputs of which a given share is active. What a convolution hands on, and more so a pool
above it, is far denser than events are: the blocks above saturate, few of their neurons are near a threshold where a
gate is open, and what they learn is common to all classes. So the size of each block's weights is measured, from the
first block on: on some samples its neurons are to fire in :data:`SHARE` of the steps. (That layers are brought to a
given activity one by one, on data, before they are trained, is what Mishkin and Matas, 2016, do by the variance of
outputs.)
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.network import Network

from ..data.dataset import Split
from ..network.inference import batches, run_block, weights_of

# Chosen on held-out training samples of digits-events (docs/calibration.md, Random weights).
SHARE = 0.05
SAMPLES = 64
OCTAVES = 3         # weights become at most 2^3 times as large or small
HALVINGS = 6        # of what is left of the octaves


@torch.no_grad()
def balanced(network: Network, split: Split) -> Network:
    """``network``, whose blocks are one layer each, with the weights of each layer larger or smaller as a whole.

    Layers of 1 bit stay as they are: the size of a stored weight is not that of its sign.

    Parameters
    ----------
    split
        The samples to measure by, a batch of them at most.
    """
    events, within = next(batches(split, weights_of(network)))
    for number in range(len(network.spec.blocks)):
        network, _, events = min(_trials(network, number, events, within),
                                 key=lambda one: abs(np.log(max(one[1], 1e-6) / SHARE)))
    return network


def _trials(network: Network, number: int, events: torch.Tensor,
            within: torch.Tensor | None) -> Iterator[tuple[Network, float, torch.Tensor]]:
    """Sizes of a block's weights between which the share of its spikes lies, as it is first, and what it hands on."""
    block, (own,) = network.spec.blocks[number], network.weights[number]
    least, most, octaves = -float(OCTAVES), float(OCTAVES), 0.0
    for _ in range(HALVINGS if block.layers[0].weights.bits > 1 else 1):
        weights = (_sized(block, own, 2.0 ** octaves),)
        trial = replace(network, weights=(*network.weights[:number], weights, *network.weights[number + 1:]))
        spikes = run_block(block, weights_of(trial)[number], events, within).spikes[-1]
        inside = spikes > 0 if within is None else (spikes > 0) & (within > 0)
        steps = spikes.shape[0] * spikes.shape[1] if within is None else float(within.sum())
        share = float(inside.sum()) / (steps * spikes.shape[2])
        yield trial, share, spikes
        least, most = (octaves, most) if share < SHARE else (least, octaves)
        octaves = (least + most) / 2


def _sized(block: BlockSpec, weights: NDArray[np.int32], times: float) -> NDArray[np.int32]:
    """What weighs events ``times`` as large, as far as it fits; biases and what is added to thresholds as they are."""
    (layer,), sized = block.layers, weights.copy()
    most = (1 << layer.weights.stored_bits - 1) - 1
    rows = slice(0, layer.event_rows)
    sized[rows] = np.clip(np.rint(weights[rows] * times), -most, most)
    return sized
