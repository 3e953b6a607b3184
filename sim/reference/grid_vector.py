"""The network of the test vector of grids, which runs without learning."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.neurons.lif_shifts import LifShiftsSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.surrogate import SurrogateSpec
from rtl_gen.contract.synapses.base import Synapses
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from rtl_gen.contract.update import UpdateSpec
from rtl_gen.contract.weights import WeightSpec

from .flat import flat_layer

__all__ = ["grids_network", "grids_samples"]

SIDE = (7, 5, 2)        # the grid of the inputs: two channels


def _layer(synapses: Synapses, **others: object) -> LayerSpec:
    return flat_layer(**{
        "synapses": synapses, "weight_bits": 5, "shadow_bits": 3, "fraction_bits": 0, "bias": False, "membrane_bits": 8,
        "leak_shift": 2, "threshold": 14, "reset": "subtract", "surrogate": "boxcar", "surrogate_width": 8,
        "surrogate_height": 1, "rate_shift": 0, "rounding": "nearest", "feedback_shift": 0, **others})


def _spec() -> NetworkSpec:
    height, width, channels = SIDE
    # 7 x 5 pixels in squares of 2, those that the border cuts among them: 4 x 3.
    summed = PoolSpec(kind="sum", size=2, height=height, width=width, channels=channels, partial=True)
    grouped = _layer(ConvSpec(height=4, width=3, channels=2, filters=4, kernel=3, padding=1, groups=2), pool=summed,
                     bias=True, threshold_shift=1)
    binary = _layer(ConvSpec(height=4, width=3, channels=4, filters=4, kernel=1), weight_bits=1, shadow_bits=0,
                    threshold=4, reset="zero", leak_shift=None,
                    residual=ResidualSpec(below=1, shift=0, own_shift=2))
    read = ReadoutSpec(
        inputs=48, classes=3, learned=True, weight_bits=6, shadow_bits=2, rate_shift=0, rounding="nearest",
        error_function="logistic", logit_shift=0, dead_zone=0, accumulate="window",
        pool=PoolSpec(kind="sum", size=3, height=4, width=3, channels=4))
    strided = _layer(ConvSpec(height=2, width=1, channels=4, filters=6, kernel=2, stride=2, padding=1), threshold=8,
                     pool=PoolSpec(kind="or", size=2, height=4, width=3, channels=4))
    recurrent = LayerSpec(
        synapses=DenseSpec(inputs=12, outputs=5, recurrent=True),
        weights=WeightSpec(bits=6, shadow_bits=0, fraction_bits=0, bias=True),
        neuron=LifShiftsSpec(membrane_bits=7, threshold=20, reset="subtract", leak_shifts=(2, -4, 5),
                             threshold_shift=0),
        surrogate=SurrogateSpec(shape="triangle", width=2, height=4),
        update=UpdateSpec(rate_shift=0, rounding="nearest", feedback_shift=0))
    fixed = ReadoutSpec(
        inputs=5, classes=3, learned=False, weight_bits=2, shadow_bits=0, rate_shift=0, rounding="nearest",
        error_function="hard_sigmoid", logit_shift=0, dead_zone=0, accumulate="cumulative")
    directives = Directives(lanes=4, memory="auto", engine="reverse")
    blocks = (BlockSpec(layers=(grouped, binary), readout=read, window=2, loss_steps=2, update_interval=1,
                        directives=directives),
              BlockSpec(layers=(strided, recurrent), readout=fixed, window=2, loss_steps=2, update_interval=1,
                        directives=directives))
    return NetworkSpec(name="grids", blocks=blocks, max_steps=6, seed=1)


def grids_network() -> Network:
    """Two blocks of two layers each, with random weights."""
    spec = _spec()
    generator = np.random.Generator(np.random.PCG64(11))

    def drawn(shape: tuple[int, int], bits: int, shadow_bits: int = 0) -> NDArray[np.int32]:
        if bits == 1:
            return generator.choice(np.array([-1, 1], np.int32), shape)
        high = 1 << (bits + shadow_bits - 1)
        return generator.integers(-high, high, shape, dtype=np.int32)

    return Network(
        spec=spec, window_numbers=(0, 0),
        weights=tuple(tuple(drawn((layer.rows, layer.columns), layer.weights.bits, layer.weights.shadow_bits)
                            for layer in block.layers) for block in spec.blocks),
        readouts=tuple(drawn((block.readout.rows, block.readout.classes),
                             block.readout.weight_bits if block.readout.learned else 1, block.readout.shadow_bits)
                       for block in spec.blocks))


def grids_samples() -> list[list[list[int]]]:
    """Three samples, (T, inputs) counts of events, now and then more than one."""
    generator = np.random.Generator(np.random.PCG64(12))
    inputs = SIDE[0] * SIDE[1] * SIDE[2]
    return [((generator.random((steps, inputs)) < share) * generator.integers(1, 3, (steps, inputs))).tolist()
            for steps, share in ((6, 0.3), (3, 0.7), (1, 0.1))]
