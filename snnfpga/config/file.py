"""A configuration from a YAML file and ``--set key=value``, or one line that says what is wrong with it."""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.errors import USAGE, SnnfpgaError

from .models import Config
from .nearest import offer
from .own import own_name, run_name

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
    "float_parsing": "a number",
    "bool_parsing": "true or false",
}
DEFAULT = files("snnfpga") / "digits.yaml"


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key given twice, of which PyYAML would take the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


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
        values = {"name": run_name(own)} | (_changed({}, settings) if text == DEFAULT.read_text() else values)
    return check(values)


def _changed(values: dict[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    for setting in settings:
        _apply(values, setting)
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
        values = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise SnnfpgaError(f"Config {name} is not valid YAML{where}: {getattr(error, 'problem', error)}; "
                           "mend it and run again", USAGE) from None
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
        first, *others = error.errors()
        # A list whose entries are refused is too short as well.
        others = [other for other in others if other["loc"] != first["loc"][:len(other["loc"])]]
        more = f" (and {len(others)} more)" if others else ""
        raise SnnfpgaError(_explain(first) + more, USAGE) from None


def _text(path: Path | None) -> str:
    if path is None:
        return DEFAULT.read_text()
    try:
        return path.read_text()
    except UnicodeDecodeError:
        raise SnnfpgaError(f"Config {path} is not a text file; give a YAML file", USAGE) from None
    except OSError as error:
        raise SnnfpgaError(f"Config {path} cannot be read ({error.strerror}); "
                           "give a YAML file, or none for the default", USAGE) from None


def _apply(values: Any, setting: str) -> None:
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise SnnfpgaError(f"--set takes key=value, not {setting!r}; for example --set learning.window=8", USAGE)
    *path, last = key.split(".")
    try:
        value = yaml.load(text, _Loader)
    except yaml.YAMLError:
        raise SnnfpgaError(f"--set {key} takes a value in YAML, not {text!r}", USAGE) from None
    for step in path:
        values = _enter(values, step, key)
    if isinstance(values, list):
        values[_position(values, last, key)] = value
    elif isinstance(values, dict):
        values[last] = value
    else:
        raise SnnfpgaError(f"--set {key} names a part of what is one value, {values!r}", USAGE)


def _enter(values: Any, step: str, key: str) -> Any:
    if isinstance(values, list):
        return values[_position(values, step, key)]
    if not isinstance(values, dict):
        raise SnnfpgaError(f"--set {key} names a part of what is one value, {values!r}", USAGE)
    if values.get(step) is None:
        values[step] = {}
    return values[step]


def _position(values: list[Any], step: str, key: str) -> int:
    if not (step.isascii() and step.isdigit()) or int(step) >= len(values):
        raise SnnfpgaError(f"--set {key}: {step!r} must be a position in 0..{len(values) - 1} of the list", USAGE)
    return int(step)


def _explain(error: ErrorDetails) -> str:
    """One line: the key, the rule, the offender."""
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        parent = error["loc"][:-1]
        place = "Config key" if not parent else f"Config section {'.'.join(map(str, parent))} has no key"
        return f"{place} {str(error['loc'][-1])!r}{' is unknown' if not parent else ''}; " + offer(
            str(error["loc"][-1]), _keys(parent))
    rule = RULES.get(error["type"], error["msg"].removeprefix("Input should be ")).format(**error.get("ctx", {}))
    return f"Config {key} must be {rule}, not {error['input']!r}"


def _keys(path: tuple[int | str, ...]) -> list[str]:
    """The keys that the section at ``path`` knows."""
    model: Any = Config
    for part in path:
        if isinstance(part, str):
            model = _model(model.model_fields[part].annotation)
    return list(model.model_fields)


def _model(annotation: Any) -> Any:
    """The section in an annotation such as ``tuple[BlockHardware, ...]``, or None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _model(argument))), None)
