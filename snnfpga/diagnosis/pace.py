"""What samples of a network's own data take in a core, by the reference and the formulas of the engines."""

import numpy as np

from rtl_gen.contract.network import Network
from rtl_gen.measured import MeasuredCycles
from rtl_gen.pace import Pace
from sim.work import WorkReference

from ..data.dataset import Split

__all__ = ["measured_cycles"]

SAMPLES = 16                    # that a mean is taken of, and fewer of a large network
MOST_NEURON_STEPS = 2_000_000   # in all of them, which take the reference some seconds


def measured_cycles(network: Network, split: Split, seed: int) -> MeasuredCycles:
    """Mean cycles of some samples of ``split`` drawn by ``seed``, run one after another and then learned from.

    They are learned from as they come, beginning with the network as it is; the copy that has learned is dropped.
    """
    neurons = sum(layer.outputs for block in network.spec.blocks for layer in block.layers)
    most = max(1, min(SAMPLES, MOST_NEURON_STEPS // (neurons * split.spikes.shape[1])))
    drawn = split.draw(most, seed)
    learns = any(block.directives.learns for block in network.spec.blocks)
    running, learning = (_mean(network, drawn, learn=learn) if learn <= learns else None for learn in (False, True))
    assert running is not None, "samples are always run"
    return MeasuredCycles(spec=network.spec, running=running, learning=learning)


def _mean(network: Network, split: Split, *, learn: bool) -> float:
    reference, pace = WorkReference(network), Pace(network.spec)
    for number in range(len(split)):
        steps = split.steps_of(number)
        label = int(split.labels[number]) if split.step_labels is None else split.step_labels[number][:steps]
        spikes = np.asarray(split.spikes[number])[:steps]
        pace.sample(reference.times(spikes, label, learn=learn and np.max(label) >= 0))
    return pace.end / len(split)
