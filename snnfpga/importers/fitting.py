"""Weights on a grid that is fitted to samples: layers spike as often as the source's, whatever the labels are.

The grid of a layer is tried at several sizes, by which its largest weights are cut or not, with weights that are
rounded one by one or together, and with thresholds a little lower or higher; taken is what comes nearest to the counts
of spikes that the source has in floating point. Biases stay as they are: that leaks are rounded down brings neurons to
fire a little more often, but taken off the biases it gave nearer counts and no better accuracy. Rounding together is
that of GPTQ (Frantar, Ashkboos, Hoefler, Alistarh, 2023): what is lost at an input is made up for at those that fire
with it, here by their traces, which leak as the membranes do.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..network.architecture import Conv
from ..network.quantize import weight_limit
from .computed import neurons, passed, tensor
from .making import Raw
from .neurons import on_grid
from .stages import Array, Dynamics, LinearStage, NeuronStage

# Times finer than the grid that holds the largest weight. All are tried: that two are worse says nothing of the next.
CUTS = (1.0, 1.2, 1.45, 1.75, 2.1, 2.7, 3.5, 5.0, 7.0)
THRESHOLDS = (0.99, 1.01, 0.98, 1.02, 0.97, 1.03)
DAMPING = 0.01                              # of the mean square of a trace
ROWS = 20_000                               # of traces that weights are rounded by
VALUES = 2_000_000                          # inputs, or spikes of a layer, that are held at once


@dataclass(frozen=True, eq=False)
class Fitted:
    """A layer whose weights lie on a grid of ``fraction`` bits, with the factor that its unit was multiplied by."""

    raw: Raw
    fraction: int
    factor: float


def whole(raw: Raw, bits: int, fraction: int) -> Fitted:
    """A layer on the finest grid that holds its largest weight, whose unit need be no power of two of the source's.

    Weights that lie on multiples of ``2**-fraction`` stay there.
    """
    largest = max(float(np.abs(part).max()) for part in _parts(raw))
    # Doubles from 2^53 on are multiples of any unit.
    on_it = largest * 2.0 ** fraction <= weight_limit(bits) and all(
        np.array_equal(part * 2.0 ** fraction, np.round(part * 2.0 ** fraction)) for part in _parts(raw))
    factor = 1.0 if on_it or not largest else weight_limit(bits) / (largest * 2.0 ** fraction)
    return Fitted(scaled(raw, factor), fraction, factor)


def scaled(raw: Raw, factor: float) -> Raw:
    """The same layer in another unit: weights and threshold times ``factor``."""
    given = raw.given
    times = [None if part is None else part * factor for part in (given.weights, given.recurrent, given.bias)]
    return replace(raw, given=replace(given, weights=times[0], recurrent=times[1], bias=times[2]),
                   neurons=replace(raw.neurons, threshold=raw.neurons.threshold * factor))


def _parts(raw: Raw) -> list[Array]:
    return [part for part in (raw.given.weights, raw.given.recurrent, raw.given.bias) if part is not None]


@torch.no_grad()
def fitted(layers: list[tuple[Fitted, int]], events: Tensor) -> list[Fitted]:
    """Each layer with its weights on the grid that comes nearest to its spikes on ``events``.

    Parameters
    ----------
    layers
        As :func:`whole` has them, with the bits of their weights.
    events
        (T, B, ...) in the shape of the source's input.
    """
    threads = torch.get_num_threads()
    # What a step computes is small, and threads that wait for each other on a busy machine take five times as long.
    torch.set_num_threads(1)
    try:
        return list(_fitted(layers, events))
    finally:
        torch.set_num_threads(threads)


def _fitted(layers: list[tuple[Fitted, int]], events: Tensor) -> Iterator[Fitted]:
    most = max(events[0, 0].numel(), *(math.prod(found.raw.shape) for found, _ in layers))
    wanted = events[:, :max(8, VALUES // (most * len(events)))].double()
    ours = wanted
    for found, bits in layers:
        wanted = _spikes(found.raw, _pooled(found.raw, wanted))
        seen = _pooled(found.raw, ours)
        best = _nearest(found, bits, seen, wanted)
        ours = _spiked(best, _currents(best.raw, seen))
        yield best


def _nearest(found: Fitted, bits: int, seen: Tensor, wanted: Tensor) -> Fitted:
    counts = wanted.sum(0)

    def off(one: Fitted, currents: Tensor) -> float:
        return float((_spiked(one, currents).sum(0) - counts).abs().sum())

    if found.factor == 1.0:
        return _rounded(found, bits)
    traces = _factor(found.raw, seen, wanted)
    tried: list[tuple[float, Fitted]] = []
    for cut in CUTS[:1] if found.raw.always else CUTS:
        wide = replace(found, raw=scaled(found.raw, cut), factor=found.factor * cut)
        tried += [(off(one, _currents(one.raw, seen)), one) for one in (
            _rounded(wide, bits), _rounded(wide, bits, traces))]
    best = min(tried, key=lambda one: one[0])
    if found.raw.always:
        return best[1]
    moved = [replace(best[1], raw=replace(best[1].raw, neurons=replace(
        best[1].raw.neurons, threshold=best[1].raw.neurons.threshold * times))) for times in THRESHOLDS]
    currents = _currents(best[1].raw, seen)
    return min([best, *((off(one, currents), one) for one in moved)], key=lambda one: one[0])[1]


def _rounded(found: Fitted, bits: int, traces: Tensor | None = None) -> Fitted:
    """With weights on the grid, one by one, or with :func:`_factor` of the traces of their inputs together."""
    raw, limit, scale = found.raw, weight_limit(bits), 2.0 ** found.fraction
    given = raw.given
    values = _matrix(raw) * scale
    integers = values.round().clamp(-limit, limit)
    if traces is not None:
        last = len(values) - 1 if raw.always else len(values)
        left = values[:last].clone()
        for row in range(left.shape[1]):
            integers[:last, row] = left[:, row].round().clamp(-limit, limit)
            lost = (left[:, row].clamp(-limit, limit) - integers[:last, row]) / traces[row, row]
            left[:, row:] -= torch.outer(lost, traces[row, row:])
    parts = integers.numpy() / scale
    inputs = given.weights[0].size
    weights, rest = parts[:, :inputs].reshape(given.weights.shape), parts[:, inputs:]
    own = 0 if given.recurrent is None else len(given.recurrent)
    return replace(found, raw=replace(raw, given=replace(
        given, weights=weights, recurrent=rest[:, :own] if own else None,
        bias=rest[:, own] if given.bias is not None else None)))


def _matrix(raw: Raw) -> Tensor:
    """(outputs, rows): weights of inputs, then of the layer's own spikes, then biases."""
    given = raw.given
    parts = [given.weights.reshape(len(given.weights), -1), *([] if given.recurrent is None else [given.recurrent]),
             *([] if given.bias is None else [given.bias[:, None]])]
    return tensor(np.concatenate(parts, 1))


