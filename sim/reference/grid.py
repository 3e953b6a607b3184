"""Pooling, as :mod:`rtl_gen.contract.grid` says, forwards and back. Integers only."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.grid import PoolSpec

from .compiled import compiled

Counts = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.uint32]
CUT_OFF = -1        # the square of a pixel that no square has


@lru_cache(maxsize=64)
def squares(pool: PoolSpec) -> NDArray[np.int64]:
    """For each pixel and channel of the grid, (inputs,), the number of its square among the outputs, or ``CUT_OFF``."""
    y, x, c = np.ogrid[:pool.height, :pool.width, :pool.channels]
    down, across = y // pool.size, x // pool.size
    found = np.where((down < pool.out_height) & (across < pool.out_width),
                     (down * pool.out_width + across) * pool.channels + c, CUT_OFF)
    return np.ascontiguousarray(found.reshape(-1), np.int64)


def pooled(pool: PoolSpec | None, events: NDArray[np.uint8]) -> Counts:
    """Events (R, inputs), how often each came, after a pooling, (R, outputs): how many came in each square, or whether
    any came.
    """
    return events if pool is None else _pooled(pool, events, pool.kind == "sum")


def pooled_gates(pool: PoolSpec | None, gates: NDArray[np.uint8]) -> Counts:
    """How many of ``gates``, (R, inputs), are not 0 in each square, (R, outputs); without a pool each is a square."""
    open_gates = (gates != 0).astype(np.uint8)
    return open_gates if pool is None else _pooled(pool, open_gates, True)


def spread(pool: PoolSpec | None, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """``values`` of squares, (R, outputs), at each of their pixels, (R, inputs); 0 where a pixel has no square."""
    if pool is None:
        return values
    square = squares(pool)
    return np.where(square == CUT_OFF, 0, values[:, square])


def _pooled(pool: PoolSpec, events: NDArray[np.uint8], count: bool) -> Counts:
    # The narrowest type that holds a whole square; a pool's sides are at most 2^12, so that 32 bits always do.
    each = int(events.max(initial=1))
    largest = min(pool.size, pool.height) * min(pool.size, pool.width) * each if count else 1
    counts = np.zeros((len(events), pool.outputs), np.min_scalar_type(largest))
    _gather(squares(pool), events, count, counts)
    return counts


@compiled(nogil=True)
def _gather(square: NDArray[np.int64], events: NDArray[np.uint8], count: bool, counts: Counts) -> None:
    for p in range(events.shape[0]):
        for i in range(events.shape[1]):
            if events[p, i] and square[i] >= 0:
                if count:
                    counts[p, square[i]] += events[p, i]
                else:
                    counts[p, square[i]] = 1
