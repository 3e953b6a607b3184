"""Currents that linger from step to step. Integers only."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.current import CurrentSpec

from .compiled import compiled

Int64Array = NDArray[np.int64]


def linger(spec: CurrentSpec, added: Int64Array, kept: Int64Array) -> tuple[Int64Array, int]:
    """Currents (R, outputs) of R steps that add ``added``, (R, outputs), and how many of them were saturated.

    ``kept``, (outputs,), is carried from step to step, and updated in place.
    """
    return _linger(spec.leak_factor, spec.leak_bits, -spec.largest, spec.largest - 1, added, kept)


def credits_of(spec: CurrentSpec, credit: Int64Array, carry: Int64Array) -> Int64Array:
    """Credits of currents (R, outputs) that linger, from those of the membranes that they charge.

    Last step first: ``lasting = credit + carry``, and the carry decays towards zero as the currents do. ``carry``,
    (outputs,), is what comes of the steps after, 0 at a window's end; updated in place.
    """
    return _credits(spec.leak_factor, spec.leak_bits, credit, carry)


@compiled(nogil=True)
def _credits(factor: int, bits: int, credit: Int64Array, carried: Int64Array) -> Int64Array:
    found = np.empty_like(credit)
    for p in range(credit.shape[0] - 1, -1, -1):
        for j in range(credit.shape[1]):
            lasting = credit[p, j] + carried[j]
            found[p, j] = lasting
            lost = (lasting * factor) >> bits if lasting >= 0 else -((-lasting * factor) >> bits)
            carried[j] = lasting - lost
    return found


@compiled(nogil=True)
def _linger(factor: int, bits: int, low: int, high: int, added: Int64Array,
            kept: Int64Array) -> tuple[Int64Array, int]:
    found = np.empty_like(added)
    saturated = 0
    for p in range(added.shape[0]):
        for j in range(added.shape[1]):
            exact = kept[j] - ((kept[j] * factor) >> bits) + added[p, j]
            current = min(max(exact, low), high)
            saturated += int(current != exact)
            kept[j] = current
            found[p, j] = current
    return found, saturated
