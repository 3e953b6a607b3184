"""The largest sums of a block, all of which the integer reference computes in 64 bits."""

from .arithmetic import (
    answer_max,
    credit_max,
    currents_max,
    delta_max,
    exact_feedback_max,
    feedback_sum_max,
    lasting_credit_max,
    readout_delta_max,
    readout_shift,
)
from .block import BlockSpec
from .network import MAX_RATE

__all__ = ["SUM_BITS", "learning_sum_max", "running_sum_max"]

SUM_BITS = 62       # a magnitude of so many bits leaves room for a rounding and a sign


def running_sum_max(block: BlockSpec, max_steps: int) -> int:
    """The largest magnitude of a sum while samples of up to ``max_steps`` pass through the block."""
    return max(answer_max(block.readout, max_steps) << max(0, -block.readout.logit_shift), *currents_max(block))


def learning_sum_max(block: BlockSpec) -> int:
    """The largest magnitude of a sum while the block learns from a window."""
    own = readout_delta_max(block) + (1 << max(16, readout_shift(block.readout)) + MAX_RATE)
    return max(exact_feedback_max(block.readout), own, *(
        found for number, layer in enumerate(block.layers) for found in (
            delta_max(block, number) + (1 << max(16, layer.update.rate_shift) + MAX_RATE),
            layer.neuron.decaying_max(credit_max(block, number)), feedback_sum_max(block, number),
            0 if layer.current is None else layer.current.decaying_max(lasting_credit_max(block, number)))))
