"""What a run is made of, as a pydantic model; the YAML file is checked here.

``docs/keys.md`` is what the models of the sections say about each key (:mod:`snnfpga.config.reference`).
"""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from .data import DataConfig
from .faults import validated
from .hardware import HardwareConfig
from .learning import LearningConfig
from .network import NetworkConfig
from .on_chip import OnChipConfig
from .section import Section, Seed
from .training import TrainingConfig


class _OneLine(type(BaseModel)):
    """A configuration made in Python is checked as a file is: what is wrong with it is one line."""

    def __call__(cls, **values: Any) -> "Config":
        return validated(cls, values)


class Config(Section, metaclass=_OneLine):
    """A whole run: two keys of its own, and a table for each section below.

    ``Config(learning={"window": 8})`` raises as a file with that would: an :class:`SnnfpgaError` of one line.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=100)] = Field(
        "digits", description="The name of the run and of its network, of letters, digits, - and _.")
    seed: Seed = Field(
        0,
        description="It draws initial weights and the samples they are measured by, the order of samples, what is "
                    "dropped and augmentation; on chip, the random words.")
    data: DataConfig = Field(DataConfig(), description="What the network is trained on.")
    network: NetworkConfig = Field(NetworkConfig(), description="Layers and neurons.")
    learning: LearningConfig = Field(LearningConfig(), description="The rule, and its knobs.")
    training: TrainingConfig = Field(TrainingConfig(), description="The optimiser, and how long it runs.")
    on_chip: OnChipConfig = Field(OnChipConfig(), description="How the chip goes on learning.")
    hardware: HardwareConfig = Field(HardwareConfig(), description="Directives to the generator.")
