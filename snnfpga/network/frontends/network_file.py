"""The front end of network files: a network that was trained or imported, to be trained further.

Layers, neurons, grids and weights are those of the file; what a configuration says of a layer goes before it.
"""

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.network import IntArray, Network
from rtl_gen.contract.network_file import read, read_notes
from rtl_gen.contract.neurons.lif import LifSpec
from rtl_gen.contract.neurons.lif_shifts import LifShiftsSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.weights import read_weights

from ...config.network import BLOCKS_OF_FILE, LayerConfig, NetworkConfig
from ...runs.find import LOGIT_SCALE
from ..architecture import Architecture, Array, Conv, Given, Layer, Linear, Pool, cut
from ..specify import GRADIENT_UNIT


class NetworkFile:
    """Network files: those that ``train`` and ``import`` write."""

    def describe(self, config: NetworkConfig) -> Architecture:
        """As :meth:`.base.FrontEnd.describe`."""
        network, notes = network_in(config.file)
        spec = network.spec
        for key, value in settings_in(spec).items():
            if getattr(config, key) != value:
                raise SnnfpgaError(f"Config network.{key} must be {shown(value)}, as {config.file} has it, not "
                                   f"{shown(getattr(config, key))}; start with: snnfpga train --from {config.file}, or "
                                   "set it", USAGE)
        blocks = tuple(
            tuple(_layer(f"Layer {index} of block {number} of {config.file}", layer, network.weights[number][index])
                  for index, layer in enumerate(block.layers)) for number, block in enumerate(spec.blocks))
        scales = [None] * (len(spec.blocks) - 1) + [notes.get(LOGIT_SCALE)]
        readouts = [_readout(block.readout, stored, scale)
                    for block, stored, scale in zip(spec.blocks, network.readouts, scales, strict=True)]
        whole = Architecture(blocks=blocks, pool=_pool(spec.blocks[-1].readout.pool), readout=readouts[-1],
                             earlier=tuple(readouts[:-1]))
        return whole if config.block_depth == BLOCKS_OF_FILE else cut(whole, config)


def network_in(path: Path) -> tuple[Network, dict[str, str]]:
    """The network in a file and its notes, read again only where the file has changed.

    Raises
    ------
    NetworkFileError
        If it cannot be read.
    """
    return _read(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> tuple[Network, dict[str, str]]:
    return read(path), read_notes(path)


def settings_in(spec: NetworkSpec) -> dict[str, Any]:
    """What of the section ``network`` is of all layers and blocks in a file, by key.

    Raises
    ------
    SnnfpgaError
        If its readouts are fixed ones, which a configuration draws.
    """
    readout = spec.blocks[-1].readout
    if not all(block.readout.learned for block in spec.blocks):
        raise SnnfpgaError(f"Network {spec.name} has fixed readouts, and training goes on from learned ones alone; "
                           "train it anew with its own configuration", USAGE)
    layers = [layer for block in spec.blocks for layer in block.layers]
    return {"readout_leak_shift": readout.leak_shift, "reading": readout.reading,
            "learn_threshold": any(layer.neuron.threshold_shift is not None for layer in layers)}


def _layer(thing: str, layer: LayerSpec, stored: IntArray) -> Layer:
    shift = 0 if layer.residual is None else layer.residual.own_shift
    mean = _mean_shift(layer.pool)
    if layer.neuron.threshold_shift is not None:
        mean = layer.neuron.threshold_shift - shift     # of a mean over squares, which is a sum but for the thresholds
    fraction, pool = layer.weights.fraction_bits - shift - mean, _pool(layer.pool, mean)
    values = read_weights(stored, layer.weights.bits, layer.weights.shadow_bits).T * 2.0 ** -fraction
    rows, outputs = layer.synapses.rows, layer.columns
    own, synapses = layer.neuron, layer.synapses
    known: dict[str, Any] = {
        "weight_bits": layer.weights.bits, "membrane_bits": own.membrane_bits, "bias": layer.weights.bias,
        "threshold": own.threshold * 2.0 ** -layer.weights.fraction_bits, "reset": own.reset, **_leak(thing, layer)}
    if own.reset_amount is not None:
        known["reset_amount"] = own.reset_amount * 2.0 ** -layer.weights.fraction_bits
    if layer.current is not None:
        known |= {"current_keep": layer.current.keep, "current_bits": layer.current.bits}
    # Rows that no mean is taken of count for less in the file, by the share that an event has in a mean.
    rest = 2.0 ** -mean
    thresholds = None
    if own.threshold_shift is not None:
        thresholds = known["threshold"] + values[:, layer.event_rows]
    given = Given(weights=values[:, :rows], fraction=fraction, thresholds=thresholds,
                  recurrent=values[:, rows:layer.event_rows] * rest if synapses.recurrent else None,
                  bias=values[:, -1] * rest if layer.weights.bias else None)
    adds = 0 if layer.residual is None else layer.residual.below
    if isinstance(synapses, ConvSpec):
        size = (outputs, synapses.kernel, synapses.kernel, synapses.channels // synapses.groups)
        given = _with_weights(given, given.weights.reshape(size).transpose(0, 3, 1, 2))
        conv = Conv(outputs, synapses.kernel, synapses.stride, synapses.padding, synapses.groups)
        return Layer(conv, pool, adds, LayerConfig(**known), given)
    return Layer(Linear(outputs, synapses.recurrent), pool, adds, LayerConfig(**known), given)


def _with_weights(given: Given, weights: Array) -> Given:
    return Given(weights=weights, bias=given.bias, thresholds=given.thresholds, fraction=given.fraction)


def _leak(thing: str, layer: LayerSpec) -> dict[str, Any]:
    own = layer.neuron
    if isinstance(own, LifSpec):
        return {"neuron": "lif", "leak": own.leak_shift is not None, "leak_shift": own.leak_shift}
    if isinstance(own, LifShiftsSpec):
        return {"neuron": "lif_shifts", "keep": own.keep}
    raise SnnfpgaError(f"{thing} has neurons of the kind {own.kind}, which training cannot go on from; train it anew "
                       "with its own configuration", USAGE)


def _whole(pool: PoolSpec | None) -> bool:
    """Whether a pool is of the whole grid, whose mean is taken."""
    return pool is not None and pool.partial and pool.size >= max(pool.height, pool.width)


def _mean_shift(pool: PoolSpec | None) -> int:
    return (pool.height * pool.width).bit_length() - 1 if _whole(pool) else 0


def _pool(pool: PoolSpec | None, mean: int = 0) -> Pool | None:
    if pool is None:
        return None
    if _whole(pool):
        return Pool("mean", None)
    return Pool("mean" if mean else pool.kind, pool.size, pool.partial)


def _readout(readout: ReadoutSpec, stored: IntArray, scale: str | None) -> Given:
    """The weights of a readout; where no note has the ``scale`` of its logits, their shift on chip says it."""
    unit = readout.logit_shift + GRADIENT_UNIT if scale is None else -round(math.log2(json.loads(scale)))
    fraction = unit - _mean_shift(readout.pool)
    values = read_weights(stored, readout.weight_bits, readout.shadow_bits).T * 2.0 ** -fraction
    return Given(weights=values, fraction=fraction)
