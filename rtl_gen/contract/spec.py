"""What the hardware computes, as plain data. Imports nothing outside the standard library.

One :class:`NetworkSpec` is built once, from a configuration or a network file, and handed to the reference, the
component, the bench and the driver alike. ``docs/arithmetic.md`` says what each field does to the bits.
"""

from dataclasses import dataclass
from typing import Any

from .checks import SpecError, check_choice, check_flag, check_range
from .synapses import ConvSpec, PoolSpec, ResidualSpec
from .tables import from_table, to_table

ROUNDINGS = ("nearest", "stochastic")
RESETS = ("subtract", "zero")
SURROGATES = ("boxcar", "triangle")
HOST_SURROGATES = ("sigmoid", "arctan", "fast_sigmoid")
ERROR_FUNCTIONS = ("hard_sigmoid", "logistic")
ACCUMULATES = ("window", "cumulative")
MEMORIES = ("auto", "block", "distributed")

MAX_INPUTS = 1 << 16        # an event's index in a stream
MAX_NEURONS = 1 << 24
MAX_CLASSES = 64
MAX_BLOCKS = 64
MAX_RATE_SHIFT = 31


@dataclass(frozen=True, kw_only=True)
class LayerSpec:
    """Synapses and the spiking neurons they feed: each input to each neuron, or a convolution.

    Attributes
    ----------
    inputs, outputs
        Presynaptic events have an index below ``inputs``; there are ``outputs`` neurons.
    weight_bits, shadow_bits
        The forward pass reads ``weight_bits``; a stored weight has ``shadow_bits`` more below them.
    fraction_bits
        A weight of 1 unit is worth ``2**-fraction_bits`` in PyTorch. The integers do not depend on it.
    bias
        Whether row ``inputs`` of the weights is added in every step.
    membrane_bits
        Width of the membrane, two's complement, saturating.
    leak_shift
        Each step the membrane loses ``membrane >> leak_shift``; None is the IF neuron, which loses nothing.
    threshold
        The neuron fires where the charged membrane is at least this.
    reset
        ``subtract`` the threshold from the membrane of a neuron that fires, or set it to ``zero``.
    surrogate, surrogate_width, surrogate_height
        ``boxcar``: gate 1 where ``|v - threshold| < surrogate_width`` (height is 1).
        ``triangle``: gate ``max(0, surrogate_height - (|v - threshold| >> surrogate_width))``.
    rate_shift, rounding
        A window's sum is divided by ``2**rate_shift`` under this rounding before it is subtracted.
    feedback_shift
        Credits that pass down through these weights are divided by ``2**feedback_shift`` (block depth 2 and more).
    pool
        What happens to the events before the synapses; None for nothing.
    conv
        The synapses where they are a convolution; None where each input reaches each neuron.
    recurrent
        Whether the layer's own spikes of the step before are inputs too: their rows follow those of the inputs.
    threshold_shift
        Where each neuron, or each filter of a convolution, has a threshold of its own: a row of the weights, times two
        to this, says by how much it is above or below ``threshold``. The row follows those of the events; the bias
        comes after it. None where all have the layer's.
    residual
        The earlier layer whose currents are added to this one's; None for none.
    host_surrogate
        What training in PyTorch takes in the surrogate's place; the hardware does not know it.
    """

    inputs: int
    outputs: int
    weight_bits: int
    shadow_bits: int
    fraction_bits: int
    bias: bool
    membrane_bits: int
    leak_shift: int | None
    threshold: int
    reset: str
    surrogate: str
    surrogate_width: int
    surrogate_height: int
    rate_shift: int
    rounding: str
    feedback_shift: int
    pool: PoolSpec | None = None
    conv: ConvSpec | None = None
    recurrent: bool = False
    threshold_shift: int | None = None
    residual: ResidualSpec | None = None
    host_surrogate: str | None = None

    def __post_init__(self) -> None:
        check_range("Layer inputs", self.inputs, 1, MAX_NEURONS)
        check_range("Layer outputs", self.outputs, 1, MAX_NEURONS)
        self._check_synapses()
        check_range("Weight bits", self.weight_bits, 1, 16)
        check_range("Shadow bits", self.shadow_bits, 0, 16)
        check_range("Fraction bits", self.fraction_bits, -8, 24)
        check_flag("Layer bias", self.bias)
        check_range("Membrane bits", self.membrane_bits, 4, 24)
        if self.leak_shift is not None:
            check_range("Leak shift", self.leak_shift, 1, self.membrane_bits - 1,
                         f" for a membrane of {self.membrane_bits} bits (or null for no leak)")
        check_range("Threshold", self.threshold, 1, self.membrane_max,
                     f" for a membrane of {self.membrane_bits} bits")
        check_choice("Reset", self.reset, RESETS)
        check_choice("Surrogate", self.surrogate, SURROGATES)
        if self.surrogate == "boxcar":
            check_range("Surrogate width of a boxcar", self.surrogate_width, 1, 2 * self.membrane_max + 2)
            check_range("Surrogate height of a boxcar", self.surrogate_height, 1, 1)
        else:
            check_range("Surrogate width (a shift) of a triangle", self.surrogate_width, 0, self.membrane_bits)
            check_range("Surrogate height of a triangle", self.surrogate_height, 1, 7)
        _check_rate(self.rate_shift, self.rounding)
        check_range("Feedback shift", self.feedback_shift, 0, 31)

    def _check_synapses(self) -> None:
        check_flag("Layer recurrent", self.recurrent)
        if self.threshold_shift is not None:
            check_range("Threshold shift", self.threshold_shift, 0, 24)
            if self.weight_bits == 1:
                raise SpecError("A layer with learned thresholds must have weights of at least 2 bits, not 1")
        if self.host_surrogate is not None:
            check_choice("Host surrogate", self.host_surrogate, HOST_SURROGATES)
        if self.residual is not None and self.recurrent:
            raise SpecError("A recurrent layer must have its own currents alone, not those of an earlier layer too")
        if self.pool is not None and self.pool.inputs != self.inputs:
            raise SpecError(f"Pool of a layer of {self.inputs} inputs must take as many, not {self.pool.inputs}")
        if self.conv is None:
            return
        if self.recurrent:
            raise SpecError("A recurrent layer must have each input at each neuron, not a convolution")
        if (self.conv.inputs, self.conv.outputs) != (self.pooled_inputs, self.outputs):
            raise SpecError(f"Convolution of a layer of {self.pooled_inputs} inputs and {self.outputs} neurons must "
                            f"have as many, not {self.conv.inputs} and {self.conv.outputs}")

    @property
    def pooled_inputs(self) -> int:
        """Inputs of the synapses."""
        return self.inputs if self.pool is None else self.pool.outputs

    @property
    def largest_event(self) -> int:
        """The largest value of an input of the synapses."""
        return 1 if self.pool is None else self.pool.largest

    @property
    def input_rows(self) -> int:
        """Rows of the weight matrix that belong to inputs; they come first."""
        return self.pooled_inputs if self.conv is None else self.conv.rows

    @property
    def rows(self) -> int:
        """Rows of the weight matrix: of the inputs, of the layer's own spikes, of the thresholds, then the bias."""
        return self.event_rows + (self.threshold_shift is not None) + self.bias

    @property
    def event_rows(self) -> int:
        """Rows that events are weighed by; they come first."""
        return self.input_rows + (self.outputs if self.recurrent else 0)

    @property
    def columns(self) -> int:
        """Columns of the weight matrix: one a neuron, or one a filter."""
        return self.outputs if self.conv is None else self.conv.filters

    @property
    def stored_bits(self) -> int:
        """Bits of a stored weight; a binary one is stored as +1 or -1, in 2."""
        return max(2, self.weight_bits) + self.shadow_bits

    @property
    def membrane_max(self) -> int:
        return (1 << (self.membrane_bits - 1)) - 1

    @property
    def membrane_min(self) -> int:
        return -1 << (self.membrane_bits - 1)

    @property
    def gate_bits(self) -> int:
        return self.surrogate_height.bit_length()


