"""From the errors of a window to the credits of a block's layers, last layer first. Integers only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.layer import LayerSpec

from .forward import Trace, neurons_of, synapses_of
from .grid import pooled_gates, spread
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
        Credits of their currents: those of their membranes, and of the layers that add these currents to their own.
    """

    feedback: Int64Array
    membrane: Int64Array
    current: Int64Array


def credits_of(block: BlockSpec, stored: list[NDArray[np.int32]], readout: NDArray[np.int32],
               error: Int64Array, window: Window) -> tuple[list[Credit], int]:
    """Credits of each layer, and the products that they took."""
    steps, spec = len(window.read), block.readout
    signal = feedback(readout, spec.weight_bits, spec.shadow_bits, error, steps, block.window - block.loss_steps)
    signal = spread(spec.pool, divided(signal, spec.feedback_shift))
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
    of_neurons = neurons_of(layer).credits_of
    if not layer.synapses.recurrent:
        found = of_neurons(layer, signal, trace.gates, trace.spikes)
        return Credit(signal, found, found), 0
    carry = np.zeros(layer.outputs, np.int64)
    signal, found, multiplies = signal.copy(), np.zeros_like(signal), 0
    for p in range(len(signal) - 1, -1, -1):
        span = slice(p, p + 1)
        if p + 1 < len(signal):
            back, products = own_feedback(layer, stored, found[p + 1:p + 2], pooled_gates(None, trace.gates[span]))
            signal[span] += back
            multiplies += products
        found[span] = of_neurons(layer, signal[span], trace.gates[span], trace.spikes[span], carry)
    return Credit(signal, found, found), multiplies
