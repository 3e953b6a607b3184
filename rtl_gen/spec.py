"""What the hardware computes, as plain data. Imports nothing outside the standard library.

One :class:`NetworkSpec` is built once, from a configuration or a network file, and handed to the reference, the
component, the bench and the driver alike. ``docs/arithmetic.md`` says what each field does to the bits.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, get_args, get_type_hints

ROUNDINGS = ("nearest", "stochastic")
RESETS = ("subtract", "zero")
SURROGATES = ("boxcar", "triangle")
ERROR_FUNCTIONS = ("hard_sigmoid", "logistic")
ACCUMULATES = ("window", "cumulative")
MEMORIES = ("auto", "block", "distributed")

MAX_INPUTS = 1 << 16
MAX_CLASSES = 64
MAX_BLOCKS = 16
MAX_RATE_SHIFT = 31


class SpecError(ValueError):
    """A specification that no hardware can be made of; the message names field, rule and offender."""


def _check_range(thing: str, value: Any, low: int, high: int, because: str = "") -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise SpecError(f"{thing} must be an integer in {low}..{high}{because}, not {value!r}")


def _check_choice(thing: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SpecError(f"{thing} must be one of {', '.join(choices)}, not {value!r}")


def _check_flag(thing: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise SpecError(f"{thing} must be true or false, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class LayerSpec:
    """Linear synapses and the spiking neurons they feed.

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

    def __post_init__(self) -> None:
        _check_range("Layer inputs", self.inputs, 1, MAX_INPUTS)
        _check_range("Layer outputs", self.outputs, 1, MAX_INPUTS)
        _check_range("Weight bits", self.weight_bits, 2, 16)
        _check_range("Shadow bits", self.shadow_bits, 0, 16)
        _check_range("Fraction bits", self.fraction_bits, -8, 24)
        _check_flag("Layer bias", self.bias)
        _check_range("Membrane bits", self.membrane_bits, 4, 24)
        if self.leak_shift is not None:
            _check_range("Leak shift", self.leak_shift, 1, self.membrane_bits - 1,
                         f" for a membrane of {self.membrane_bits} bits (or null for no leak)")
        _check_range("Threshold", self.threshold, 1, self.membrane_max,
                     f" for a membrane of {self.membrane_bits} bits")
        _check_choice("Reset", self.reset, RESETS)
        _check_choice("Surrogate", self.surrogate, SURROGATES)
        if self.surrogate == "boxcar":
            _check_range("Surrogate width of a boxcar", self.surrogate_width, 1, 2 * self.membrane_max + 2)
            _check_range("Surrogate height of a boxcar", self.surrogate_height, 1, 1)
        else:
            _check_range("Surrogate width (a shift) of a triangle", self.surrogate_width, 0, self.membrane_bits)
            _check_range("Surrogate height of a triangle", self.surrogate_height, 1, 7)
        _check_rate(self.rate_shift, self.rounding)
        _check_range("Feedback shift", self.feedback_shift, 0, 31)

    @property
    def rows(self) -> int:
        """Rows of the weight matrix: one an input, and the bias."""
        return self.inputs + self.bias

    @property
    def stored_bits(self) -> int:
        return self.weight_bits + self.shadow_bits

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
    _check_choice("Rounding", rounding, ROUNDINGS)
    highest = 16 if rounding == "stochastic" else MAX_RATE_SHIFT
    _check_range("Rate shift", rate_shift, 0, highest, f" under {rounding} rounding")


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

    def __post_init__(self) -> None:
        _check_range("Readout inputs", self.inputs, 1, MAX_INPUTS)
        _check_range("Classes", self.classes, 2, MAX_CLASSES)
        _check_flag("Readout learned", self.learned)
        if self.learned:
            _check_range("Readout weight bits", self.weight_bits, 2, 16)
            _check_range("Readout shadow bits", self.shadow_bits, 0, 16)
            _check_rate(self.rate_shift, self.rounding)
        elif (self.weight_bits, self.shadow_bits, self.rate_shift, self.rounding) != (2, 0, 0, "nearest"):
            raise SpecError("A fixed readout must have weight bits 2, shadow bits 0, rate shift 0 and rounding "
                            f"nearest, not {self.weight_bits}, {self.shadow_bits}, {self.rate_shift} and "
                            f"{self.rounding}")
        _check_choice("Error function", self.error_function, ERROR_FUNCTIONS)
        _check_range("Logit shift", self.logit_shift, -8, 24)
        _check_range("Dead zone", self.dead_zone, 0, 127)
        _check_choice("Accumulate", self.accumulate, ACCUMULATES)

    @property
    def stored_bits(self) -> int:
        """Bits a readout weight takes in memory: a fixed one is its sign alone."""
        return self.weight_bits + self.shadow_bits if self.learned else 1


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
        _check_choice("Memory", self.memory, MEMORIES)
        _check_flag("Learning", self.learning)


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
        _check_range("Window", self.window, 1, 1 << 16)
        _check_range("Loss steps", self.loss_steps, 1, self.window, f" for a window of {self.window} steps")
        _check_range("Update interval", self.update_interval, 1, 1 << 16)
        sizes = [layer.outputs for layer in self.layers]
        wanted = [layer.inputs for layer in self.layers[1:]] + [self.readout.inputs]
        for index, (made, taken) in enumerate(zip(sizes, wanted, strict=True)):
            if made != taken:
                raise SpecError(f"Layer {index} of the block has {made} neurons, but what reads it takes {taken}")

    @property
    def depth(self) -> int:
        return len(self.layers)

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
        _check_range("Number of blocks", len(self.blocks), 1, MAX_BLOCKS)
        _check_range("Max steps", self.max_steps, 1, (1 << 16) - 1)
        _check_range("Seed", self.seed, 0, (1 << 32) - 1)
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

    def check_hardware(self) -> None:
        """Refuse what the reference computes and no component does.

        Raises
        ------
        SpecError
            If a block has more than one layer.
        """
        for index, block in enumerate(self.blocks):
            if block.depth != 1:
                raise SpecError(f"A block in hardware must have 1 layer, not {block.depth} as block {index} has; "
                                "split it into blocks of one layer, or run it on the reference")

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
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "NetworkSpec":
        """Rebuild a specification from :meth:`to_dict` or its JSON.

        Raises
        ------
        SpecError
            If a field is missing, unknown or out of range.
        """
        return _from_dict(cls, values)


def _from_dict(cls: Any, values: Any) -> Any:
    if not isinstance(values, dict):
        raise SpecError(f"{cls.__name__} must be a table of fields, not {values!r}")
    names = [field.name for field in fields(cls)]
    for name in values:
        if name not in names:
            raise SpecError(f"{cls.__name__} has no field {name!r}")
    hints = get_type_hints(cls)
    built = {}
    for name in names:
        if name not in values:
            raise SpecError(f"{cls.__name__} lacks the field {name!r}")
        value, hint = values[name], hints[name]
        if hasattr(hint, "__dataclass_fields__"):
            value = _from_dict(hint, value)
        elif get_args(hint) and hasattr(get_args(hint)[0], "__dataclass_fields__"):
            if not isinstance(value, (list, tuple)):
                raise SpecError(f"{cls.__name__} field {name!r} must be a list, not {value!r}")
            value = tuple(_from_dict(get_args(hint)[0], item) for item in value)
        built[name] = value
    return cls(**built)
