"""Folded designs whose LUTs are counted: small networks of one block each, a kind of layer or a width at a time."""

from dataclasses import replace

from rtl_gen.contract.arithmetic import fitting_feedback_shift
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.synapses.base import Synapses
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from sim.reference.flat import flat_layer

__all__ = ["DESIGNS"]


def layer(synapses: Synapses, *, bits: int = 8, shadow: int = 8, membrane: int = 16, height: int = 1,
          rounding: str = "stochastic", **changes: object) -> LayerSpec:
    return flat_layer(synapses=synapses, weight_bits=bits, shadow_bits=shadow, fraction_bits=bits - 2, bias=True,
                      membrane_bits=membrane, leak_shift=3, threshold=1 << bits - 2, reset="subtract",
                      surrogate="boxcar" if height == 1 else "triangle",
                      surrogate_width=1 << bits - 3 if height == 1 else bits - 4, surrogate_height=height,
                      rate_shift=8, rounding=rounding, feedback_shift=6, **changes)


def conv(size: int, channels: int, filters: int, **changes: object) -> LayerSpec:
    """A convolution of 3 x 3 that keeps its grid."""
    return layer(ConvSpec(height=size, width=size, channels=channels, filters=filters, kernel=3, stride=1, padding=1),
                 **changes)


def dense(inputs: int, outputs: int, *, recurrent: bool = False, **changes: object) -> LayerSpec:
    return layer(DenseSpec(inputs=inputs, outputs=outputs, recurrent=recurrent), **changes)


def pool(size: int, channels: int, kind: str = "or") -> PoolSpec:
    """Squares of 2 x 2."""
    return PoolSpec(kind=kind, size=2, height=size, width=size, channels=channels, partial=False)


def block(*layers: LayerSpec, lanes: int = 8, window: int = 4, learns: bool = True, classes: int = 10,
          squares: PoolSpec | None = None) -> BlockSpec:
    first, last = layers[0], layers[-1]
    readout = ReadoutSpec(inputs=last.outputs, classes=classes, learned=True, weight_bits=first.weights.bits,
                          shadow_bits=first.weights.shadow_bits, rate_shift=6, rounding=first.update.rounding,
                          error_function="logistic", logit_shift=2, dead_zone=2, accumulate="cumulative", pool=squares)
    readout = replace(readout, feedback_shift=fitting_feedback_shift(readout))
    return BlockSpec(layers=layers, readout=readout, window=window, loss_steps=window, update_interval=1,
                     directives=Directives(lanes=lanes, memory="auto", engine="reverse" if learns else "none"))


RESIDUAL = ResidualSpec(below=2, shift=0, own_shift=0)
LINGERS = CurrentSpec(bits=14, leak_shifts=(2,))

# What varies is written; the rest is as the signatures above say. The first ones tell most.
DESIGNS: dict[str, tuple[BlockSpec, ...]] = {
    "convolution, inference": (block(conv(8, 2, 8), learns=False),),
    "convolution": (block(conv(8, 2, 8)),),
    "dense, recurrent": (block(dense(64, 48, recurrent=True)),),
    "three layers, inference": (block(conv(8, 2, 8), conv(4, 8, 16, pool=pool(8, 8)), dense(256, 32), learns=False),),
    "three layers": (block(conv(8, 2, 8), conv(4, 8, 16, pool=pool(8, 8)), dense(256, 32)),),
    "three layers, 4 lanes, nearest": (
        block(*(replace(one, update=replace(one.update, rounding="nearest")) for one in (
            conv(8, 2, 8), conv(4, 8, 16, pool=pool(8, 8)), dense(256, 32))), lanes=4),),
    "convolution, 16 lanes": (block(conv(8, 2, 16), lanes=16),),
    "two dense, 16 lanes": (block(dense(96, 64), dense(64, 48), lanes=16),),
    "convolution, inference, 32 lanes, 4 bits": (
        block(conv(8, 4, 32, bits=4, shadow=0, membrane=8, rounding="nearest"), lanes=32, learns=False),),
    "four convolutions, residual": (
        block(conv(8, 2, 8), conv(8, 8, 8), conv(8, 8, 8, residual=RESIDUAL), conv(8, 8, 8)),),
    "two dense, lingering": (block(dense(96, 64, current=LINGERS), dense(64, 48, current=LINGERS)),),
    "two dense, thresholds": (block(dense(96, 64, threshold_shift=1), dense(64, 48, threshold_shift=1)),),
    "eight dense": (block(dense(64, 32), *(dense(32, 32) for _ in range(7))),),
    "two convolutions, K = 8": (block(conv(8, 2, 8), conv(8, 8, 8), window=8),),
    "two convolutions, 4 + 4 bits": (
        block(*(conv(8, channels, 8, bits=4, shadow=4, membrane=10) for channels in (2, 8))),),
    "convolution, pooled readout, triangle": (block(conv(8, 2, 8, height=7), squares=pool(8, 8)),),
}
