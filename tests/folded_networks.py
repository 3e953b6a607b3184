"""Small networks of one block that is not flat: convolutions, pools, depth, recurrence."""

from dataclasses import replace

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from sim.reference.flat import flat_layer

__all__ = ["conv", "counting", "dense", "folded_spec", "pool"]

LAYER = dict(weight_bits=8, shadow_bits=4, fraction_bits=5, bias=True, membrane_bits=12, leak_shift=3, threshold=64,
             reset="subtract", surrogate="boxcar", surrogate_width=64, surrogate_height=1, rate_shift=3,
             rounding="nearest", feedback_shift=4)


def dense(inputs, outputs, *, recurrent=False, **changes):
    """A layer in which each input is at each neuron."""
    return flat_layer(**LAYER | changes, synapses=DenseSpec(inputs=inputs, outputs=outputs, recurrent=recurrent))


def conv(height, width, channels, filters, kernel, *, stride=1, padding=0, **changes):
    """A convolution."""
    return flat_layer(**LAYER | changes, synapses=ConvSpec(
        height=height, width=width, channels=channels, filters=filters, kernel=kernel, stride=stride, padding=padding))


def pool(kind, size, height, width, channels, *, partial=False):
    """A pooling over squares."""
    return PoolSpec(kind=kind, size=size, height=height, width=width, channels=channels, partial=partial)


def counting(layer, most):
    """``layer`` as a network's first, of whose inputs up to so many events count in a step."""
    return replace(layer, input_max=most)


def folded_spec(*layers, classes=3, lanes=4, window=3, loss_steps=None, update_interval=1, learned=True,
                learning=False, readout_pool=None, max_steps=16, seed=7, name="folded", **readout):
    """A network of one block."""
    last = layers[-1]
    fixed = dict(weight_bits=8, shadow_bits=4, rate_shift=4, rounding="nearest") if learned else dict(
        weight_bits=2, shadow_bits=0, rate_shift=0, rounding="nearest")
    block = BlockSpec(
        layers=layers, window=window, loss_steps=loss_steps or window, update_interval=update_interval,
        readout=ReadoutSpec(**dict(
            inputs=last.outputs, classes=classes, learned=learned, error_function="logistic", logit_shift=1,
            dead_zone=0, accumulate="window", pool=readout_pool) | fixed | readout),
        directives=Directives(lanes=lanes, memory="auto", engine="reverse" if learning else "none"))
    return NetworkSpec(name=name, blocks=(block,), max_steps=max_steps, seed=seed)
