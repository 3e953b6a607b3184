"""A configuration from a YAML file and ``--set key=value``, or one line that says what is wrong with it."""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.errors import USAGE, SnnfpgaError, shortened, shown
from rtl_gen.contract.regular import regular

from .models import Config
from .nearest import offer
from .own import own_name, run_name
from .plain_yaml import YamlFault, load
from .settings import apply, section_in

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
DEFAULT = files("snnfpga") / "digits.yaml"


def read_config(path: Path | None, settings: Iterable[str] = ()) -> Config:
    """Read ``path`` (None: the default that ships with the package), change it by ``settings``, and check it.

    The values of the default are the digits' own: where ``settings`` name a file as the data, it counts for nothing,
    named or not. A run on a file is called as the file is, where nothing else is said.

    Parameters
    ----------
    settings
        Each ``key=value``: the key with dots between its levels, the value in YAML.

    Raises
    ------
    SnnfpgaError
        If the file is absent or no YAML, a key is unknown, or a value out of range.
    """
    settings, text = list(settings), _text(path)
    values = _changed(parse(text, str(path or "digits.yaml")), settings)
    own = own_name(values)
    if own is not None:
        values = {"name": run_name(own)} | (_changed({}, settings) if text == DEFAULT.read_text("utf-8") else values)
    return check(values)


def read_values(path: Path | None) -> dict[str, Any]:
    """The values that ``path`` holds (None: the default that ships with the package), before they are checked; raises
    as :func:`read_config`.
    """
    return parse(_text(path), str(path or "digits.yaml"))


def plain_config(settings: Iterable[str]) -> Config:
    """The defaults of every key, changed by ``settings`` as :func:`read_config` takes them; nothing is the digits'.

    Raises
    ------
    SnnfpgaError
        If a key is unknown, or a value out of range.
    """
    values = _changed({}, list(settings))
    own = own_name(values)
    return check(({} if own is None else {"name": run_name(own)}) | values)


def _changed(values: dict[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    for setting in settings:
        apply(values, setting)
    return values


def with_options(settings: Iterable[str] | None, data_root: Path | None, seed: int | None = None) -> list[str]:
    """What ``--set`` said, and the options of a verb that stand for a setting of their own."""
    own = {"seed": seed, "data.root": data_root}
    return [*(settings or []), *(f"{key}={value}" for key, value in own.items() if value is not None)]


def write_config(path: Path, config: Config) -> None:
    """Write :func:`config_text`, whole or not at all."""
    write_atomically(path, config_text(config).encode())


def config_text(config: Config) -> str:
    """Every value of ``config`` in YAML, the defaults among them."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)


def parse(text: str, name: str) -> dict[str, Any]:
    """The table that a YAML text holds."""
    try:
        values = load(text)
    except YamlFault as fault:
        where = f" at line {fault.line}" if fault.line else ""
        raise SnnfpgaError(f"Config {name} is not valid YAML{where}: {fault}; mend it and run again", USAGE) from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SnnfpgaError(f"Config {name} must hold a table of keys, not {type(values).__name__}", USAGE)
    return values


def check(values: dict[str, Any]) -> Config:
    """Validate a table of values."""
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        faults: dict[Place, list[ErrorDetails]] = {}
        for fault in error.errors():
            faults.setdefault(_place(fault), []).append(fault)
        first, *others = faults
        # A list whose entries are refused is too short as well.
        others = [other for other in others if other != first[:len(other)]]
        more = f" (and {len(others)} more)" if others else ""
        raise SnnfpgaError(_explain(first, faults[first]) + more, USAGE) from None


def _text(path: Path | None) -> str:
    if path is None:
        return DEFAULT.read_text("utf-8")
    try:
        return regular(path).read_text("utf-8")
    except UnicodeDecodeError:
        raise SnnfpgaError(f"Config {path} is not a text file; give a YAML file", USAGE) from None
    except OSError as error:
        raise SnnfpgaError(f"Config {path} cannot be read ({error.strerror}); "
                           "give a YAML file, or none for the default", USAGE) from None


def _place(error: ErrorDetails) -> Place:
    """The key that an error is of, and positions in lists; where it may be of several types, pydantic adds each to it.
    """
    model: Any = Config
    for depth, part in enumerate(error["loc"]):
        if isinstance(part, str):
            if model is None or part not in model.model_fields:
                return error["loc"][:depth + (error["type"] == "extra_forbidden")]
            model = section_in(model.model_fields[part].annotation)
    return error["loc"]


def _explain(place: Place, errors: list[ErrorDetails]) -> str:
    """One line: the key, the rule, the offender; of several types that a key may have each has a rule."""
    if errors[0]["type"] == "extra_forbidden":
        *parent, key = place
        where = "Config key" if not parent else f"Config section {'.'.join(map(str, parent))} has no key"
        found = _sections_with(str(key)) if not parent else []
        return f"{where} {shown(str(key))}{' is unknown' if not parent else ''}; " + (
            f"did you mean {' or '.join(found)}?" if found else offer(str(key), _keys(parent)))
    rules = dict.fromkeys(
        RULES.get(error["type"], error["msg"].removeprefix("Input should be ")).format(**error.get("ctx", {}))
        for error in errors)
    return (f"Config {shortened('.'.join(map(str, place)))} must be {' or '.join(rules)}, not "
            f"{shown(errors[0]['input'])}")


def _sections_with(key: str) -> list[str]:
    """The keys of sections that end as a key which is none of the top."""
    return [f"{name}.{key}" for name, field in Config.model_fields.items()
            if (section := section_in(field.annotation)) is not None and key in section.model_fields]


def _keys(path: Iterable[int | str]) -> list[str]:
    """The keys that the section at ``path`` knows."""
    model: Any = Config
    for part in path:
        if isinstance(part, str):
            model = section_in(model.model_fields[part].annotation)
    return list(model.model_fields)
