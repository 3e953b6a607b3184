"""Widths, as formulas of the specification. Integers only; nothing here can overflow by construction.

Each ``*_max`` is the largest magnitude a sum can reach, derived in ``docs/arithmetic.md``; a width is what holds it.
"""

import math
from collections.abc import Sequence

from .block import BlockSpec
from .layer import LayerSpec
from .readout import ReadoutSpec

ERROR_MAX = 127
ERROR_BITS = 8
FEEDBACK_BITS = 16      # where feedback saturates: in a hidden layer of a deeper block, and where a readout divides it
DRAW_BITS = 32          # of a random word
ROW_BITS = 16           # of a row's number, and of each half of a random word
FACTOR_BITS = 6         # fraction bits of what a spike counts that a leaky readout's level reads


def signed_bits(magnitude: int) -> int:
    """Bits of two's complement that hold -magnitude..magnitude."""
    return magnitude.bit_length() + 1


def index_bits(count: int) -> int:
    """Bits that hold 0..count-1, at least 1."""
    return max(1, (count - 1).bit_length())


def current_max(layer: LayerSpec) -> int:
    """Largest current of a neuron at which every event came, with the largest weights."""
    events = layer.synapses.rows * layer.largest_event + layer.event_rows - layer.synapses.rows + layer.weights.bias
    return events << (layer.weights.bits - 1)


def currents_max(block: BlockSpec, own: Sequence[int] | None = None) -> list[int]:
    """Largest currents of a block's layers, those of earlier layers among them, from the largest of their ``own``.

    Where those are not given they are what the bits of the weights allow.
    """
    found: list[int] = []
    for index, (layer, largest) in enumerate(zip(block.layers, own or map(current_max, block.layers), strict=True)):
        residual = layer.residual
        found.append(largest if residual is None else
                     (largest << residual.own_shift) + (found[index - residual.below] << residual.shift))
    return found


def readout_weight_max(readout: ReadoutSpec) -> int:
    return 1 << (readout.weight_bits - 1) if readout.learned else 1


def level_max(readout: ReadoutSpec, steps: int) -> int:
    """Largest level, or without a leak the largest sum, after ``steps`` steps in which every neuron fired."""
    step = readout.rows * readout.largest_event * readout_weight_max(readout)
    # A level that loses as much as a step can bring stands still.
    return steps * step if readout.leak_shift is None else min(steps * step, step << readout.leak_shift)


def answer_max(readout: ReadoutSpec, steps: int) -> int:
    """Largest answer, or logit, after so many steps."""
    levels = steps if readout.leak_shift is not None and readout.reading == "sum" else 1
    return levels * level_max(readout, steps)


def exact_feedback_max(readout: ReadoutSpec) -> int:
    """Largest sum of a readout row's weights times all errors."""
    return readout.classes * ERROR_MAX * readout_weight_max(readout)


def row_feedback_max(readout: ReadoutSpec) -> int:
    """Largest feedback of a row of the readout, divided where it is."""
    exact, shift = exact_feedback_max(readout), readout.feedback_shift
    return exact if shift is None else min((exact + (1 << shift >> 1)) >> shift, 1 << (FEEDBACK_BITS - 1))


def feedback_max(block: BlockSpec, layer: int) -> int:
    """Largest feedback of a layer's neurons at a position: of a leaky readout that of later levels as well."""
    if layer < block.depth - 1:
        return 1 << (FEEDBACK_BITS - 1)
    readout, row = block.readout, row_feedback_max(block.readout)
    if readout.leak_shift is None or readout.reading == "last":
        return row
    if readout.reading == "maximum":
        # Each class is taken at one position; with a shift what is taken at each is rounded by itself.
        return row if readout.feedback_shift is None else min(block.window, readout.classes) * row
    return min(block.loss_steps * row, ((row + 1) << readout.leak_shift) + row)


def level_factors(block: BlockSpec, steps: int) -> list[int]:
    """What a spike at each position of a window counts in the update of a leaky readout, in units of 2^-FACTOR_BITS.

    Parameters
    ----------
    steps
        Steps of the window; where the largest level is read, those up to it.
    """
    readout, factor, found = block.readout, 0, []
    for position in reversed(range(steps)):
        factor -= (factor + (1 << readout.leak_shift >> 1)) >> readout.leak_shift
        factor += is_read(block, position, steps) << FACTOR_BITS
        found.append(factor)
    return found[::-1]