def _check_rate(rate_shift: int, rounding: str) -> None:
    check_choice("Rounding", rounding, ROUNDINGS)
    highest = 16 if rounding == "stochastic" else MAX_RATE_SHIFT
    check_range("Rate shift", rate_shift, 0, highest, f" under {rounding} rounding")


@dataclass(frozen=True, kw_only=True)
class ReadoutSpec:
    """A block's classifier, from which alone the block learns.

    Attributes
    ----------
    inputs, classes
        Neurons read, and classes told apart.
    learned
        False: weights are fixed at +1 or -1. True: stored and updated as a layer's weights are.
    weight_bits, shadow_bits, rate_shift, rounding
        As in :class:`LayerSpec`; a fixed readout has 2, 0, 0 and "nearest".
    error_function
        How a logit becomes a probability of 7 bits: ``hard_sigmoid`` or ``logistic`` (a table).
    logit_shift
        Logits are divided by ``2**logit_shift`` before the error function; negative multiplies.
    dead_zone
        Errors of at most this magnitude count as zero.
    accumulate
        Whether the logits of the loss start afresh in each ``window`` or are ``cumulative`` over the sample.
    pool
        Of the neurons' spikes, before the weights; None for none.
    """

    inputs: int
    classes: int
    learned: bool
    weight_bits: int
    shadow_bits: int
    rate_shift: int
    rounding: str
    error_function: str
    logit_shift: int
    dead_zone: int
    accumulate: str
    pool: PoolSpec | None = None

    def __post_init__(self) -> None:
        check_range("Readout inputs", self.inputs, 1, MAX_NEURONS)
        check_range("Classes", self.classes, 2, MAX_CLASSES)
        check_flag("Readout learned", self.learned)
        if self.learned:
            check_range("Readout weight bits", self.weight_bits, 1, 16)
            check_range("Readout shadow bits", self.shadow_bits, 0, 16)
            _check_rate(self.rate_shift, self.rounding)
        elif (self.weight_bits, self.shadow_bits, self.rate_shift, self.rounding) != (2, 0, 0, "nearest"):
            raise SpecError("A fixed readout must have weight bits 2, shadow bits 0, rate shift 0 and rounding "
                            f"nearest, not {self.weight_bits}, {self.shadow_bits}, {self.rate_shift} and "
                            f"{self.rounding}")
        check_choice("Error function", self.error_function, ERROR_FUNCTIONS)
        check_range("Logit shift", self.logit_shift, -8, 24)
        check_range("Dead zone", self.dead_zone, 0, 127)
        check_choice("Accumulate", self.accumulate, ACCUMULATES)
        if self.pool is not None and self.pool.inputs != self.inputs:
            raise SpecError(f"Pool of a readout of {self.inputs} neurons must take as many, not {self.pool.inputs}")

    @property
    def rows(self) -> int:
        """Rows of the weight matrix."""
        return self.inputs if self.pool is None else self.pool.outputs

    @property
    def largest_event(self) -> int:
        """The largest value that a row is read with."""
        return 1 if self.pool is None else self.pool.largest

    @property
    def stored_bits(self) -> int:
        """Bits a readout weight takes in memory: a fixed one is its sign alone."""
        return max(2, self.weight_bits) + self.shadow_bits if self.learned else 1


