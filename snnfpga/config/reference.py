"""The reference of the configuration's keys, ``docs/keys.md``, made from the models.

``python -m snnfpga.config.reference > docs/keys.md`` writes the page; a test holds it to the models.
"""

import inspect
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from .models import Config
from .section import Section

HEAD = """# The keys of a configuration

A configuration is a YAML file of these keys, or a part of them: a key that is left out has its default, and an unknown
one is refused with the nearest that there is. `--set learning.window=8` changes one key, with its value in YAML; an
entry of a list goes by its position, `--set hardware.blocks.0.lanes=32`. What a person does with them is in
[training.md](training.md).

This page is made from `snnfpga/config/` by `make keys`.
"""
NAMES = {int: "integer", float: "number", str: "text", bool: "`true` or `false`", Path: "path", types.NoneType: "null"}
COLUMNS = 100


def page() -> str:
    """The whole page, in Markdown."""
    tables = [_table("", Config)]
    for path, model in sections(Config):
        level = "#" * (2 + path.removesuffix(".N").count("."))
        tables.append(f"{level} `{path}`\n\n{_wrapped(inspect.getdoc(model) or '')}\n\n{_table(path, model)}")
    head = "\n\n".join(line if line.startswith("#") else _wrapped(line) for line in HEAD.strip().split("\n\n"))
    return "\n\n".join([head, *tables]) + "\n"


def sections(model: type[Section], path: str = "") -> Iterator[tuple[str, type[Section]]]:
    """Each section below a model, with the path of its key; the entries of a list have ``N`` for their position."""
    for name, field in model.model_fields.items():
        found = _section(field.annotation)
        if found is not None:
            own = f"{path}.{name}" if path else name
            if get_origin(field.annotation) is tuple:
                own += ".N"
            yield own, found
            yield from sections(found, own)


def _section(annotation: Any) -> type[Section] | None:
    """The section in an annotation such as ``tuple[BlockHardware, ...]``, or None."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section(part))), None)


def _table(path: str, model: type[Section]) -> str:
    rows = ["| key | value | default | what it says |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        if _section(field.annotation) is not None and get_origin(field.annotation) is not tuple:
            continue        # has a table of its own
        key = f"{path}.{name}" if path else name
        rows.append(f"| `{key}` | {_value(field.annotation, field.metadata)} | {_default(field)} | "
                    f"{field.description} |")
    return "\n".join(rows)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = [list(entry) if isinstance(entry, tuple) else entry for entry in field.default] if isinstance(
        field.default, tuple) else field.default
    return f"`{yaml.safe_dump(value, default_flow_style=True).removesuffix('...' + chr(10)).strip()}`"


def _value(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """What may stand for a value, in words: its type with its range, or its choices."""
    said = next((entry for entry in metadata if isinstance(entry, str)), None)
    if said is not None:
        return said
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        annotation, *more = parts
        return _value(annotation, [part for entry in more for part in getattr(entry, "metadata", [entry])])
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(_value(part) for part in parts)
    if origin is tuple:
        return f"list of: {_value(parts[0])}"
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return "table of keys, below"
    return NAMES[annotation] + _range(metadata)


def _range(metadata: Sequence[Any]) -> str:
    least = next((bound.ge for bound in metadata if isinstance(bound, Ge)), None)
    most = next((bound.le for bound in metadata if isinstance(bound, Le)), None)
    if least is not None and most is not None:
        return f", {least} .. {most}"
    above = next((bound.gt for bound in metadata if isinstance(bound, Gt)), None)
    below = next((bound.lt for bound in metadata if isinstance(bound, Lt)), None)
    limits = {"at least": least, "above": above, "at most": most, "below": below}
    words = " and ".join(f"{words} {limit}" for words, limit in limits.items() if limit is not None)
    return f", {words}" if words else ""


def _wrapped(text: str) -> str:
    """Paragraphs of a text within the columns of a page; what stands in backquotes or in a link stays together."""
    return "\n\n".join(_filled(paragraph.split()) for paragraph in text.split("\n\n"))


def _filled(words: Sequence[str]) -> str:
    lines, line = [], ""
    for word in words:
        if line and len(line) + 1 + len(word) > COLUMNS:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


if __name__ == "__main__":
    print(page(), end="")
