"""Sums of the rows of a table that events choose: a product with a matrix of zeros and ones, as fast as it is silent."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import torch
from numba import njit, prange
from numpy.typing import NDArray
from torch import Tensor

GROUP = 32      # rows whose events are listed at a time: the lists stay in the cache, and cores share the groups


def gather(events: Tensor, table: Tensor) -> Tensor:
    """``events @ table`` on as many cores as PyTorch takes.

    Each row is summed by one core, in the order of the columns, so that the number of cores changes no bit.

    Parameters
    ----------
    events
        (R, C) uint8, 0 or 1, or the transpose of such a matrix.
    table
        (C, N) float32, contiguous.
    """
    out = table.new_empty(events.shape[0], table.shape[1])
    on_torch_threads(_gather, events.numpy(), table.detach().numpy(), out.numpy())
    return out


def on_torch_threads(kernel: Callable[..., None], *arguments: Any) -> None:
    """Run a parallel kernel on as many cores as PyTorch takes."""
    threads = torch.get_num_threads()
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    kernel(*arguments)
    # Numba, when it starts, tells OpenMP how many threads to take, which may be PyTorch's OpenMP.
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


@njit(parallel=True, cache=True)
def _gather(events: NDArray[np.uint8], table: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    rows, columns = events.shape
    for group in prange((rows + GROUP - 1) // GROUP):
        first = group * GROUP
        size = min(GROUP, rows - first)
        listed, count = np.empty((GROUP, columns), np.int32), np.zeros(GROUP, np.int64)
        for column in range(columns):
            row = 0
            while row < size:
                # Most are silent: eight at a glance.
                if row + 8 <= size and not (
                        events[first + row, column] | events[first + row + 1, column]
                        | events[first + row + 2, column] | events[first + row + 3, column]
                        | events[first + row + 4, column] | events[first + row + 5, column]
                        | events[first + row + 6, column] | events[first + row + 7, column]):
                    row += 8
                    continue
                for each in range(row, min(row + 8, size)):
                    listed[each, count[each]] = column
                    count[each] += events[first + each, column]
                row += 8
        for row in range(size):
            _sum_rows(table, listed[row, :count[row]], out[first + row])


@njit(cache=True)
def _sum_rows(table: NDArray[np.float32], chosen: NDArray[np.int32], out: NDArray[np.float32]) -> None:
    """Eight rows at a time, so that ``out`` is read and written an eighth as often."""
    out[:] = 0
    whole = len(chosen) // 8 * 8
    for k in range(0, whole, 8):
        a, b, c, d = table[chosen[k]], table[chosen[k + 1]], table[chosen[k + 2]], table[chosen[k + 3]]
        e, f, g, h = table[chosen[k + 4]], table[chosen[k + 5]], table[chosen[k + 6]], table[chosen[k + 7]]
        for j in range(len(out)):
            out[j] += ((a[j] + b[j]) + (c[j] + d[j])) + ((e[j] + f[j]) + (g[j] + h[j]))
    for k in range(whole, len(chosen)):
        row = table[chosen[k]]
        for j in range(len(out)):
            out[j] += row[j]
