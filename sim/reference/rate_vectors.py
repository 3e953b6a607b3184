"""The network of ``docs/vectors/rates.json``, whose rates change from sample to sample."""

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.network import RATE_OFF, Network
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec

from .flat import flat_layer
from .initial import random_network

# Before each sample: every rate and off in either block, and both rounded by the largest shift.
RATES = [[0, 1], [3, 0], [RATE_OFF, 2], [1, RATE_OFF], [RATE_OFF, RATE_OFF], [2, 3], [3, 3]]
LABELS = [0, 2, 1, 2, 0, 1, 0]


def rates_network() -> Network:
    """Two blocks: stochastic with the largest shift there is, whose words need more than 16 bits; and nearest."""
    first = flat_layer(
        inputs=10, outputs=8, weight_bits=8, shadow_bits=8, fraction_bits=5, bias=True, membrane_bits=12,
        leak_shift=None, threshold=40, reset="subtract", surrogate="triangle", surrogate_width=4, surrogate_height=7,
        rate_shift=16, rounding="stochastic", feedback_shift=0)
    second = flat_layer(
        inputs=8, outputs=6, weight_bits=8, shadow_bits=4, fraction_bits=5, bias=False, membrane_bits=12,
        leak_shift=2, threshold=30, reset="zero", surrogate="boxcar", surrogate_width=40, surrogate_height=1,
        rate_shift=0, rounding="nearest", feedback_shift=0)
    random = ReadoutSpec(
        inputs=8, classes=3, learned=True, weight_bits=8, shadow_bits=2, rate_shift=6, rounding="stochastic",
        error_function="hard_sigmoid", logit_shift=1, dead_zone=0, accumulate="window")
    nearest = ReadoutSpec(
        inputs=6, classes=3, learned=True, weight_bits=8, shadow_bits=4, rate_shift=3, rounding="nearest",
        error_function="logistic", logit_shift=2, dead_zone=0, accumulate="window")
    directives = Directives(lanes=4, memory="auto", engine="reverse")
    blocks = (BlockSpec(layers=(first,), readout=random, window=4, loss_steps=4, update_interval=1,
                        directives=directives),
              BlockSpec(layers=(second,), readout=nearest, window=3, loss_steps=2, update_interval=1,
                        directives=directives))
    return random_network(NetworkSpec(name="rates", blocks=blocks, max_steps=8, seed=0xBEEF1234), 3, density=0.4)
