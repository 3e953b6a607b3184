"""Random weights made ready to learn from: centred, without a dead zone, at rates that were measured.

The rates by formula are for a block of one layer. Credit shrinks on its way down through random weights, so that by
formula the layers of a deep block hardly move while its readout does. What they move by is measured, as for a trained
network; where the formula is far too slow for a layer, the faster of the two rates is taken, else the formula stays.

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
# Shifts by which a layer must be faster by scale. Where none was, the formula learned better (two passes, 360 samples
# of digits, four layers in one block: 94.4 %, 91.6 % by scale, 92.2 % by the faster of the two).
FAR = 2


def ready_to_begin(network: Network, split: Split, seed: int) -> Network:
    """``network``, of random weights, ready to learn ``split``.

    It stays as it is where no sample has a label, or the rates that it has suit all of its layers.

    Parameters
    ----------
    seed
        Draws the samples to measure by.
    """
    labelled = split.select(split.labels >= 0)
    if not len(labelled):
        return network
    begun = centred(with_dead_zone(network, 0), labelled.draw(min(CENTRED_ON, len(labelled)), seed))
    chosen = drawn(labelled.labels, min(SAMPLES, len(labelled)), seed)
    lessons = Lessons.of(labelled, np.random.default_rng(seed).permutation(chosen))
    given = shifts_of(begun)
    found = scaled(begun, lessons, given, 1)
    if not any(old - new >= FAR for own, other in zip(given, found, strict=True)
               for old, new in zip(own.layers, other.layers, strict=True)):
        return network
    return with_shifts(begun, [BlockShifts(
        tuple(map(min, old.layers, own.layers)), max(0, min(old.readout, own.readout - READOUT_FASTER)))
        for old, own in zip(given, found, strict=True)])
