"""``--set key=value``: one value of a table of values changed, by a key with dots between its levels."""

from typing import Any

from pydantic.fields import FieldInfo

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shortened, shown

from .models import Config
from .plain_yaml import YamlFault, load
from .section import section_in

MOST_ENTRIES = 4096     # of a list that --set makes longer; no network has so many layers


def apply(values: dict[str, Any], setting: str) -> None:
    """Change ``values``; a list that they leave out begins as the default, a table as empty.

    Raises
    ------
    SnnfpgaError
        If it is no ``key=value``, the value is no YAML, or the key leads to no place.
    """
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise SnnfpgaError(f"--set takes key=value, not {shown(setting)}; for example --set learning.window=8", USAGE)
    try:
        value = load(text)
    except YamlFault as fault:
        raise SnnfpgaError(f"--set {shortened(key)} takes a value in YAML, not {shown(text)} ({fault})",
                           USAGE) from None
    put(values, key, value)


def put(values: dict[str, Any], key: str, value: Any) -> None:
    """Change the value of ``key`` in ``values``; raises as :func:`apply`."""
    *path, last = key.split(".")
    place: Any = values
    for level, step in enumerate(path):
        at = _place(place, step, key, path[:level])
        if isinstance(place, dict) and place.get(at) is None:
            place[at] = _begun(path[:level + 1])
        place = place[at]
    place[_place(place, last, key, path)] = value


def _place(values: Any, step: str, key: str, path: list[str]) -> str | int:
    """Where ``step`` lies in ``values``, which lie at ``path``; an entry beyond a list of sections is made."""
    if isinstance(values, dict):
        return step
    if not isinstance(values, list):
        raise SnnfpgaError(f"--set {shortened(key)} names a part of what is one value, {shown(values)}", USAGE)
    field, at = _field(path), int(step) if step.isascii() and step.isdigit() and len(step) < 9 else MOST_ENTRIES
    grows = field is not None and section_in(field.annotation) is not None
    known = MOST_ENTRIES if grows else len(values)
    if at >= known:
        whole = shortened(".".join(path))
        rule = f"must be a position in 0..{known - 1} of the list" if known else (
            f"is no position in {whole}, which is empty; give the list whole, as in --set '{whole}=[1, 2]'")
        raise SnnfpgaError(f"--set {shortened(key)}: {shown(step)} {rule}", USAGE)
    values += [{} for _ in range(at + 1 - len(values))]
    return at


def _begun(path: list[str]) -> Any:
    """What is changed in part where the file does not say it: the default of a list, else an empty table."""
    field = _field(path)
    return _listed(field.default) if field is not None and isinstance(field.default, tuple) else {}


def _listed(value: Any) -> Any:
    return [_listed(entry) for entry in value] if isinstance(value, tuple) else value


def _field(path: list[str]) -> FieldInfo | None:
    """What the configuration knows of the key at ``path``, where it is one; a position in a list is none."""
    model, field = Config, None
    for part in path:
        field = None if model is None else model.model_fields.get(part)
        if field is not None:
            model = section_in(field.annotation)
        elif not part.isdigit():
            return None
    return field
