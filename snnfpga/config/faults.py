"""A table of values checked by a pydantic model: what is wrong with it is one line, in words of the configuration."""

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shortened, shown

from .nearest import offer
from .section import section_in

RULES = {                       # where pydantic's own words speak of Python
    "too_short": "a list of at least {min_length} entry",
    "too_long": "a list of at most {max_length} entries",
    "tuple_type": "a list",
    "model_type": "a table of keys",
    "string_pattern_mismatch": "letters, digits, - and _",
    "greater_than": "above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "below {lt}",
    "less_than_equal": "at most {le}",
    "int_parsing": "an integer",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "int_parsing_size": "an integer of fewer digits",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_long": "text of at most {max_length} characters",
    "path_type": "a path",
}
Place = tuple[int | str, ...]       # keys, and positions in lists
Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], values: dict[str, Any]) -> Model:
    """A table of values as ``model`` has them.

    Raises
    ------
    SnnfpgaError
        If a key is unknown, or a value out of range.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults: dict[Place, list[ErrorDetails]] = {}
        for fault in error.errors():
            faults.setdefault(_place(model, fault), []).append(fault)
        first, *others = faults
        # A list whose entries are refused is too short as well.
        others = [other for other in others if other != first[:len(other)]]
        more = f" (and {len(others)} more)" if others else ""
        raise SnnfpgaError(_explain(model, first, faults[first]) + more, USAGE) from None


def _place(model: Any, error: ErrorDetails) -> Place:
    """The key that an error is of, and positions in lists; where it may be of several types, pydantic adds each to it.
    """
    for depth, part in enumerate(error["loc"]):
        if isinstance(part, str):
            if model is None or part not in model.model_fields:
                return error["loc"][:depth + (error["type"] == "extra_forbidden")]
            model = section_in(model.model_fields[part].annotation)
    return error["loc"]


def _explain(whole: Any, place: Place, errors: list[ErrorDetails]) -> str:
    """One line: the key, the rule, the offender; of several types that a key may have each has a rule."""
    if errors[0]["type"] == "extra_forbidden":
        *parent, key = place
        where = "Config key" if not parent else f"Config section {'.'.join(map(str, parent))} has no key"
        found = _sections_with(whole, str(key)) if not parent else []
        there = f"did you mean {' or '.join(found)}?" if found else offer(str(key), _keys(whole, parent))
        return f"{where} {shown(str(key))}{' is unknown' if not parent else ''}; {there}"
    rules = dict.fromkeys(
        RULES.get(error["type"], error["msg"].removeprefix("Input should be ")).format(**error.get("ctx", {}))
        for error in errors)
    return (f"Config {shortened('.'.join(map(str, place)))} must be {' or '.join(rules)}, not "
            f"{shown(errors[0]['input'])}")


def _sections_with(model: Any, key: str) -> list[str]:
    """The keys of sections that end as a key which is none of the top."""
    return [f"{name}.{key}" for name, field in model.model_fields.items()
            if (section := section_in(field.annotation)) is not None and key in section.model_fields]


def _keys(model: Any, path: Iterable[int | str]) -> list[str]:
    """The keys that the section at ``path`` knows."""
    for part in path:
        if isinstance(part, str):
            model = section_in(model.model_fields[part].annotation)
    return list(model.model_fields)
