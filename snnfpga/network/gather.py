"""Sums of the rows of a table that events choose: products whose time goes with the number of events."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import torch
from numba import njit, prange
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

WORD = 8        # events that are looked at together: most are silent
GROUP = 8       # words of columns whose events are listed at a time: a line of the cache, and cores share the groups


def gather_rows(events: Tensor, table: Tensor) -> Tensor:
    """``events @ table``: for each row of events (R, C) the sum of the rows of ``table`` (C, N) that it chooses.

    Events are uint8, 0 or 1; the table is float32, or int8, whose sums are integers below 2^24. The sums are float32.
    Each is taken by one core, in order, so that the number of cores changes no bit.
    """
    out = torch.empty(events.shape[0], table.shape[1], dtype=torch.float32)
    nothing = np.int32(0) if table.dtype == torch.int8 else np.float32(0)
    on_torch_threads(_gather_rows, *_words(events), table.detach().contiguous().numpy(), nothing, out.numpy())
    return out


def gather_columns(events: Tensor, table: Tensor, into: Tensor | None = None) -> Tensor:
    """``events.t() @ table``: for each column of events (R, C) the sum of the rows of ``table`` (R, N) that it chooses.

    As :func:`gather_rows` otherwise, of float32. Added to ``into`` (C, N), contiguous, where there is one: equal to
    adding it afterwards, without writing it and reading it again.
    """
    out = table.new_empty(events.shape[1], table.shape[1]) if into is None else into
    on_torch_threads(_gather_columns, *_words(events), table.detach().contiguous().numpy(), out.numpy(),
                     into is not None)
    return out


def _words(events: Tensor) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Events in rows of whole words, as bytes and as words."""
    missing = -events.shape[1] % WORD
    whole = functional.pad(events, (0, missing)) if missing else events.contiguous()
    return whole.numpy(), whole.view(torch.int64).numpy()


def on_torch_threads(kernel: Callable[..., None], *arguments: Any) -> None:
    """Run a parallel kernel on as many cores as PyTorch takes."""
    threads = torch.get_num_threads()
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    kernel(*arguments)
    # Numba, when it starts, tells OpenMP how many threads to take, which may be PyTorch's OpenMP.
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


@njit(parallel=True, cache=True)
def _gather_rows(events: NDArray[np.uint8], words: NDArray[np.int64], table: NDArray[np.generic],
                 nothing: np.generic, out: NDArray[np.float32]) -> None:
    for row in prange(len(events)):
        listed, count = np.empty(events.shape[1], np.int32), 0
        total = np.full(table.shape[1], nothing)
        for word in range(words.shape[1]):
            if words[row, word]:
                for column in range(word * WORD, (word + 1) * WORD):
                    listed[count] = column
                    count += events[row, column]
        _sum_rows(table, listed[:count], total)
        sums = out[row]
        for j in range(len(sums)):      # Numba takes longer over ``out[row] = total``
            sums[j] = total[j]


@njit(parallel=True, cache=True)
def _gather_columns(events: NDArray[np.uint8], words: NDArray[np.int64], table: NDArray[np.float32],
                    out: NDArray[np.float32], adds: bool) -> None:
    rows = len(events)
    for group in prange((words.shape[1] + GROUP - 1) // GROUP):
        first, last = group * GROUP, min(words.shape[1], (group + 1) * GROUP)
        listed, count = np.empty((GROUP * WORD, rows), np.int32), np.zeros(GROUP * WORD, np.int64)
        for row in range(rows):
            for word in range(first, last):
                if words[row, word]:
                    for bit in range(WORD):
                        column = (word - first) * WORD + bit
                        listed[column, count[column]] = row
                        count[column] += events[row, word * WORD + bit]
        total = np.empty(out.shape[1], np.float32)
        for column in range(first * WORD, min(len(out), last * WORD)):
            chosen = listed[column - first * WORD, :count[column - first * WORD]]
            if not adds:
                _sum_rows(table, chosen, out[column])
            elif len(chosen):
                _sum_rows(table, chosen, total)
                sums = out[column]
                for j in range(len(sums)):
                    sums[j] += total[j]


@njit(cache=True)
def _sum_rows(table: NDArray[np.generic], chosen: NDArray[np.int32], out: NDArray[np.generic]) -> None:
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
