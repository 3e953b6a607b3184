"""Float weights that a front end gives, in the rows and columns of ours."""

import numpy as np
import torch
from torch import Tensor

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.synapses.conv import ConvSpec

from ..config.network import LayerSettings, NetworkConfig
from .architecture import Array, Given
from .draw import FloatWeights
from .shape import Grid, Shape


def given_layer(thing: str, network: NetworkConfig, own: LayerSettings, shape: Shape, given: Given) -> FloatWeights:
    """Weights of a layer as they were ``given``; ``thing`` names it in an error.

    Raises
    ------
    SnnfpgaError
        If they do not fit the layer, or the configuration has no place for some of them or would change them.
    """
    _check_kept(thing, network)
    columns = shape.columns
    parts = [_rows(thing, shape, given)]
    if shape.own_inputs:
        parts.append(_array(thing, "recurrent weights", given.recurrent, (columns, columns)).t())
    elif given.recurrent is not None:
        raise SnnfpgaError(f"{thing} has recurrent weights given and is not recurrent; leave them out, or make it so",
                           USAGE)
    if own.bias:
        parts.append(torch.zeros(1, columns) if given.bias is None else
                     _array(thing, "biases", given.bias, (columns,))[None])
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


def _array(thing: str, what: str, values: Array | None, size: tuple[int, ...]) -> Tensor:
    """The values as float32, once they are as many as wanted and all of them numbers."""
    found = None if values is None else np.asarray(values, np.float32)
    if found is None or found.shape != size:
        held = "none" if found is None else " x ".join(map(str, found.shape))
        raise SnnfpgaError(f"{thing} must be given {what} of {' x '.join(map(str, size))}, not {held}; mend what "
                           "describes the network", USAGE)
    if not np.isfinite(found).all():
        raise SnnfpgaError(f"{thing} must be given {what} that are finite, and some are NaN or infinite; mend what "
                           "describes the network", USAGE)
    return torch.from_numpy(found.copy())
