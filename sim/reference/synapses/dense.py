"""Neurons that each input reaches: currents, what is learned of them, feedback to the inputs. Integers only."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import FEEDBACK_BITS
from rtl_gen.contract.layer import LayerSpec

from ..compiled import compiled
from ..grid import Counts
from ..update import Writes
from ..update import update as update_rows
from ..weight import weight_read

Int64Array = NDArray[np.int64]
FEEDBACK_MAX = (1 << (FEEDBACK_BITS - 1)) - 1


def currents(layer: LayerSpec, stored: NDArray[np.int32], events: Counts,
             own: NDArray[np.uint8]) -> tuple[Int64Array, int]:
    """Currents of R steps, and the synaptic operations they took.

    Parameters
    ----------
    stored
        (rows, columns); see :func:`sim.reference.weight.weight_read`. The bias is the last row.
    events
        (R, inputs of the synapses), how many events came.
    own
        (outputs,), the spikes of the step before, where the layer is recurrent, and then R is 1; else empty.

    Returns
    -------
    tuple
        (R, outputs), and how many weights of events were added.
    """
    weights = layer.weights
    found, read = _currents(weights.bits, weights.shadow_bits, weights.bias, stored, events, own)
    return found, read * layer.outputs


def feedback(layer: LayerSpec, stored: NDArray[np.int32], credit: Int64Array,
             wanted: Counts) -> tuple[Int64Array, int]:
    """Feedback of the inputs, (R, inputs of the synapses), from credits (R, outputs).

    Rounded to nearest and saturated once. Computed only where ``wanted``, (R, inputs of the synapses), is not 0, which
    says for how many neurons it is.

    Returns
    -------
    tuple
        The feedback, and for each of these neurons the number of products with a credit that is not 0.
    """
    return _feedback(stored[:layer.synapses.rows], layer.weights.bits, layer.weights.shadow_bits,
                     layer.update.feedback_shift, credit, wanted)


def own_feedback(layer: LayerSpec, stored: NDArray[np.int32], credit: Int64Array,
                 wanted: Counts) -> tuple[Int64Array, int]:
    """As :func:`feedback`, of a recurrent layer's own spikes, (R, outputs), from the credits of the steps after."""
    return _feedback(stored[layer.synapses.rows:layer.event_rows], layer.weights.bits, layer.weights.shadow_bits,
                     layer.update.feedback_shift, credit, wanted)


def update(layer: LayerSpec, stored: NDArray[np.int32], stored_bits: int, rate_shift: int, addend: Int64Array,
           events: Counts, own: NDArray[np.uint8], credit: Int64Array) -> Writes:
    """Learn the rows of inputs, own spikes and bias from a window; as :func:`sim.reference.update.update`.

    ``events`` is (R, inputs of the synapses), ``own`` (R, outputs) the own spikes that were read, or (R, 0), and
    ``credit`` (R, outputs).
    """
    active = np.hstack([events, own]) if own.size else events
    return update_rows(stored, stored_bits, rate_shift, addend, active, int(layer.weights.bias), credit)


@compiled(nogil=True)
def _currents(bits: int, shadow_bits: int, bias: bool, stored: NDArray[np.int32], events: Counts,
              own: NDArray[np.uint8]) -> tuple[Int64Array, int]:
    steps, inputs = events.shape
    outputs = stored.shape[1]
    found = np.zeros((steps, outputs), np.int64)
    read = 0
    for p in range(steps):
        current = found[p]
        if bias:
            for j in range(outputs):
                current[j] = weight_read(stored[-1, j], bits, shadow_bits)
        for i in range(inputs):
            count = np.int64(events[p, i])
            if count:
                read += count
                for j in range(outputs):
                    current[j] += count * weight_read(stored[i, j], bits, shadow_bits)
        for i in range(own.shape[0]):
            if own[i]:
                read += 1
                for j in range(outputs):
                    current[j] += weight_read(stored[inputs + i, j], bits, shadow_bits)
    return found, read


@compiled(nogil=True)
def _feedback(stored: NDArray[np.int32], bits: int, shadow_bits: int, feedback_shift: int, credit: Int64Array,
              wanted: Counts) -> tuple[Int64Array, int]:
    steps, inputs = wanted.shape
    outputs = credit.shape[1]
    found = np.zeros((steps, inputs), np.int64)
    half = (1 << feedback_shift) >> 1
    multiplies = 0
    for p in range(steps):
        alive = 0
        for k in range(outputs):
            alive += credit[p, k] != 0
        for i in range(inputs):
            if wanted[p, i]:
                multiplies += alive * np.int64(wanted[p, i])
                total = 0
                for k in range(outputs):
                    total += weight_read(stored[i, k], bits, shadow_bits) * credit[p, k]
                rounded = (total + half) >> feedback_shift
                found[p, i] = min(max(rounded, -FEEDBACK_MAX - 1), FEEDBACK_MAX)
    return found, multiplies