def is_read(block: BlockSpec, position: int, steps: int) -> bool:
    """Whether logits read the level at a ``position`` of a window of ``steps``; of the largest, those up to it."""
    return position >= block.window - block.loss_steps if block.readout.reading == "sum" else position == steps - 1


def fitting_feedback_shift(readout: ReadoutSpec) -> int:
    """The smallest feedback shift with which no feedback of the readout is saturated."""
    exact, shift = exact_feedback_max(readout), 0
    while (exact + (1 << shift >> 1)) >> shift >= 1 << (FEEDBACK_BITS - 1):
        shift += 1
    return shift


def inject_max(block: BlockSpec, layer: int) -> int:
    """Largest credit that a neuron is given in one step, by the feedback of its spikes."""
    spec = block.layers[layer]
    # The feedback of a recurrent layer's own spikes is added to that of what reads them, each saturated by itself.
    own = 1 << (FEEDBACK_BITS - 1) if spec.synapses.recurrent else 0
    return (feedback_max(block, layer) + own) * spec.surrogate.height


def credit_max(block: BlockSpec, layer: int) -> int:
    """Bound of the credits of a layer's membranes over the window's K steps."""
    return block.layers[layer].neuron.credit_max(inject_max(block, layer), block.window)


def lasting_credit_max(block: BlockSpec, layer: int) -> int:
    """Bound of the credits of a layer's currents, which are those of its membranes where currents do not linger."""
    current, credit = block.layers[layer].current, credit_max(block, layer)
    return credit if current is None else current.credit_max(credit, block.window)


def current_credit_max(block: BlockSpec, layer: int) -> int:
    """Bound of the credits of a layer's currents, with those of later layers that add these currents to their own."""
    return lasting_credit_max(block, layer) + sum(
        current_credit_max(block, above) << other.residual.shift for above, other in enumerate(block.layers)
        if other.residual is not None and above - other.residual.below == layer)


def weighed_credit_max(block: BlockSpec, layer: int) -> int:
    """Bound of the credits that deltas and the feedback to what is below are made of."""
    residual = block.layers[layer].residual
    return current_credit_max(block, layer) << (0 if residual is None else residual.own_shift)


def feedback_sum_max(block: BlockSpec, layer: int) -> int:
    """Bound of the sum of a layer's weights times its credits, that feedback to one of its inputs is rounded from."""
    spec = block.layers[layer]
    return (spec.synapses.reached_max * weighed_credit_max(block, layer)) << (spec.weights.bits - 1)


def delta_max(block: BlockSpec, layer: int) -> int:
    """Bound of the sum that a weight changes by: over the window's K steps, and over the places of a convolution."""
    spec = block.layers[layer]
    summands = block.window * (spec.outputs // spec.columns)
    of_events = summands * weighed_credit_max(block, layer) * spec.largest_event
    shift = spec.neuron.threshold_shift
    return of_events if shift is None else max(of_events, summands * inject_max(block, layer) << shift)


def readout_delta_max(block: BlockSpec) -> int:
    """Bound of the sum that a readout's weight changes by."""
    return ERROR_MAX * row_count_max(block)


def row_count_max(block: BlockSpec) -> int:
    """The most that a row of the readout counts in a window, where it leaks in units of 2^-FACTOR_BITS."""
    readout = block.readout
    steps = block.loss_steps if readout.leak_shift is None else sum(level_factors(block, block.window))
    return steps * readout.largest_event


def readout_shift(readout: ReadoutSpec) -> int:
    """Bits that rounding drops of a readout's sums at a rate of 0."""
    return readout.rate_shift + (0 if readout.leak_shift is None else FACTOR_BITS)


def error_table(error_function: str) -> tuple[int, ...]:
    """Probability, 0..127, of the clamped logit 0..127."""
    if error_function == "hard_sigmoid":
        return tuple(range(128))
    return tuple(math.floor(127 / (1 + math.exp(-(i - 64) / 16)) + 0.5) for i in range(128))
