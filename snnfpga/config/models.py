"""What a run is made of, as pydantic models. ``docs/training.md`` explains each key; the YAML file is checked here."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

from rtl_gen.contract.block import MAX_LANES, MEMORIES
from rtl_gen.contract.neurons.base import RESETS
from rtl_gen.contract.readout import ACCUMULATES, ERROR_FUNCTIONS
from rtl_gen.contract.spec import MAX_BLOCKS
from rtl_gen.contract.surrogate import SURROGATES
from rtl_gen.contract.update import ROUNDINGS

# Surrogates that training in PyTorch has and the hardware has not.
HOST_SURROGATES = ("sigmoid", "arctan", "fast_sigmoid")
Lanes = Annotated[int, Field(ge=1, le=MAX_LANES)]
Memory = Literal[MEMORIES]
Rounding = Literal[ROUNDINGS]


def _token(value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65536:
        return value
    if isinstance(value, str) and re.fullmatch("[0-9A-Z+]{1,40}", value):
        return value
    raise PydanticCustomError("token", "1..65536 neurons, or a token such as 128R, 64C3 or P2")


Token = Annotated[Any, PlainValidator(_token)]
Notation = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value),
                     Field(max_length=1000)]
WeightBits = Annotated[int, Field(ge=1, le=16)]
MembraneBits = Annotated[int, Field(ge=4, le=24)]
LeakShift = Annotated[int, Field(ge=1, le=23)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A table of the configuration; a key it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class DataConfig(Section):
    """``data``: a name of the registry, or the path of an .npz."""

    name: str = "digits-events"
    steps: Annotated[int, Field(ge=1, le=65535)] | None = None
    coding: Literal["rate", "bernoulli", "latency", "phase", "sigma-delta"] | None = None
    binning: Literal["time", "count"] = "time"
    step_us: Annotated[int, Field(ge=1, lt=1 << 31)] | None = None
    pool: Annotated[int, Field(ge=1, le=65536)] = 1
    delays: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = ()
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    root: Path | None = None
    cache: Path | None = None


class LayerConfig(Section):
    """An entry of ``network.layers``: what this layer has otherwise than the rest."""

    weight_bits: WeightBits | None = None
    membrane_bits: MembraneBits | None = None
    leak_shift: LeakShift | None = None
    leak: bool = True
    threshold: Positive | None = None
    reset: Literal[RESETS] | None = None
    gain: Positive | None = None
    bias: bool | None = None


class LayerSettings(NamedTuple):
    """A :class:`LayerConfig` with nothing left open; ``leak_shift`` None is no leak."""

    weight_bits: int
    membrane_bits: int
    leak_shift: int | None
    threshold: float
    reset: str
    gain: float
    bias: bool


class NetworkConfig(Section):
    """``network``: layers and neurons. Threshold and surrogate are real; the measured grid makes them integers."""

    file: Path | None = None
    architecture: Notation | None = None
    block_depth: Annotated[int, Field(ge=1)] | Literal["all"] = 1
    blocks: Annotated[tuple[Annotated[tuple[Token, ...], Field(min_length=1)], ...],
                      Field(min_length=1, max_length=MAX_BLOCKS)] = ((128,), (64,))
    layers: tuple[LayerConfig, ...] = ()
    weight_bits: WeightBits = 8
    readout_bits: WeightBits | None = None
    membrane_bits: MembraneBits = 16
    leak_shift: LeakShift | None = 3
    threshold: Positive = 1.0
    learn_threshold: bool = False
    reset: Literal[RESETS] = "subtract"
    surrogate: Literal[SURROGATES + HOST_SURROGATES] = "boxcar"
    surrogate_width: Positive = 1.0
    surrogate_height: Annotated[int, Field(ge=1, le=7)] | None = None
    bias: bool = False
    readout: Literal["learned", "fixed"] = "learned"
    initial: Literal["balanced", "straight", "kaiming"] = "balanced"
    gain: Positive = 1.0
    normalise: Literal["none", "weights"] = "none"
    headroom: Annotated[float, Field(ge=1, le=64)] = 3.0

    def of_layer(self, index: int, known: LayerConfig | None = None) -> LayerSettings:
        """What layer ``index`` of the whole network has: by its own entry, else as is ``known`` of it, else as all."""
        own = self.layers[index] if index < len(self.layers) else LayerConfig()
        known = known or LayerConfig()
        values = {}
        for name in LayerSettings._fields:
            said = (getattr(place, name) for place in (own, known, self))
            values[name] = next((value for value in said if value is not None), None)
        leaks = own.leak and (known.leak or own.leak_shift is not None)
        return LayerSettings(**values | {"leak_shift": values["leak_shift"] if leaks else None})


class TracesConfig(Section):
    """``learning.traces``: of the rules that learn step by step; what is left out the rule chooses."""

    pre: Annotated[float, Field(ge=0, le=1)] | Literal["leak"] | None = None
    post: Annotated[float, Field(ge=0, le=1)] | None = None
    alpha_pre: Annotated[float, Field(allow_inf_nan=False)] | None = None
    alpha_post: Annotated[float, Field(allow_inf_nan=False)] | None = None
    post_of: Literal["surrogate", "spikes"] | None = None
    restart: Annotated[int, Field(ge=1, le=65535)] | None = None


class LearningConfig(Section):
    """``learning``: the rule, and its knobs kept apart: truncation window, loss window, update interval, selection."""

    rule: str = "truncated-local"
    window: Annotated[int, Field(ge=1, le=65535)] = 4
    loss_steps: Annotated[int, Field(ge=1, le=65535)] | None = None
    loss_at: Literal["window", "step"] | None = None
    update_interval: Annotated[int, Field(ge=1, le=65536)] = 1
    update: Literal["sample", "window"] = "sample"
    accumulate: Literal[ACCUMULATES] = "cumulative"
    loss: Literal["cross_entropy", "logistic", "hard_sigmoid", "squared", "squared_margin"] = "cross_entropy"
    select: Literal["all", "last", "random", "top"] = "all"
    selected_steps: Annotated[int, Field(ge=1, le=65535)] | None = None
    error_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    segment: Annotated[int, Field(ge=1, le=65535)] | None = None
    skip: Annotated[float, Field(ge=0, lt=1)] = 0.0
    feedback: Literal["readout", "random", "square", "sign", "labels", "dfa", "global-dfa"] = "readout"
    traces: TracesConfig = TracesConfig()


class AugmentConfig(Section):
    """``training.augment``: by how much training samples differ each time; one key for each of data/augment.py."""

    flip: bool = False
    rotate: Annotated[float, Field(ge=0, le=180)] = 0.0
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.0
    shear: Annotated[float, Field(ge=0, le=1)] = 0.0
    shift: Annotated[int, Field(ge=0, le=65535)] = 0
    cutout: Annotated[int, Field(ge=0, le=65535)] = 0
    time_shift: Annotated[int, Field(ge=0, le=65535)] = 0
    time_jitter: Annotated[int, Field(ge=0, le=65535)] = 0
    drop_polarity: Annotated[float, Field(ge=0, le=1)] = 0.0


class RegridConfig(Section):
    """An entry of ``training.regrid``: after so many epochs, weights of so many bits on grids that suit them then."""

    after: Annotated[int, Field(ge=1)]
    weight_bits: WeightBits


class TrainingConfig(Section):
    """``training``: the optimiser and how long it runs."""

    epochs: Annotated[int, Field(ge=1, le=100000)] = 30
    batch: Annotated[int, Field(ge=1, le=65536)] = 32
    optimiser: Literal["adamw", "sgd", "bso", "t-bso"] = "adamw"
    rate: Positive = 2e-3
    schedule: Literal["cosine", "constant", "cosine-restarts"] = "cosine"
    period: Annotated[int, Field(ge=1, le=100000)] | None = None
    flip_threshold: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    event_drop: Annotated[float, Field(ge=0, lt=1)] = 0.0
    warm_epochs: Annotated[int, Field(ge=0, le=100000)] = 0
    distill: Path | None = None
    distill_weight: Positive | None = None
    neuron_drop: Annotated[float, Field(ge=0, lt=1)] = 0.0
    augment: AugmentConfig = AugmentConfig()
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    regrid: tuple[RegridConfig, ...] = ()
    parts: Annotated[int, Field(ge=1, le=65536)] = 1
    parallel: Literal["data", "blocks"] = "data"


class OnChipConfig(Section):
    """``on_chip``: what the update engine does with the network after training (docs/arithmetic.md)."""

    shadow_bits: Annotated[int, Field(ge=0, le=16)] = 8
    rate_shift: Annotated[int, Field(ge=0, le=31)] | None = None
    readout_rate_shift: Annotated[int, Field(ge=0, le=31)] | None = None
    feedback_shift: Annotated[int, Field(ge=0, le=31)] = 8
    error_function: Literal[ERROR_FUNCTIONS] = "logistic"
    logit_shift: Annotated[int, Field(ge=-8, le=24)] | None = None
    dead_zone: Annotated[int, Field(ge=0, le=127)] = 24


class BlockHardware(Section):
    """An entry of ``hardware.blocks``: what this block has otherwise than the rest."""

    lanes: Lanes | None = None
    memory: Memory | None = None
    learning: bool | None = None
    rounding: Rounding | None = None


class HardwareConfig(Section):
    """``hardware``: directives, for all blocks, and for one block each under ``blocks``."""

    lanes: Lanes = 8
    memory: Memory = "auto"
    learning: bool = True
    rounding: Rounding = "stochastic"
    max_steps: Annotated[int, Field(ge=1, le=65535)] | None = None
    blocks: tuple[BlockHardware, ...] = ()

    def of_block(self, index: int) -> "BlockHardware":
        """The directives of a block, none of them left open."""
        own = self.blocks[index].model_dump(exclude_none=True) if index < len(self.blocks) else {}
        return BlockHardware(**{"lanes": self.lanes, "memory": self.memory, "learning": self.learning,
                                "rounding": self.rounding} | own)


class Config(Section):
    """A whole run."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=100)] = "digits"
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    learning: LearningConfig = LearningConfig()
    training: TrainingConfig = TrainingConfig()
    on_chip: OnChipConfig = OnChipConfig()
    hardware: HardwareConfig = HardwareConfig()
