"""What the sections of a configuration have in common: how they are checked, and the ranges that several share."""

import os.path
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

WeightBits = Annotated[int, Field(ge=1, le=16)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]
Steps = Annotated[int, Field(ge=1, le=65535)]
# ~ is the home of who runs the command, as in a shell, which leaves it as it is within a word.
UserPath = Annotated[Path, AfterValidator(lambda path: Path(os.path.expanduser(path)))]
NameOrPath = Annotated[str, AfterValidator(os.path.expanduser)]
Seed = Annotated[int, Field(ge=0, lt=1 << 32)]


class Section(BaseModel):
    """A table of the configuration; a key it does not know is refused.

    The docstring of a section and the description of each field are what ``docs/keys.md`` says about them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), coerce_numbers_to_str=True)
