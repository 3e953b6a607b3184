"""Random words, and what is added before a shift so that it rounds. Integers only."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import readout_shift
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.update import UpdateSpec

from .compiled import compiled

Int64Array = NDArray[np.int64]


@compiled(nogil=True)
def mix_draws(seed: int, number: int, layer: int, rows: int) -> Int64Array:
    """Words of rows 0 .. ``rows - 1``: ``word = mix(seed, number, layer, row)``, 32 bits each, shape (rows,).

    ``number`` is the block's window number before the window advanced it.
    """
    key = (seed & 0xFFFF, number & 0xFFFF, seed >> 16, number >> 16)
    words = np.empty(rows, np.int64)
    for row in range(rows):
        x, y = row & 0xFFFF, layer
        for i in range(8):
            rotated = (x >> 7) | ((x << 9) & 0xFFFF)
            x = ((rotated + y) & 0xFFFF) ^ key[i & 3] ^ i
            y = (((y << 2) & 0xFFFF) | (y >> 14)) ^ x
        words[row] = x << 16 | y
    return words


def mix(seed: int, number: int, layer: int, row: int) -> int:
    """The word of one row; see :func:`mix_draws`."""
    return int(mix_draws(seed, number, layer, row + 1)[row])


def addends(spec: UpdateSpec | ReadoutSpec, rate: int, rows: int, seed: int, number: int, layer: int) -> Int64Array:
    """What row i adds to a delta before it is shifted by the r bits of its rounding, shape (rows,).

    Both roundings are ``(delta + addend) >> r``: ``nearest`` adds half, ``stochastic`` the low r bits of the row's
    word.
    """
    shift = (readout_shift(spec) if isinstance(spec, ReadoutSpec) else spec.rate_shift) + rate
    if spec.rounding == "nearest":
        return np.full(rows, (1 << shift) >> 1, np.int64)
    return mix_draws(seed, number, layer, rows) & ((1 << shift) - 1)
