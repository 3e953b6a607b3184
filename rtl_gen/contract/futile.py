"""Blocks that have an engine to learn with and can never learn, whatever the weights and the samples are."""

from .arithmetic import ERROR_MAX, answer_max, current_max, delta_max, error_table, readout_delta_max, readout_shift
from .block import BlockSpec
from .layer import LayerSpec
from .readout import ReadoutSpec
from .spec import NetworkSpec

__all__ = ["futile_blocks", "largest_error", "least_steps", "silent_layer"]


def least_steps(block: BlockSpec) -> int:
    """Steps that a sample must have for the block to learn from it: the first of its first window's loss steps."""
    return block.update_interval * block.window - block.loss_steps + 1


def largest_error(readout: ReadoutSpec, steps: int) -> int:
    """The largest magnitude of an error, before the dead zone, where logits are of so many steps."""
    reach = answer_max(readout, steps)
    table, shift = error_table(readout.error_function), readout.logit_shift
    low, high = (value >> shift if shift >= 0 else value << -shift for value in (-reach, reach))
    # The tables grow, so that the ends of what the logits reach are the ends of the probabilities.
    least, most = (table[min(max(value + 64, 0), ERROR_MAX)] for value in (low, high))
    return max(most, ERROR_MAX - least)


def futile_blocks(spec: NetworkSpec) -> dict[int, str]:
    """By number the blocks that cannot learn, and why, with what to do."""
    found = {}
    for index, block in enumerate(spec.blocks):
        reason = _reason(block, spec.max_steps) if block.directives.learns else None
        if reason is not None:
            found[index] = reason
    return found


def _reason(block: BlockSpec, max_steps: int) -> str | None:
    readout = block.readout
    if least_steps(block) > max_steps:
        return (f"it learns from samples of {least_steps(block)} steps and more, and the longest has {max_steps}; take "
                "a smaller learning.update_interval or window, or more loss_steps")
    error = largest_error(readout, max_steps if readout.accumulate == "cumulative" else block.loss_steps)
    if error <= readout.dead_zone:
        return (f"its errors reach {error}, and its dead zone counts those up to {readout.dead_zone} as none; take a "
                "smaller on_chip.dead_zone")
    moves = [_moves(delta_max(block, number), layer.update.rate_shift, layer.update.rounding)
             for number, layer in enumerate(block.layers)]
    if readout.learned:
        moves.append(_moves(readout_delta_max(block), readout_shift(readout), readout.rounding))
    if not any(moves):
        return "every change is rounded to 0; take a smaller on_chip.rate_shift, or hardware.rounding=stochastic"
    return None


def _moves(delta: int, rate_shift: int, rounding: str) -> bool:
    """Whether a sum up to ``delta`` can change a stored weight."""
    return rounding == "stochastic" or (delta + (1 << rate_shift >> 1)) >> rate_shift > 0


def silent_layer(spec: NetworkSpec) -> tuple[int, int, int, int] | None:
    """The first layer whose neurons never fire: its block, its number, what membranes reach, and the threshold.

    Layers that add the currents of others are left out.
    """
    for index, block in enumerate(spec.blocks):
        for number, layer in enumerate(block.layers):
            threshold = _least_threshold(layer)
            if layer.residual is None and (reached := _reach(layer, spec.max_steps)) < threshold:
                return index, number, reached, threshold
    return None


def _least_threshold(layer: LayerSpec) -> int:
    shift = layer.neuron.threshold_shift
    return layer.neuron.threshold if shift is None else max(
        1, layer.neuron.threshold - (1 << (layer.weights.bits - 1) << shift))


def _charge(layer: LayerSpec, steps: int) -> int:
    """A bound of what a step adds to the membrane: of currents that linger, of what so many steps have added."""
    current = current_max(layer)
    return current if layer.current is None else min(steps * current, layer.current.largest)


def _reach(layer: LayerSpec, steps: int) -> int:
    """A bound of the membrane after so many steps of the largest current; a leak takes the share that is not kept."""
    current, reached = _charge(layer, steps), 0
    for _ in range(steps):
        # A unit more than is kept, for a leak that is rounded down.
        following = min(int(reached * layer.neuron.keep) + 1 + current, layer.neuron.membrane_max)
        if following == reached:
            break
        reached = following
    return reached
