"""Centred readouts: the chip's errors are near zero where the trained network is right, and no prediction changes.

Training by cross-entropy looks at differences of logits only: the same amount added to the logits of all classes is
no loss and no gain. The chip's error of a class looks at its own logit alone (``docs/arithmetic.md``, Errors and
credits). A trained network may therefore be right in every sample while the chip sees errors in most classes, and the
first thing that it does is to undo them, weight by weight and at the cost of what was trained.

An integer d_j, subtracted from all weights of neuron j in a learned readout, changes the logits of all classes by the
same amount: answers keep their order, and ties stay ties. So the d_j are free, and are chosen such that the chip's
errors are least on training samples. (Levels that leak are rounded down each on its own: there two answers may come
nearer, or farther apart, by as much as that.)
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.weights import read_weights
from sim.reference.grid import pooled

from ..data.dataset import Split
from ..network.inference import batch_passages, weights_of

Counted = NDArray[np.int64] | NDArray[np.float64]
UNITS_OF_A_LOGIT = 16.0     # steps of the chip's table of errors for a real logit of 1
DECAY = 1e-4                # keeps the amounts small where spikes do not decide them
ITERATIONS = 100


@dataclass(frozen=True)
class WindowEnds:
    """What the readout of a block had read at the ends of windows.

    Attributes
    ----------
    counts
        (M, rows): the events of each row that the loss logits add up there; of a readout that leaks, what is left of
        them.
    labels
        (M,).
    """

    counts: Counted
    labels: NDArray[np.int64]


def window_ends(network: Network, split: Split) -> list[WindowEnds]:
    """For each block what its readout had read at the end of each window of each sample of ``split``."""
    found: list[list[Counted]] = [[] for _ in network.spec.blocks]
    labels: list[list[int]] = [[] for _ in network.spec.blocks]
    first = 0
    for batch in batch_passages(network.spec, weights_of(network), split):
        size = batch[0].answers.shape[0]
        for b, (block, passage) in enumerate(zip(network.spec.blocks, batch, strict=True)):
            spikes = passage.spikes[-1].cpu().numpy().astype(np.uint8)
            for sample in range(size):
                steps = split.steps_of(first + sample)
                counts = pooled(block.readout.pool, np.ascontiguousarray(spikes[:steps, sample])).astype(np.int64)
                for seen in _read(counts, block):
                    found[b].append(seen)
                    labels[b].append(int(split.labels[first + sample]))
        first += size
    return [WindowEnds(np.array(counts), np.array(own)) for counts, own in zip(found, labels, strict=True)]


def _read(counts: Counted, block: BlockSpec) -> Iterator[Counted]:
    """(rows,) at the end of each window that reaches its loss steps, of counts (T, rows)."""
    readout, window, before = block.readout, block.window, block.window - block.loss_steps
    if readout.leak_shift is not None:
        counts = _levels(counts, 1.0 - 2.0 ** -readout.leak_shift)
    total = np.zeros_like(counts[0])
    for start in range(0, len(counts), window):
        seen = counts[start + before:start + window].sum(0)
        total = total + seen if readout.accumulate == "cumulative" else seen
        if len(counts) - start > before:
            # The largest level is mostly one of the last: here it is the last.
            yield total if readout.reading == "sum" else counts[start:start + window][-1]


def _levels(counts: NDArray[np.int64], keep: float) -> NDArray[np.float64]:
    """What a level of weight 1 for each row, (T, rows), would be after each step."""
    found, level = np.empty(counts.shape), np.zeros(counts.shape[1])
    for step, now in enumerate(counts):
        level = keep * level + now
        found[step] = level
    return found


def centred(network: Network, split: Split) -> Network:
    """``network`` with its learned readouts centred on ``split``, samples that it was trained on.

    Every sample gets the same predictions as before, and the same differences between answers.
    """
    readouts = list(network.readouts)
    for b, (block, ends) in enumerate(zip(network.spec.blocks, window_ends(network, split), strict=True)):
        if block.readout.learned and block.readout.weight_bits > 1 and len(ends.labels):
            amounts = _amounts(block.readout, read_weights(network.readouts[b], block.readout.weight_bits,
                                                         block.readout.shadow_bits), ends)
            readouts[b] = network.readouts[b] - (amounts[:, None] << block.readout.shadow_bits).astype(np.int32)
    return replace(network, readouts=tuple(readouts))


def _amounts(readout: ReadoutSpec, weights: NDArray[np.int32], ends: WindowEnds) -> NDArray[np.int64]:
    """(rows,) whole units to subtract from ``weights``, (rows, classes), which stay within their bits."""
    scale = 2.0 ** -readout.logit_shift / UNITS_OF_A_LOGIT
    counts = torch.from_numpy(ends.counts * scale)
    logits = counts @ torch.from_numpy(weights.astype(np.float64))
    wanted = torch.nn.functional.one_hot(torch.from_numpy(ends.labels), readout.classes).double()
    amounts = torch.zeros(len(weights), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([amounts], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        errors = torch.nn.functional.binary_cross_entropy_with_logits(
            logits - (counts @ amounts)[:, None], wanted, reduction="sum")
        total = errors / len(wanted) + DECAY * (amounts ** 2).sum()
        total.backward()
        return total

    optimiser.step(loss)
    low, high = -(1 << (readout.weight_bits - 1)), (1 << (readout.weight_bits - 1)) - 1
    whole = amounts.detach().numpy().round().astype(np.int64)
    return np.clip(whole, weights.max(1) - high, weights.min(1) - low)


def error_share(network: Network, split: Split) -> float:
    """Share of the chip's errors, over classes, windows, samples and blocks, that are beyond the dead zone."""
    beyond = total = 0
    for block, readout, ends in zip(network.spec.blocks, network.readouts, window_ends(network, split), strict=True):
        own = block.readout
        weights = read_weights(readout, own.weight_bits, own.shadow_bits).astype(np.int64)
        scaled = (ends.counts @ weights) * 2.0 ** -own.logit_shift
        found = 127 / (1 + np.exp(-np.clip(scaled / UNITS_OF_A_LOGIT, -30, 30)))
        found[np.arange(len(found)), ends.labels] -= 127
        beyond += int((np.abs(found) > own.dead_zone).sum())
        total += found.size
    return beyond / max(total, 1)