def _factor(raw: Raw, seen: Tensor, spikes: Tensor) -> Tensor:
    """The upper Cholesky factor of the inverse of the traces' second moments, (rows, rows)."""
    parts = [_windows(raw, _trace(raw, seen))]
    if raw.given.recurrent is not None:
        before = torch.cat([torch.zeros_like(spikes[:1]), spikes[:-1]])
        parts.append(_trace(raw, before).flatten(0, 1))
    if raw.given.bias is not None:
        steady = _trace(raw, torch.ones(len(seen), 1, 1, dtype=torch.float64)).expand(-1, seen.shape[1], 1)
        parts.append(_repeated(raw, steady, len(parts[0])))
    rows = torch.cat(parts, 1)
    rows = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:ROWS]]
    moments = rows.T @ rows / len(rows)
    moments += torch.eye(len(moments), dtype=torch.float64) * (DAMPING * moments.diagonal().mean() + 1e-9)
    return torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(moments)), upper=True)


def _trace(raw: Raw, events: Tensor) -> Tensor:
    """What (T, B, ...) leave in a membrane that leaks and is not reset."""
    found, current, membrane = [], torch.zeros_like(events[0]), torch.zeros_like(events[0])
    for step in events:
        current = step if raw.neurons.current_keep is None else raw.neurons.current_keep * current + step
        membrane = raw.neurons.keep * membrane + current
        found.append(membrane)
    return torch.stack(found)


def _windows(raw: Raw, seen: Tensor) -> Tensor:
    """(n, inputs of a neuron) of (T, B, ...); groups of a convolution are taken for each other."""
    if not isinstance(raw.synapses, Conv):
        return seen.flatten(2).flatten(0, 1)
    kernel = raw.given.weights.shape[2]
    found = functional.unfold(seen.flatten(0, 1), kernel, padding=raw.synapses.padding, stride=raw.synapses.stride)
    groups = raw.synapses.groups
    return found.unflatten(1, (groups, -1)).permute(0, 3, 1, 2).flatten(0, 2)


def _repeated(raw: Raw, steady: Tensor, count: int) -> Tensor:
    flat = steady.flatten(0, 1)
    return flat.repeat_interleave(count // len(flat), 0)


def _pooled(raw: Raw, spikes: Tensor) -> Tensor:
    if raw.pool is None:
        return spikes
    return passed(replace(raw.pool, kind="max" if raw.pool.kind == "max" else "sum"), spikes)


def _currents(raw: Raw, seen: Tensor) -> Tensor:
    given = raw.given
    if isinstance(raw.synapses, Conv):
        found = functional.conv2d(seen.flatten(0, 1), tensor(given.weights), tensor(given.bias), raw.synapses.stride,
                                  raw.synapses.padding, 1, raw.synapses.groups)
        return found.unflatten(0, seen.shape[:2])
    return functional.linear(seen.flatten(2), tensor(given.weights), tensor(given.bias))


def _spikes(raw: Raw, seen: Tensor) -> Tensor:
    """(T, B, ...) of the source, in floating point."""
    own, one = raw.neurons, np.float64(1.0)[...]
    stage = NeuronStage("", Dynamics(
        keep=one * own.keep, gain=one, constant=one * 0.0, threshold=one * own.threshold, reached=own.reached,
        reset=own.reset, current_keep=None if own.current_keep is None else one * own.current_keep),
        None if raw.given.recurrent is None else LinearStage("", raw.given.recurrent))
    return neurons(stage, _currents(raw, seen))[0]


def _spiked(found: Fitted, currents: Tensor) -> Tensor:
    """(T, B, ...) as the integers have them: leaks are rounded down, and a reset is at once."""
    raw, scale = found.raw, 2.0 ** found.fraction
    integers, currents = on_grid(raw.neurons, found.fraction), currents * scale
    recurrent = None if raw.given.recurrent is None else tensor(raw.given.recurrent) * scale
    spikes = []
    v, i, before = (torch.zeros_like(currents[0]) for _ in range(3))
    for x in currents:
        if recurrent is not None:
            x = x + before @ recurrent.T
        if integers.current_keep is not None:
            x = i = i - torch.floor(i * (1.0 - integers.current_keep)) + x
        v = v - torch.floor(v * (1.0 - integers.keep)) + x
        before = (v >= integers.threshold).double()
        v = v * (1.0 - before) if integers.amount is None else v - integers.amount * before
        spikes.append(before)
    return torch.stack(spikes)
