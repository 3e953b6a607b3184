"""When float32 is exact: every sum of the forward pass must stay below 2^24 units."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from rtl_gen.contract.arithmetic import answer_max, currents_max
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec

from .window import BlockWeights

EXACT = 1 << 24


class InexactError(SpecError):
    """A network of which float32 would round a sum."""


def check_exact(spec: NetworkSpec, weights: Sequence[BlockWeights] | None = None) -> None:
    """Assert that PyTorch computes ``spec`` without rounding.

    A current is bounded by the largest sum of magnitudes in a column of the weights, or where they are not given by
    the largest that their bits allow; the largest membrane comes on top, from which a leak only takes. What a step adds
    to an answer is bounded in the same way; steps are summed in float64. Partial sums, in whatever order, stay below.

    Raises
    ------
    InexactError
        If a sum could reach 2^24.
    """
    for b, block in enumerate(spec.blocks):
        currents = currents_max(block, None if weights is None else
                                [_reached(*own) for own in zip(block.layers, weights[b].layers, strict=True)])
        for index, (layer, current) in enumerate(zip(block.layers, currents, strict=True)):
            largest = current + max(layer.neuron.leaked_max, -layer.neuron.membrane_min)
            if layer.current is not None:
                largest = layer.current.largest + max(current, layer.neuron.leaked_max)
            if largest >= EXACT:
                raise InexactError(f"Block {b} layer {index} can charge a membrane up to {largest} units, and float32 "
                                   f"is exact below {EXACT}; take fewer inputs, weight bits or membrane bits")
        largest = _added(block.readout, answer_max(replace(block.readout, leak_shift=None, reading="sum"), 1),
                         spec.max_steps)
        if largest >= EXACT and weights is not None:
            step = int(weights[b].readout.detach().double().abs().sum(0).max()) * block.readout.largest_event
            largest = _added(block.readout, step, spec.max_steps)
        if largest >= EXACT:
            raise InexactError(f"Readout of block {b} can add {largest} units in a step, and float32 is exact below "
                               f"{EXACT}; take fewer neurons or weight bits")


def _added(readout: ReadoutSpec, step: int, steps: int) -> int:
    """The largest sum that a step of up to ``step`` adds; levels and their differences are sums too."""
    if readout.leak_shift is None:
        return step
    return min(steps * step, step << readout.leak_shift) * (1 if readout.reading == "sum" else 2)


def _reached(layer: LayerSpec, weights: Tensor) -> int:
    """Largest current of the weights (rows, columns) as they are."""
    magnitudes = weights.detach().double().abs()
    reached = magnitudes[:layer.synapses.rows].sum(0) * layer.largest_event
    reached += magnitudes[layer.synapses.rows:layer.event_rows].sum(0)
    return int((reached + magnitudes[-1] if layer.weights.bias else reached).max())


def loose_layers(spec: NetworkSpec) -> bool:
    """Whether :func:`check_exact` must look at the weights themselves."""
    try:
        check_exact(spec)
    except SpecError:
        return True
    return False
