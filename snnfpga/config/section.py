"""What the sections of a configuration have in common: how they are checked, and the ranges that several share."""

import os.path
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError


def _expanded(path: str) -> str:
    """A path with the home of who runs the command for ``~``; one that no file can have is refused."""
    if "\0" in path:
        raise PydanticCustomError("path", "a path without a null byte")
    return os.path.expanduser(path)


WeightBits = Annotated[int, Field(ge=1, le=16)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]
Steps = Annotated[int, Field(ge=1, le=65535)]
# ~ is the home of who runs the command, as in a shell, which leaves it as it is within a word.
UserPath = Annotated[Path, AfterValidator(lambda path: Path(_expanded(str(path))))]
NameOrPath = Annotated[str, AfterValidator(lambda path: _expanded(path))]
Seed = Annotated[int, Field(ge=0, lt=1 << 32)]


def _holds_truth(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, list) and any(map(_holds_truth, value)))


def _takes_truth(annotation: Any) -> bool:
    """Whether true and false may stand somewhere in what is annotated so."""
    return annotation is bool or (isinstance(annotation, type) and issubclass(annotation, BaseModel)) or any(
        map(_takes_truth, get_args(annotation)))


def section_in(annotation: Any) -> Any:
    """The section in an annotation such as ``tuple[BlockHardware, ...]``, or None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for argument in get_args(annotation) if (found := section_in(argument))), None)


class Section(BaseModel):
    """A table of the configuration; a key it does not know is refused.

    The docstring of a section and the description of each field are what ``docs/keys.md`` says about them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), coerce_numbers_to_str=True)

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse true and false where pydantic would take them for 1 and 0."""
        if _holds_truth(value) and not _takes_truth(cls.model_fields[str(info.field_name)].annotation):
            raise PydanticCustomError("truth", "a number or text")
        return value