@dataclass(frozen=True, kw_only=True)
class Directives:
    """How a block is laid out in hardware. No directive changes a result.

    Attributes
    ----------
    lanes
        Neurons computed in parallel, a power of two.
    memory
        Where the weights lie: ``block`` RAM, ``distributed`` RAM, or ``auto`` (the synthesis tool decides).
    learning
        Whether the block gets an update engine. Without one it runs, and refuses to learn.
    """

    lanes: int
    memory: str
    learning: bool

    def __post_init__(self) -> None:
        if self.lanes not in (1, 2, 4, 8, 16, 32, 64):
            raise SpecError(f"Lanes must be a power of two in 1..64, not {self.lanes!r}")
        check_choice("Memory", self.memory, MEMORIES)
        check_flag("Learning", self.learning)


@dataclass(frozen=True, kw_only=True)
class BlockSpec:
    """Layers that learn together, from their own readout, over a window of K steps.

    Attributes
    ----------
    layers
        The layers, input side first; their number is the block depth.
    window
        K: steps through which credit is carried back, and the depth of every state buffer.
    loss_steps
        The loss reads the last ``loss_steps`` positions of a window: steps K - loss_steps .. K - 1.
    update_interval
        Learn from every m-th window of a sample.
    """

    layers: tuple[LayerSpec, ...]
    readout: ReadoutSpec
    window: int
    loss_steps: int
    update_interval: int
    directives: Directives

    def __post_init__(self) -> None:
        if not self.layers:
            raise SpecError("A block must have at least one layer, not none")
        check_range("Window", self.window, 1, 1 << 16)
        check_range("Loss steps", self.loss_steps, 1, self.window, f" for a window of {self.window} steps")
        check_range("Update interval", self.update_interval, 1, 1 << 16)
        sizes = [layer.outputs for layer in self.layers]
        wanted = [layer.inputs for layer in self.layers[1:]] + [self.readout.inputs]
        for index, (made, taken) in enumerate(zip(sizes, wanted, strict=True)):
            if made != taken:
                raise SpecError(f"Layer {index} of the block has {made} neurons, but what reads it takes {taken}")
        for index, layer in enumerate(self.layers):
            self._check_residual(index, layer)

    def _check_residual(self, index: int, layer: LayerSpec) -> None:
        if layer.residual is None:
            return
        below = layer.residual.below
        if below > index:
            raise SpecError(f"Layer {index} of the block must add currents of a layer 1..{index} below it, not {below}")
        source = self.layers[index - below]
        if source.outputs != layer.outputs or source.recurrent:
            raise SpecError(f"Layer {index} of the block must add currents of as many neurons as its own "
                            f"{layer.outputs}, that are not recurrent, not of the {source.outputs} "
                            f"{'recurrent ' if source.recurrent else ''}ones {below} below")

    @property
    def depth(self) -> int:
        return len(self.layers)

    @property
    def sources(self) -> frozenset[int]:
        """Layers whose currents are added to those of a later one."""
        return frozenset(index - layer.residual.below for index, layer in enumerate(self.layers) if layer.residual)

    @property
    def inputs(self) -> int:
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        return self.layers[-1].outputs


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A chain of blocks.

    Attributes
    ----------
    name
        Names the build; letters, digits, ``-`` and ``_``.
    blocks
        The blocks, input side first. The last one's readout gives the answer.
    max_steps
        Longest sample, in steps. The width of the logits follows from it.
    seed
        Seeds the random words of stochastic rounding, 32 bits.
    """

    name: str
    blocks: tuple[BlockSpec, ...]
    max_steps: int
    seed: int

    def __post_init__(self) -> None:
        if not self.name or not all(c.isascii() and (c.isalnum() or c in "-_") for c in self.name):
            raise SpecError(f"Network name must be letters, digits, - and _, not {self.name!r}")
        check_range("Number of blocks", len(self.blocks), 1, MAX_BLOCKS)
        check_range("Max steps", self.max_steps, 1, (1 << 16) - 1)
        check_range("Seed", self.seed, 0, (1 << 32) - 1)
        for index, (block, after) in enumerate(zip(self.blocks, self.blocks[1:], strict=False)):
            if block.outputs != after.inputs:
                raise SpecError(f"Block {index} has {block.outputs} outputs, but block {index + 1} takes "
                                f"{after.inputs} inputs")
            if block.readout.classes != after.readout.classes:
                raise SpecError(f"Block {index} has {block.readout.classes} classes, but block {index + 1} has "
                                f"{after.readout.classes}")
        for index, block in enumerate(self.blocks):
            if block.window > self.max_steps:
                raise SpecError(f"Window of block {index} must be in 1..{self.max_steps}, the longest sample, "
                                f"not {block.window}")

    @property
    def inputs(self) -> int:
        return self.blocks[0].inputs

    @property
    def classes(self) -> int:
        return self.blocks[-1].readout.classes

    def layer_number(self, block: int, layer: int) -> int:
        """Number of a layer among all, as the random words see it; a readout follows its block's layers."""
        return sum(b.depth + 1 for b in self.blocks[:block]) + layer

    def to_dict(self) -> dict[str, Any]:
        """As plain tables; fields that are as their defaults are left out."""
        return to_table(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "NetworkSpec":
        """Rebuild a specification from :meth:`to_dict` or its JSON.

        Raises
        ------
        SpecError
            If a field is missing, unknown or out of range.
        """
        return from_table(cls, values)
