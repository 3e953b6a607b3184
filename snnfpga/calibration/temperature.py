"""The scale of logits: how sharp the chip's errors are, chosen on samples that were not learned from.

A network is surer of samples that it was trained on than it has a right to be, so that at the scale of training the
errors on others are large and few. A shift that is larger by one halves every logit.
"""

from dataclasses import replace

import numpy as np

from rtl_gen.contract.network import Network
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.weights import read_weights

from ..data.dataset import Split
from .centre import UNITS_OF_A_LOGIT, WindowEnds, centred, window_ends

SOFTER = 2          # shifts that are tried above that of training


def logit_shifts(network: Network, fitted: Split, unseen: Split) -> list[int]:
    """For each block the logit shift under which its centred readout errs least on ``unseen``, by cross-entropy."""
    found: list[list[float]] = [[] for _ in network.spec.blocks]
    for by in range(SOFTER + 1):
        tried = centred(softened(network, [by] * len(found)), fitted)
        for block, (spec, readout, ends) in enumerate(zip(tried.spec.blocks, tried.readouts, window_ends(tried, unseen),
                                                          strict=True)):
            found[block].append(_cross_entropy(spec.readout, readout, ends))
    return [int(np.argmin(losses)) for losses in found]


def softened(network: Network, by: list[int]) -> Network:
    """``network`` with the logit shift of each block so much larger, up to the largest there is."""
    blocks = tuple(
        replace(block, readout=replace(block.readout, logit_shift=min(24, block.readout.logit_shift + more)))
        for block, more in zip(network.spec.blocks, by, strict=True))
    return replace(network, spec=replace(network.spec, blocks=blocks))


def _cross_entropy(readout: ReadoutSpec, stored: np.ndarray, ends: WindowEnds) -> float:
    """Mean, over windows and classes, of -log of the chance that the table gives to what is so."""
    weights = read_weights(stored, readout.weight_bits, readout.shadow_bits)
    logits = (ends.counts @ weights.astype(np.int64)) * (2.0 ** -readout.logit_shift / UNITS_OF_A_LOGIT)
    so = np.where(ends.labels[:, None] == np.arange(readout.classes), logits, -logits)
    return float(np.logaddexp(0, -so).mean())
