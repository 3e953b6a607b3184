"""All rows of a layer's weights learn from a window. Integers only."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.layer import LayerSpec

from .backward import Credit, weighed
from .forward import synapses_of
from .update import Writes, write_row
from .window import Window

Int64Array = NDArray[np.int64]


def update_layer(layer: LayerSpec, stored: NDArray[np.int32], stored_bits: int, rate_shift: int, addend: Int64Array,
                 credit: Credit, window: Window, index: int) -> Writes:
    """Learn the weights ``stored`` of layer ``index`` of a block, in place; as :func:`sim.reference.update.update`."""
    found = synapses_of(layer).update(layer, stored, stored_bits, rate_shift, addend, window.seen[index],
                                      window.own[index], weighed(layer, credit.current))
    if layer.neuron.threshold_shift is None:
        return found
    delta, live = _of_thresholds(layer, credit, window.traces[index].gates)
    row = layer.event_rows
    written, underflows, saturations = write_row(stored, row, stored_bits, rate_shift, int(addend[row]), delta)
    return found[0] + live, found[1] + written, found[2] + underflows, found[3] + saturations


def _of_thresholds(layer: LayerSpec, credit: Credit, gates: NDArray[np.uint8]) -> tuple[Int64Array, int]:
    """Deltas of the row of the thresholds, (columns,), and how many of them are formed."""
    injected = (gates * credit.feedback).sum(axis=0).reshape(-1, layer.columns).sum(axis=0)
    # A neuron's latest injection is its credit there: it has a credit where, and only where, it was ever told anything.
    live = credit.membrane.reshape(-1, layer.columns).any(axis=0).sum()
    return -injected << layer.neuron.threshold_shift, int(live)
