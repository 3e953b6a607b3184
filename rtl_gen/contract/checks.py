"""Checks of a specification's fields; each failure is one line that names the field, the rule and the offender."""

from typing import Any

from .errors import USAGE, SnnfpgaError, shown


class SpecError(SnnfpgaError, ValueError):
    """A specification that no hardware can be made of; the message names field, rule and offender."""

    exit_code = USAGE


def check_range(thing: str, value: Any, low: int, high: int, because: str = "") -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise SpecError(f"{thing} must be an integer in {low}..{high}{because}, not {shown(value)}")


def check_choice(thing: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SpecError(f"{thing} must be one of {', '.join(choices)}, not {shown(value)}")


def check_flag(thing: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise SpecError(f"{thing} must be true or false, not {shown(value)}")
