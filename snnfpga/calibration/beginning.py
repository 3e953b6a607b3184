"""Random weights made ready to learn from: centred, without a dead zone, at rates that were measured.

The rates by formula are for a block of one dense layer. A convolution's delta adds up over all the places of its
filter, and credit shrinks on its way down through random weights, so that by formula the layers of a deep block hardly
move while its readout does. What they move by is measured instead, as for a trained network.

Random logits are near 0, where the chip's error is half of the whole range in all classes at once: the first thing that
the block would learn is to say less of everything, through all of its layers. Centred readouts start where each class
is as likely as it is. The errors of classes that are wrong are then small, and no dead zone may swallow them.
"""

import numpy as np

from rtl_gen.contract.network import Network

from ..data.dataset import Split
from ..data.sampling import drawn
from .calibrate import CENTRED_ON
from .centre import centred
from .rates import BlockShifts, shifts_of, with_dead_zone, with_shifts
from .scale import SAMPLES, scaled
from .trials import Lessons

# A readout may move 2^4 times as far as a layer. Chosen on digits-events with six layers in one block, as was the dead
# zone: of one pass right afterwards (200 samples) 35.5 % by formula, and with both layers by scale and readouts as far
# as they 46.5 %, four times as far 58.5 %, sixteen times 75.5 %.
READOUT_FASTER = 4


def ready_to_begin(network: Network, split: Split, seed: int) -> Network:
    """``network``, of random weights, ready to learn ``split``; as it is where no sample has a label.

    Parameters
    ----------
    seed
        Draws the samples to measure by.
    """
    labelled = split.select(split.labels >= 0)
    if not len(labelled):
        return network
    network = centred(with_dead_zone(network, 0), labelled.draw(min(CENTRED_ON, len(labelled)), seed))
    chosen = drawn(labelled.labels, min(SAMPLES, len(labelled)), seed)
    lessons = Lessons.of(labelled, np.random.default_rng(seed).permutation(chosen))
    found = scaled(network, lessons, shifts_of(network), 1)
    return with_shifts(network, [BlockShifts(own.layers, max(0, own.readout - READOUT_FASTER)) for own in found])
