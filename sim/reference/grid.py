"""Pooling, as :mod:`rtl_gen.contract.grid` says. Integers only."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.grid import PoolSpec

Counts = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.uint32]


def pooled(pool: PoolSpec | None, events: NDArray[np.uint8]) -> Counts:
    """Events (R, inputs) after a pooling, (R, outputs): how many came in each square, or whether any came."""
    if pool is None:
        return events
    grid = events.reshape(len(events), pool.height, pool.width, pool.channels)
    # The narrowest type that holds a whole square; a pool's sides are at most 2^12, so that 32 bits always do.
    counts = np.zeros((len(events), pool.out_height, pool.out_width, pool.channels), np.min_scalar_type(pool.largest))
    join = np.add if pool.kind == "sum" else np.bitwise_or
    for y in range(min(pool.height, pool.out_height * pool.size)):
        for x in range(min(pool.width, pool.out_width * pool.size)):
            square = counts[:, y // pool.size, x // pool.size]
            join(square, grid[:, y, x], out=square)
    return counts.reshape(len(events), -1)
