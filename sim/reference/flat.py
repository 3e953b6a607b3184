"""Layers of LIF neurons spelt out in one list, as vectors, benchmarks and tests take them."""

from typing import Any

from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.neurons.lif import LifSpec
from rtl_gen.contract.surrogate import SurrogateSpec
from rtl_gen.contract.synapses.base import Synapses
from rtl_gen.contract.synapses.dense import DenseSpec
from rtl_gen.contract.update import UpdateSpec
from rtl_gen.contract.weights import WeightSpec

__all__ = ["flat_layer"]


def flat_layer(*, weight_bits: int, shadow_bits: int, fraction_bits: int, bias: bool, membrane_bits: int,
               leak_shift: int | None, threshold: int, reset: str, surrogate: str, surrogate_width: int,
               surrogate_height: int, rate_shift: int, rounding: str, feedback_shift: int, inputs: int = 0,
               outputs: int = 0, recurrent: bool = False, threshold_shift: int | None = None,
               reset_amount: int | None = None, synapses: Synapses | None = None,
               **others: Any) -> LayerSpec:
    """A layer with each field of its parts by name.

    Parameters
    ----------
    synapses
        Taken in place of dense ones of ``inputs``, ``outputs`` and ``recurrent``.
    others
        Fields of :class:`~rtl_gen.contract.layer.LayerSpec` itself.
    """
    return LayerSpec(
        synapses=synapses or DenseSpec(inputs=inputs, outputs=outputs, recurrent=recurrent),
        weights=WeightSpec(bits=weight_bits, shadow_bits=shadow_bits, fraction_bits=fraction_bits, bias=bias),
        neuron=LifSpec(membrane_bits=membrane_bits, leak_shift=leak_shift, threshold=threshold, reset=reset,
                       threshold_shift=threshold_shift, reset_amount=reset_amount),
        surrogate=SurrogateSpec(shape=surrogate, width=surrogate_width, height=surrogate_height),
        update=UpdateSpec(rate_shift=rate_shift, rounding=rounding, feedback_shift=feedback_shift), **others)
