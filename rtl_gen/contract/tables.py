"""Frozen dataclasses as plain tables, for JSON, and back. Standard library only, as :mod:`rtl_gen.contract.spec`."""

from dataclasses import MISSING, fields
from typing import Any, get_args, get_origin, get_type_hints

from .checks import SpecError
from .errors import shown
from .kinds import Part


def to_table(spec: Any) -> dict[str, Any]:
    """Fields of a dataclass by name, but for those that are as their defaults; a part says its kind first.

    So the file of a network that lacks a feature does not change when the feature comes.
    """
    shown = {"kind": spec.kind} if isinstance(spec, Part) else {}
    for field in fields(spec):
        value = getattr(spec, field.name)
        if value != field.default:
            shown[field.name] = _plain(value)
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return to_table(value) if hasattr(value, "__dataclass_fields__") else value


def from_table(cls: Any, values: Any) -> Any:
    """The dataclass ``cls``, or where that is a :class:`~.kinds.Part` one of its kinds, that made the table ``values``.

    Raises
    ------
    SpecError
        If a field is missing, unknown or out of range.
    """
    if not isinstance(values, dict):
        raise SpecError(f"{cls.__name__} must be a table of fields, not {shown(values)}")
    if issubclass(cls, Part):
        if "kind" not in values:
            raise SpecError(f"{cls.__name__} lacks the field 'kind'")
        cls, values = cls.of_kind(values["kind"]), {name: value for name, value in values.items() if name != "kind"}
    names = [field.name for field in fields(cls)]
    for name in values:
        if name not in names:
            raise SpecError(f"{cls.__name__} has no field {shown(name)}")
    hints = get_type_hints(cls)
    built = {}
    for field in fields(cls):
        if field.name in values:
            built[field.name] = _value(cls, field.name, values[field.name], hints[field.name])
        elif field.default is MISSING:
            raise SpecError(f"{cls.__name__} lacks the field {field.name!r}")
    return cls(**built)


def _value(cls: Any, name: str, value: Any, hint: Any) -> Any:
    inner = next((part for part in (hint, *get_args(hint)) if _is_spec(part)), None)
    if value is None:
        if type(None) not in get_args(hint):
            raise SpecError(f"{cls.__name__} field {shown(name)} must not be null")
        return value
    if get_origin(hint) is tuple or any(get_origin(part) is tuple for part in get_args(hint)):
        if not isinstance(value, (list, tuple)):
            raise SpecError(f"{cls.__name__} field {shown(name)} must be a list, not {shown(value)}")
        return tuple(value if inner is None else (from_table(inner, item) for item in value))
    return value if inner is None else from_table(inner, value)


def _is_spec(hint: Any) -> bool:
    return hasattr(hint, "__dataclass_fields__") or (isinstance(hint, type) and issubclass(hint, Part))
