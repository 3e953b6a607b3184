"""A configuration from a YAML file and ``--set key=value``, or one line that says what is wrong with it."""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.regular import regular

from .faults import validated
from .models import Config
from .own import own_name, run_name
from .plain_yaml import YamlFault, load
from .settings import apply

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
    """Validate a table of values; raises as :func:`read_config`."""
    return validated(Config, values)


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
