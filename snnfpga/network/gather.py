"""Sums of the rows of a table that events choose: products whose time goes with the number of events."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import torch
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sim.reference.compiled import compiled

WORD = 8        # events that are looked at together: most are silent
EVENTS = np.uint64(0x0101010101010101)      # one bit a byte: others would choose rows beyond the table
PART = 1024     # columns at most, whose events are looked at together
BITS = 64       # rows of a column whose events are looked at together
ROWS = 64       # rows that a core takes at a time
LANES = 16      # values of a vector; narrower processors take two or four for it


def gather_rows(events: Tensor, table: Tensor) -> Tensor:
    """``events @ table``: for each row of events (R, C) the sum of the rows of ``table`` (C, N) that it chooses.

    Events are uint8, 0 or 1; the table is float32, or int8, whose sums are integers below 2^24. The sums are float32.
    Each is taken by one core, in order, so that the number of cores changes no bit.
    """
    out = torch.empty(events.shape[0], table.shape[1], dtype=torch.float32)
    on_torch_threads(_gather_rows, _words(events), table.detach().contiguous().numpy(), out.numpy())
    return out


def gather_columns(events: Tensor, table: Tensor, into: Tensor | None = None) -> Tensor:
    """``events.t() @ table``: for each column of events (R, C) the sum of the rows of ``table`` (R, N) that it chooses.

    As :func:`gather_rows` otherwise, of float32. Added to ``into`` (C, N), contiguous, where there is one: equal to
    adding it afterwards, without writing it and reading it again.
    """
    out = table.new_empty(events.shape[1], table.shape[1]) if into is None else into
    on_torch_threads(_gather_columns, events.contiguous().numpy(), table.detach().contiguous().numpy(), out.numpy(),
                     into is not None, max(torch.get_num_threads(), -(-events.shape[1] // PART)))
    return out


def _words(events: Tensor) -> NDArray[np.uint64]:
    """Events in rows of whole words."""
    missing = -events.shape[1] % WORD
    whole = functional.pad(events, (0, missing)) if missing else events.contiguous()
    return whole.view(torch.int64).numpy().view(np.uint64)


def on_torch_threads(kernel: Callable[..., None], *arguments: Any) -> None:
    """Run a parallel kernel on as many cores as PyTorch takes."""
    threads = torch.get_num_threads()
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    kernel(*arguments)
    # Numba, when it starts, tells OpenMP how many threads to take, which may be PyTorch's OpenMP.
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


@intrinsic
def _lowest(context: Any, word: types.Integer) -> Any:
    """For Numba's code: which is the lowest bit of a word, not 0, that is set."""
    def generate(target: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        return b.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


def _adding(vectors: int) -> Callable[..., None]:
    """Make ``add(table, chosen, first, last, out, row, column, onto)``, for Numba's code.

    It adds up the rows ``chosen[first:last]`` of ``table``, so many vectors of columns from ``column`` on, and writes
    them to ``out[row]``, or adds them ``onto`` it. The sums stay in registers, where Numba's own loops would write and
    read them again for each row.
    """
    @intrinsic
    def add(context: Any, table: types.Array, chosen: types.Array, first: types.Integer, last: types.Integer,
            out: types.Array, row: types.Integer, column: types.Integer, onto: types.Boolean) -> Any:
        known = table.dtype in (types.float32, types.int8) and (chosen.dtype, out.dtype) == (types.int32, types.float32)
        if not known or any(array.layout != "C" for array in (table, chosen, out)):
            return None         # Numba then says that it does not know the types
        real = table.dtype == types.float32
        read = ir.VectorType(ir.FloatType() if real else ir.IntType(8), LANES)
        summed = read if real else ir.VectorType(ir.IntType(32), LANES)
        written = ir.VectorType(ir.FloatType(), LANES)

        def generate(target: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
            table, chosen, out = (target.make_array(signature.args[i])(target, b, arguments[i]) for i in (0, 1, 4))
            first, last, row, column, onto = (arguments[i] for i in (2, 3, 5, 6, 7))

            def place(array: Any, row: ir.Value, vector: int, kind: ir.VectorType) -> ir.Value:
                before = b.add(b.mul(row, b.extract_value(array.shape, 1)), column)
                return b.bitcast(b.gep(array.data, [b.add(before, before.type(vector * LANES))]), kind.as_pointer())

            sums = [cgutils.alloca_once(b, summed) for _ in range(vectors)]     # LLVM makes them registers
            for total in sums:
                b.store(ir.Constant(summed, None), total)
            with cgutils.for_range(b, last, start=first) as loop:
                event = b.zext(b.load(b.gep(chosen.data, [loop.index])), first.type)
                for vector, total in enumerate(sums):
                    value = b.load(place(table, event, vector, read), align=4 if real else 1)
                    value = value if real else b.sext(value, summed)
                    b.store((b.fadd if real else b.add)(b.load(total), value), total)
            for vector, total in enumerate(sums):
                found = b.load(total) if real else b.sitofp(b.load(total), written)
                to = place(out, row, vector, written)
                b.store(b.select(onto, b.fadd(b.load(to, align=4), found), found), to, align=4)
            return target.get_dummy_value()

        return types.void(table, chosen, types.intp, types.intp, out, types.intp, types.intp, types.boolean), generate

    return add


WIDE, NARROW = 8 * LANES, LANES
_add_wide, _add_narrow = _adding(8), _adding(1)


@compiled()
def _sum_rows(table: NDArray[np.generic], chosen: NDArray[np.int32], first: int, last: int, out: NDArray[np.float32],
              row: int, onto: bool) -> None:
    """Rows ``chosen[first:last]`` of ``table`` added up, as ``out[row]`` or onto it."""
    columns = table.shape[1]
    wide, narrow = columns // WIDE * WIDE, columns // NARROW * NARROW
    for column in range(0, wide, WIDE):
        _add_wide(table, chosen, first, last, out, row, column, onto)
    for column in range(wide, narrow, NARROW):
        _add_narrow(table, chosen, first, last, out, row, column, onto)
    for column in range(narrow, columns):
        total = np.float32(0)
        for index in range(first, last):
            total += np.float32(table[chosen[index], column])
        out[row, column] = out[row, column] + total if onto else total


@compiled(parallel=True)
def _gather_rows(words: NDArray[np.uint64], table: NDArray[np.generic], out: NDArray[np.float32]) -> None:
    for part in prange((len(words) + ROWS - 1) // ROWS):
        chosen = np.empty(words.shape[1] * WORD, np.int32)
        for row in range(part * ROWS, min(len(words), (part + 1) * ROWS)):
            count = 0
            for index in range(words.shape[1]):
                left = words[row, index] & EVENTS
                while left:
                    chosen[count] = index * WORD + _lowest(left) // WORD
                    count += 1
                    left &= left - np.uint64(1)
            _sum_rows(table, chosen, 0, count, out, row, False)


@compiled(parallel=True)
def _gather_columns(events: NDArray[np.uint8], table: NDArray[np.float32], out: NDArray[np.float32],
                    onto: bool, parts: int) -> None:
    groups = (len(events) + BITS - 1) // BITS
    for part in prange(parts):      # a column's sum is the same, whatever part it is in
        begin, end = events.shape[1] * part // parts, events.shape[1] * (part + 1) // parts
        came = np.zeros((groups, end - begin), np.uint64)       # of each column a bit a row
        for row in range(len(events)):
            bits, line, shift = came[row // BITS], events[row, begin:end], np.uint64(row % BITS)
            for column in range(len(line)):
                bits[column] |= np.uint64(line[column] & np.uint8(1)) << shift
        chosen = np.empty(len(events), np.int32)
        for column in range(end - begin):
            count = 0
            for group in range(groups):
                left = came[group, column]
                while left:
                    chosen[count] = group * BITS + _lowest(left)
                    count += 1
                    left &= left - np.uint64(1)
            if count or not onto:
                _sum_rows(table, chosen, 0, count, out, begin + column, onto)
