"""Float weights that a front end gives, in the rows and columns of ours."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.synapses.conv import ConvSpec

from ..config.network import LayerSettings, NetworkConfig
from .architecture import Array, Given
from .draw import FloatWeights
from .shape import Grid, Shape

MOST_BITS = 16      # a threshold is at least so many bits below the largest weight


def given_layer(thing: str, network: NetworkConfig, own: LayerSettings, shape: Shape, given: Given) -> FloatWeights:
    """Weights of a layer as they were ``given``; ``thing`` names it in an error.

    Raises
    ------
    SnnfpgaError
        If they do not fit the layer, or the configuration has no place for some of them or would change them.
    """
    _check_kept(thing, network)
    # What is no mean of events is an event each time, which of a mean would be so small a share.
    columns, one = shape.columns, 2.0 ** shape.mean_shift
    parts = [_rows(thing, shape, given)]
    _check_size(thing, own, parts[0])
    if shape.own_inputs:
        parts.append(_array(thing, "recurrent weights", given.recurrent, (columns, columns)).t() * one)
    elif given.recurrent is not None:
        raise SnnfpgaError(f"{thing} has recurrent weights given and is not recurrent; leave them out, or make it so",
                           USAGE)
    if own.bias:
        parts.append(torch.zeros(1, columns) if given.bias is None else
                     _array(thing, "biases", given.bias, (columns,))[None] * one)
    elif given.bias is not None:
        raise SnnfpgaError(f"{thing} has biases given and no bias by its settings; set bias to true for it", USAGE)
    return FloatWeights(matrix=torch.cat(parts), own_inputs=shape.own_inputs, bias=own.bias,
                        thresholds=_thresholds(thing, network, own, columns, given))


def given_readout(thing: str, network: NetworkConfig, seen: Grid, classes: int, given: Given) -> Tensor:
    """Weights (rows, classes) of a readout as they were ``given``, of the places and channels ``seen``.

    Raises
    ------
    SnnfpgaError
        If they do not fit the readout, or it has no place for them.
    """
    if network.readout != "learned":
        raise SnnfpgaError(f"{thing} has weights given, for which a fixed readout has no place; take "
                           "network.readout=learned", USAGE)
    if any(other is not None for other in (given.recurrent, given.bias, given.thresholds)):
        raise SnnfpgaError(f"{thing} can be given weights alone, not recurrent ones, biases or thresholds; leave them "
                           "out", USAGE)
    return _ordered(_array(thing, "weights", given.weights, (classes, seen.size)), seen, given)


def _check_kept(thing: str, network: NetworkConfig) -> None:
    if network.normalise == "weights":
        raise SnnfpgaError(f"{thing} has weights given, which network.normalise=weights would change; take none", USAGE)


def _rows(thing: str, shape: Shape, given: Given) -> Tensor:
    """Weights (fan-in, columns) of the inputs."""
    if shape.conv is not None:
        return _filters(thing, shape.conv, given)
    return _ordered(_array(thing, "weights", given.weights, (shape.outputs.size, shape.fan_in)), shape.seen, given)


def _filters(thing: str, conv: ConvSpec, given: Given) -> Tensor:
    size = (conv.filters, conv.channels // conv.groups, conv.kernel, conv.kernel)
    return _array(thing, "weights", given.weights, size).permute(0, 2, 3, 1).reshape(conv.filters, -1).t()


def _ordered(weights: Tensor, grid: Grid, given: Given) -> Tensor:
    """Weights (outputs, inputs) as (inputs, outputs), the inputs in the order in which our grids have them."""
    if given.channels_first:
        weights = weights.reshape(-1, grid.channels, grid.height, grid.width).permute(0, 2, 3, 1).flatten(1)
    return weights.t()


def _thresholds(thing: str, network: NetworkConfig, own: LayerSettings, columns: int, given: Given) -> Tensor | None:
    if network.learn_threshold:
        return torch.zeros(columns) if given.thresholds is None else (
            _array(thing, "thresholds", given.thresholds, (columns,)) - own.threshold)
    if given.thresholds is not None:
        raise SnnfpgaError(f"{thing} has a threshold given for each neuron, for which it has no place; set "
                           "network.learn_threshold to true, or divide the weights by them", USAGE)
    return None


def _real(thing: str, what: str, values: Array) -> NDArray[np.float32]:
    """The values as float32; text would be a bare error, and of complex numbers a part would be lost."""
    try:
        found = np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:      # rows of several lengths, a tensor that is elsewhere
        raise SnnfpgaError(f"{thing} must be given {what} as an array of real numbers, and what is given is none "
                           f"({error}); mend what describes the network", USAGE) from None
    if found.dtype.kind not in "biuf":
        raise SnnfpgaError(f"{thing} must be given {what} that are real numbers, not of type {found.dtype}; mend what "
                           "describes the network", USAGE)
    with np.errstate(over="ignore"):        # what float32 cannot hold is infinite, and refused as such
        return found.astype(np.float32)


def _check_size(thing: str, own: LayerSettings, weights: Tensor) -> None:
    """Refuse weights beside which the threshold would be nothing on any grid."""
    largest = float(weights.abs().max()) if weights.numel() else 0.0
    if largest > own.threshold * 2 ** MOST_BITS:
        raise SnnfpgaError(f"{thing} must be given weights of at most 2^{MOST_BITS} times its threshold "
                           f"{own.threshold:g}, not {largest:g}; divide its weights and biases, or raise "
                           "network.threshold with them", USAGE)


def _array(thing: str, what: str, values: Array | None, size: tuple[int, ...]) -> Tensor:
    """The values as float32, once they are as many as wanted and all of them numbers."""
    found = None if values is None else _real(thing, what, values)
    if found is None or found.shape != size:
        held = "none" if found is None else " x ".join(map(str, found.shape))
        raise SnnfpgaError(f"{thing} must be given {what} of {' x '.join(map(str, size))}, not {held}; mend what "
                           "describes the network", USAGE)
    if not np.isfinite(found).all():
        raise SnnfpgaError(f"{thing} must be given {what} that are finite, and some are NaN or infinite; mend what "
                           "describes the network", USAGE)
    return torch.from_numpy(found.copy())
