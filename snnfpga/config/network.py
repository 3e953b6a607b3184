"""``network``: layers and neurons."""

import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from rtl_gen.contract.neurons.base import RESETS, NeuronSpec
from rtl_gen.contract.readout import MAX_LEAK_SHIFT, READINGS
from rtl_gen.contract.spec import MAX_BLOCKS
from rtl_gen.contract.surrogate import SURROGATES

from .section import Positive, Section, UserPath, WeightBits

BLOCKS_OF_FILE = "file"     # a value of network.block_depth

# Surrogates that training in PyTorch has and the hardware has not.
HOST_SURROGATES = ("sigmoid", "arctan", "fast_sigmoid")


def _token(value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65536:
        return value
    if isinstance(value, str) and re.fullmatch("[0-9A-Z+]{1,40}", value):
        return value
    raise PydanticCustomError("token", "1..65536 neurons, or a token such as 128R, 64C3 or P2")


# The text beside a validator is how docs/keys.md names the type.
Token = Annotated[Any, PlainValidator(_token), "token"]
Notation = Annotated[str, Field(max_length=1000)]
MembraneBits = Annotated[int, Field(ge=4, le=24)]
LeakShift = Annotated[int, Field(ge=1, le=23)]
Neuron = Literal[NeuronSpec.kinds()]
Keep = Annotated[float, Field(gt=0, lt=1)]


class LayerConfig(Section):
    """An entry of the list `network.layers` says what its layer has otherwise than the rest."""

    weight_bits: WeightBits | None = Field(
        None, description="The bits of this layer's weights; null takes `network.weight_bits`.")
    membrane_bits: MembraneBits | None = Field(
        None, description="The bits of this layer's membranes; null takes `network.membrane_bits`.")
    leak_shift: LeakShift | None = Field(
        None, description="The leak of this layer; null takes `network.leak_shift`.")
    leak: bool = Field(
        True, description="False takes the leak away from this layer, whatever `leak_shift` is.")
    neuron: Neuron | None = Field(
        None, description="The kind of this layer's neurons; null takes `network.neuron`.")
    keep: Keep | None = Field(
        None, description="What a membrane of this layer keeps in a step; null takes `network.keep`.")
    threshold: Positive | None = Field(
        None, description="The threshold of this layer; null takes `network.threshold`.")
    reset: Literal[RESETS] | None = Field(
        None, description="The reset of this layer; null takes `network.reset`.")
    reset_amount: Positive | None = Field(
        None, description="What a spike takes off this layer's membranes; null takes `network.reset_amount`.")
    current_keep: Keep | None = Field(
        None, description="What a current of this layer keeps in a step; null takes `network.current_keep`.")
    current_bits: MembraneBits | None = Field(
        None, description="The bits of this layer's currents; null takes `network.current_bits`.")
    gain: Positive | None = Field(
        None, description="The gain of this layer's initial weights; null takes `network.gain`.")
    bias: bool | None = Field(
        None, description="Whether this layer has biases; null takes `network.bias`.")


class LayerSettings(NamedTuple):
    """A :class:`LayerConfig` with nothing left open; ``leak_shift`` None is no leak."""

    weight_bits: int
    membrane_bits: int
    leak_shift: int | None
    neuron: str
    keep: float | None
    threshold: float
    reset: str
    reset_amount: float | None
    current_keep: float | None
    current_bits: int | None
    gain: float
    bias: bool


class NetworkConfig(Section):
    """Layers and neurons. Threshold and surrogate are real numbers here, which the measured scale makes integers."""

    file: UserPath | None = Field(
        None,
        description="A file that describes the network, perhaps with weights that training goes on from "
                    "([front ends](frontends.md)). Null takes `architecture` or `blocks`.")
    architecture: Notation | None = Field(
        None,
        description="One chain of layers, such as `64C3-P2-256` ([tokens](training.md#choose-an-architecture)), or "
                    "the name of one. Null takes `blocks`, which must be left out where this is given.")
    block_depth: Annotated[int, Field(ge=1)] | Literal["all", BLOCKS_OF_FILE] = Field(
        1,
        description="The layers of `architecture` that make a block; `all` makes one block of them, and `file` keeps "
                    "the blocks that `file` has.")
    blocks: Annotated[tuple[Annotated[tuple[Token, ...], Field(min_length=1)], ...],
                      Field(min_length=1, max_length=MAX_BLOCKS)] = Field(
        ((128,), (64,)),
        description="The layers of each block, each a [token](training.md#choose-an-architecture): neurons, or a "
                    "convolution, a pooling and the like.")
    layers: tuple[LayerConfig, ...] = Field(
        (), description="What single layers have otherwise, one entry a layer through all blocks in order.")
    weight_bits: WeightBits = Field(
        8,
        description="The bits of a weight: 1 is +1 and -1, and 2 are -1, 0 and 1.")
    readout_bits: WeightBits | None = Field(
        None, description="The bits of the weights of learned readouts; null takes `weight_bits`.")
    membrane_bits: MembraneBits = Field(
        16, description="The bits of a membrane, which saturates at their bounds.")
    neuron: Neuron = Field(
        "lif",
        description="The kind of neuron: `lif` leaks by one shift, and `lif_shifts` by the sum of one to three signed "
                    "shifts, which comes near any leak.")
    keep: Keep | None = Field(
        None,
        description="The share of itself that a membrane of a `lif_shifts` neuron keeps in a step, such as 0.9, which "
                    "the nearest shifts stand for (0.9 becomes 230/256); null leaks by `leak_shift`.")
    leak_shift: LeakShift | None = Field(
        3, description="A membrane loses 2^-leak_shift of itself in each step; null is no leak, the IF neuron.")
    threshold: Positive = Field(
        1.0, description="A neuron fires from this membrane on; it is rounded to a multiple of the weights' unit.")
    learn_threshold: bool = Field(
        False,
        description="Each neuron, or each filter of a convolution, learns a threshold of its own; weights must then "
                    "have at least 2 bits in every layer.")
    reset: Literal[RESETS] = Field(
        "subtract", description="A spike takes the threshold off its membrane (`subtract`), or makes it 0 (`zero`).")
    reset_amount: Positive | None = Field(
        None,
        description="What a spike takes off its membrane with `reset: subtract`, in the unit of the threshold; null is "
                    "the threshold ([resets](neurons.md#resets)).")
    current_keep: Keep | None = Field(
        None,
        description="Currents linger: the share of itself that a neuron's current keeps in a step, such as 0.55, which "
                    "the nearest shifts stand for ([lingering currents](neurons.md#lingering-currents)); null takes "
                    "each step's alone.")
    current_bits: MembraneBits | None = Field(
        None, description="The bits of a current that lingers, which saturates at their bounds; null takes those of "
                          "the membrane.")
    surrogate: Literal[SURROGATES + HOST_SURROGATES] = Field(
        "boxcar",
        description="The surrogate derivative of a spike. `sigmoid`, `arctan` and `fast_sigmoid`, 1 / (1 + d)² at the "
                    "distance d, train in PyTorch alone: a boxcar as wide takes their place on chip.")
    surrogate_width: Positive = Field(
        1.0, description="Half the boxcar's width, or half the triangle's base, in thresholds.")
    surrogate_height: Annotated[int, Field(ge=1, le=7)] | None = Field(
        None, description="The levels of a gate on chip; null is 1 for a boxcar and 4 for a triangle.")
    bias: bool = Field(
        False, description="Each neuron has a weight that is added in every step.")
    readout: Literal["learned", "fixed"] = Field(
        "learned", description="A block's readout learns its weights, or has `fixed` ones, random +1 and -1.")
    readout_leak_shift: Annotated[int, Field(ge=1, le=MAX_LEAK_SHIFT)] | None = Field(
        None,
        description="Readouts leak: a class's level loses 2^-readout_leak_shift of itself in each step, and levels are "
                    "read in place of sums ([leaky readouts](neurons.md#leaky-readouts)); null is no leak.")
    reading: Literal[READINGS] = Field(
        "sum",
        description="The answer of a leaky readout: the `sum` of the levels after each step, the `last`, or their "
                    "`maximum`.")
    initial: Literal["balanced", "straight", "kaiming"] = Field(
        "balanced",
        description="How weights begin ([initial weights](training.md#initial-weights)): so that every layer fires "
                    "(`balanced`), so that deep networks pass a signal on (`straight`), or as PyTorch has them "
                    "(`kaiming`).")
    gain: Positive = Field(
        1.0,
        description="The spread of a current that `balanced` or `straight` initial weights make, in thresholds.")
    normalise: Literal["none", "weights"] = Field(
        "none",
        description="With `weights`, each neuron's or filter's weights are standardised before they are quantised, and "
                    "multiplied by a gain that is learned.")
    headroom: Annotated[float, Field(ge=1, le=64)] = Field(
        3.0, description="So many times the largest initial weight fits a weight's bits.")

    def of_layer(self, index: int, known: LayerConfig | None = None) -> LayerSettings:
        """What layer ``index`` of the whole network has: by its own entry, else as is ``known`` of it, else as all."""
        own = self.layers[index] if index < len(self.layers) else LayerConfig()
        known = known or LayerConfig()
        values = {}
        for name in LayerSettings._fields:
            said = (getattr(place, name) for place in (own, known, self))
            values[name] = next((value for value in said if value is not None), None)
        leaks = own.leak and (known.leak or own.leak_shift is not None)
        # What is said of this layer alone wins over what all layers keep.
        if own.keep is None and (not leaks or own.leak_shift is not None):
            values["keep"] = None
        if (own.reset or known.reset) == "zero" and own.reset_amount is None and known.reset_amount is None:
            values["reset_amount"] = None
        return LayerSettings(**values | {"leak_shift": values["leak_shift"] if leaks else None})
