"""From the errors of a window to the credits of a block's layers, last layer first. Integers only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.layer import LayerSpec

from . import current
from .forward import Trace, neurons_of, synapses_of
from .grid import pooled_gates, spread
from .level_credit import by_steps, carried_back, taken
from .readout import divided, feedback
from .synapses.dense import own_feedback
from .window import Window

Int64Array = NDArray[np.int64]


@dataclass(frozen=True)
class Credit:
    """What a layer's neurons are told of a window, (R, outputs) each.

    Attributes
    ----------
    feedback
        Of their spikes; where a gate is 0 it is whatever it is.
    membrane
        Credits of their membranes.
    current
        Credits of their currents: those of their membranes, of the steps in which the currents linger, and of the
        layers that add these currents to their own.
    """

    feedback: Int64Array
    membrane: Int64Array
    current: Int64Array


def credits_of(block: BlockSpec, stored: list[NDArray[np.int32]], readout: NDArray[np.int32],
               error: Int64Array, until: Int64Array, window: Window) -> tuple[list[Credit], int]:
    """Credits of each layer, and the products that they took; ``until`` as :func:`.level_credit.steps_read`."""
    spec = block.readout
    signal = spread(spec.pool, _of_readout(block, readout, error, until, len(window.read)))
    multiplies = spec.rows * spec.classes if spec.learned else 0
    found: list[Credit] = []
    for index in range(block.depth - 1, -1, -1):
        layer, trace = block.layers[index], window.traces[index]
        if found:
            signal, products = _from_above(block.layers[index + 1], stored[index + 1], found[0].current, trace)
            multiplies += products
        credit, products = _credit(layer, stored[index], signal, trace)
        multiplies += products
        for above, other in enumerate(found, index + 1):
            residual = block.layers[above].residual
            if residual is not None and above - residual.below == index:
                credit = Credit(credit.feedback, credit.membrane, credit.current + (other.current << residual.shift))
        found.insert(0, credit)
    return found, multiplies


def _of_readout(block: BlockSpec, readout: NDArray[np.int32], error: Int64Array, until: Int64Array,
                steps: int) -> Int64Array:
    """Feedback (R, rows) of the readout's rows."""
    spec = block.readout

    def of_rows(errors: Int64Array, steps: int, start: int) -> Int64Array:
        return divided(feedback(readout, spec.weight_bits, spec.shadow_bits, errors, steps, start), spec.feedback_shift)

    if spec.leak_shift is None:
        return of_rows(error, steps, block.window - block.loss_steps)
    found = np.zeros((steps, spec.rows), np.int64)
    for last, errors in by_steps(error, until):
        found += taken(block, of_rows(errors, 1, 0)[0], last, steps)
    return carried_back(spec.leak_shift, found)


def weighed(layer: LayerSpec, credit: Int64Array) -> Int64Array:
    """What the weights of a layer are told by the credits of its currents."""
    return credit if layer.residual is None else credit << layer.residual.own_shift


def _from_above(above: LayerSpec, stored: NDArray[np.int32], credit: Int64Array,
                trace: Trace) -> tuple[Int64Array, int]:
    """Feedback (R, outputs) of a layer from the one above, through its pool: a square's is that of each neuron in it.
    """
    signal, products = synapses_of(above).feedback(above, stored, weighed(above, credit),
                                                   pooled_gates(above.pool, trace.gates))
    return spread(above.pool, signal), products


def _credit(layer: LayerSpec, stored: NDArray[np.int32], signal: Int64Array, trace: Trace) -> tuple[Credit, int]:
    """Credits of a layer from its feedback; of its own spikes as well, where it is recurrent."""
    carries = np.zeros((2, layer.outputs), np.int64)
    if not layer.synapses.recurrent:
        return Credit(signal, *_through(layer, signal, trace, carries)), 0
    signal, multiplies = signal.copy(), 0
    membrane, lasting = np.zeros_like(signal), np.zeros_like(signal)
    for p in range(len(signal) - 1, -1, -1):
        span = slice(p, p + 1)
        if p + 1 < len(signal):
            back, products = own_feedback(layer, stored, lasting[p + 1:p + 2], pooled_gates(None, trace.gates[span]))
            signal[span] += back
            multiplies += products
        here = Trace(*(values[span] for values in trace))
        membrane[span], lasting[span] = _through(layer, signal[span], here, carries)
    return Credit(signal, membrane, lasting), multiplies


def current_credits(layer: LayerSpec, feedback: Int64Array, gates: NDArray[np.uint8],
                    spikes: NDArray[np.uint8]) -> Int64Array:
    """Credits of the currents of a layer that is not recurrent, (R, outputs), from its feedback in a window."""
    trace = Trace(spikes, gates, np.zeros((0, 0), np.int32))
    return _through(layer, feedback, trace, np.zeros((2, feedback.shape[1]), np.int64))[1]


def _through(layer: LayerSpec, signal: Int64Array, trace: Trace, carries: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Credits of membranes and of currents, (R, outputs) each, of R steps; ``carries`` (2, outputs) are of both."""
    membrane = neurons_of(layer).credits_of(layer, signal, trace.gates, trace.spikes, carries[0])
    return membrane, membrane if layer.current is None else current.credits_of(layer.current, membrane, carries[1])
