"""Small networks for the tests of the host's side."""

import numpy as np

from rtl_gen.network_file import Network
from rtl_gen.spec import BlockSpec, Directives, LayerSpec, NetworkSpec, ReadoutSpec
from sim.reference.initial import random_network


def block(inputs: int, outputs: int, *, learned: bool = True, lanes: int = 4, bias: bool = True,
          shadow_bits: int = 4, classes: int = 3, window: int = 3) -> BlockSpec:
    return BlockSpec(
        layers=(LayerSpec(
            inputs=inputs, outputs=outputs, weight_bits=8, shadow_bits=shadow_bits, fraction_bits=4, bias=bias,
            membrane_bits=14, leak_shift=2, threshold=64, reset="subtract", surrogate="boxcar", surrogate_width=48,
            surrogate_height=1, rate_shift=6, rounding="nearest", feedback_shift=0),),
        readout=ReadoutSpec(
            inputs=outputs, classes=classes, learned=learned, weight_bits=8 if learned else 2,
            shadow_bits=shadow_bits if learned else 0, rate_shift=4 if learned else 0, rounding="nearest",
            error_function="hard_sigmoid", logit_shift=1, dead_zone=2, accumulate="window"),
        window=window, loss_steps=window, update_interval=1,
        directives=Directives(lanes=lanes, memory="auto", learning=True))


def network(*blocks: BlockSpec, name: str = "small", seed: int = 7) -> Network:
    spec = NetworkSpec(name=name, blocks=blocks or (block(12, 10), block(10, 7, learned=False, lanes=2)),
                       max_steps=16, seed=seed)
    return random_network(spec, seed, density=0.4)


def samples(spec: NetworkSpec, count: int, *, steps: int = 7, density: float = 0.4, seed: int = 3):
    """(count, steps, inputs) of 0 and 1, and labels."""
    generator = np.random.default_rng(seed)
    spikes = (generator.random((count, steps, spec.inputs)) < density).astype(np.uint8)
    return spikes, generator.integers(0, spec.classes, count)
