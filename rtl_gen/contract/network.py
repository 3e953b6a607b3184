"""A network as a value: a specification, and the integers that the hardware holds for it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .checks import SpecError
from .errors import shown
from .layer import LayerSpec
from .readout import ReadoutSpec
from .spec import NetworkSpec

IntArray = NDArray[np.int32]

MAX_RATE = 3
RATE_OFF = MAX_RATE + 1


@dataclass(frozen=True)
class Network:
    """A specification and the values the hardware holds for it.

    Attributes
    ----------
    spec
        The specification.
    weights
        For each block and layer the stored weights, (rows, columns) int32; the bias is the last row.
    readouts
        For each block (rows, classes) int32: stored weights where learned, else +1 and -1.
    window_numbers
        For each block the number of windows it has learned from, modulo 2**32.
    rates
        For each block 0 .. :data:`MAX_RATE`, which is added to the rate shifts of its layers and its
        readout, or :data:`RATE_OFF`: it learns from no sample. Rates of 0 where left out.
    """

    spec: NetworkSpec
    weights: tuple[tuple[IntArray, ...], ...]
    readouts: tuple[IntArray, ...]
    window_numbers: tuple[int, ...]
    rates: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        counts = {len(self.spec.blocks), len(self.weights), len(self.readouts), len(self.window_numbers)}
        if len(counts) != 1:
            raise SpecError(f"A network of {len(self.spec.blocks)} blocks must have weights, readouts and window "
                            f"numbers for each, not {len(self.weights)}, {len(self.readouts)} and "
                            f"{len(self.window_numbers)}")
        for index, (block, weights, readout, number) in enumerate(zip(
                self.spec.blocks, self.weights, self.readouts, self.window_numbers, strict=True)):
            if len(weights) != block.depth:
                raise SpecError(f"Block {index} must have weights for {block.depth} layers, not {len(weights)}")
            for l_index, (layer, values) in enumerate(zip(block.layers, weights, strict=True)):
                _check_weights(f"Weights of block {index} layer {l_index}", values, layer)
            _check_readout(f"Readout of block {index}", readout, block.readout)
            if type(number) is not int or not 0 <= number < 1 << 32:
                raise SpecError(f"Window number of block {index} must be in 0..{(1 << 32) - 1}, not {number}")
        if self.rates == ():
            object.__setattr__(self, "rates", (0,) * len(self.spec.blocks))
        check_rates(self.spec, self.rates)


def check_rates(spec: NetworkSpec, rates: Sequence[int]) -> None:
    """Refuse what are no rates of the blocks of ``spec``.

    Raises
    ------
    SpecError
        If their number is another than the blocks', or one is neither in 0 .. :data:`MAX_RATE` nor :data:`RATE_OFF`.
    """
    if len(rates) != len(spec.blocks):
        raise SpecError(f"A network of {len(spec.blocks)} blocks must have a rate for each, not {len(rates)}")
    for index, rate in enumerate(rates):
        if type(rate) is not int or not 0 <= rate <= RATE_OFF:
            raise SpecError(f"Rate of block {index} must be in 0..{MAX_RATE}, or {RATE_OFF} for off, "
                            f"not {shown(rate)}")


def _check_array(thing: str, values: IntArray, shape: tuple[int, int], bits: int) -> None:
    if values.dtype != np.int32 or values.shape != shape:
        raise SpecError(f"{thing} must be int32 of shape {shape}, not {values.dtype} of shape {values.shape}")
    low, high = -1 << (bits - 1), (1 << (bits - 1)) - 1
    if values.size and not (low <= values.min() and values.max() <= high):
        raise SpecError(f"{thing} must be in {low}..{high}, not {values.min()}..{values.max()}")


def _check_weights(thing: str, values: IntArray, layer: LayerSpec) -> None:
    _check_array(thing, values, (layer.rows, layer.columns), layer.weights.stored_bits)


def _check_readout(thing: str, values: IntArray, readout: ReadoutSpec) -> None:
    _check_array(thing, values, (readout.rows, readout.classes), max(2, readout.stored_bits))
    if not readout.learned and not np.isin(values, (-1, 1)).all():
        raise SpecError(f"{thing} is fixed and must hold +1 and -1 only")


def spec_digest(spec: NetworkSpec) -> str:
    """SHA-256, in hex, of the specification as canonical JSON."""
    text = json.dumps(spec.to_dict(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
