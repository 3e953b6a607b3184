"""The spikes of a layer over some steps of a sample: currents of its synapses, then its neurons. Integers only."""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.layer import LayerSpec

from .current import linger
from .grid import Counts
from .neurons.threshold import thresholds_of

SILENT = np.zeros(0, np.uint8)      # the own spikes of a layer that is not recurrent
BRIEF = np.zeros(0, np.int64)       # the currents of a layer where none linger


class Trace(NamedTuple):
    """What the neurons of a layer did in R steps, (R, outputs) each; a membrane is the one after the reset."""

    spikes: NDArray[np.uint8]
    gates: NDArray[np.uint8]
    membranes: NDArray[np.int32]


class Counted(NamedTuple):
    """What the steps of a layer are counted as."""

    operations: int
    fired: int
    saturated: int


def neurons_of(layer: LayerSpec) -> ModuleType:
    """The module of :mod:`sim.reference.neurons` that has ``fire`` and ``credits_of`` of the layer's neurons."""
    return _module("neurons", layer.neuron.kind)


def synapses_of(layer: LayerSpec) -> ModuleType:
    """The module of :mod:`sim.reference.synapses` that has ``currents``, ``feedback`` and ``update`` of the layer."""
    return _module("synapses", layer.synapses.kind)


@cache      # it is asked for in every window
def _module(folder: str, kind: str) -> ModuleType:
    return import_module(f"{__package__}.{folder}.{kind}")


def forward(layer: LayerSpec, stored: NDArray[np.int32], events: Counts, membrane: NDArray[np.int32], trace: Trace,
            own: NDArray[np.uint8] = SILENT, flow: NDArray[np.int64] | None = None,
            kept: NDArray[np.int64] = BRIEF) -> Counted:
    """Advance a layer by R steps.

    Parameters
    ----------
    stored
        (rows, columns); the weight read is ``stored >> shadow_bits``.
    events
        (R, inputs of the synapses), how many events came.
    membrane
        (outputs,), carried from step to step; updated in place.
    trace
        Written.
    own
        (outputs,), the spikes of the step before, where the layer is recurrent; updated in place.
    flow
        (R, outputs): what is added to the currents, and then the currents; None where nobody asks.
    kept
        (outputs,), the currents of the step before, where they linger; updated in place.
    """
    synapses, neurons, thresholds = synapses_of(layer), neurons_of(layer), thresholds_of(layer, stored)
    # A recurrent layer must know the spikes of a step before the currents of the next.
    spans = [slice(p, p + 1) for p in range(len(events))] if len(own) else [slice(0, len(events))]
    operations = fired = saturated = 0
    for span in spans:
        current, added = synapses.currents(layer, stored, events[span], own)
        if flow is not None:
            own_shift = 0 if layer.residual is None else layer.residual.own_shift
            current = (current << own_shift) + flow[span]
            flow[span] = current
        if layer.current is not None:
            current, cut = linger(layer.current, current, kept)
            saturated += cut
        now = neurons.fire(layer, thresholds, current, membrane, *(values[span] for values in trace))
        if len(own):
            own[:] = trace.spikes[span][-1]
        operations, fired, saturated = operations + added, fired + now[0], saturated + now[1]
    return Counted(operations, fired, saturated)
