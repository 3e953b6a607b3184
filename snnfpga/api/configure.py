"""A configuration as Python says it: a file, a table, keywords, and changes of single keys."""

import json
import os
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any

from pydantic import InstanceOf

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ..config.file import check, read_values
from ..config.models import Config
from ..config.own import own_name, run_name
from ..config.settings import put
from .arguments import Changes, Place, Wanted, checked
from .scope import is_module

CONFIGURATION = "a YAML file, a table of keys or a snnfpga.Config"
SAMPLES = "samples are given as data=(spikes, label)"
Given = Annotated[InstanceOf[Config] | Mapping[str, Any] | Place, Wanted(CONFIGURATION, SAMPLES)] | None


@checked
def configure(config: Given = None, changes: Changes | None = None, **sections: Any) -> Config:
    """A configuration, checked: one line says what is wrong with it.

    Parameters
    ----------
    config
        A YAML file, a table of values, or a configuration; None for the default, whose values are the digits' own.
        As on the command line these count for nothing where ``sections`` or ``changes`` name a file as the data.
    changes
        Single keys with dots between their levels, as ``--set`` has them: ``{"learning.window": 8}``.
    sections
        Keys of the top: ``name`` and ``seed``, and tables that are laid over those of ``config``:
        ``learning={"rule": "bptt"}``.

    Raises
    ------
    SnnfpgaError
        If a file is absent or no YAML, a key is unknown, a value is out of range, or a neuron is given as a module.
    """
    laid = _laid(sections)
    for key, value in (changes or {}).items():
        put(laid, key, deepcopy(value))
    _refuse_modules(laid)
    if config is None and own_name(laid) is not None:
        values = laid
    else:
        values = _over(_values(config), laid)
    own = own_name(values)
    if own is not None:
        values = {"name": run_name(own)} | values
    return check(values)


def _values(config: Given) -> dict[str, Any]:
    if isinstance(config, Config):
        return config.model_dump(exclude_unset=True)
    if isinstance(config, Mapping):
        _refuse_modules(config)
        return _laid(config)
    return read_values(None if config is None else Path(config))


def settings_of(changes: Mapping[str, Any]) -> tuple[str, ...]:
    """Each of ``changes`` as ``--set`` says it; JSON is YAML, in which text stays text."""
    return tuple(f"{key}={json.dumps(plain(value), default=shown)}" for key, value in changes.items())


def _laid(table: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a table, whose sections may be sections of a :class:`Config`; None leaves a key as it is."""
    return {key: plain(value) for key, value in table.items() if value is not None}


def plain(value: Any) -> Any:
    """Tables and lists of plain values, in which sections of a :class:`Config` are tables of what was set."""
    if hasattr(value, "model_dump"):
        return value.model_dump(exclude_unset=True)
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if hasattr(value, "tolist") and hasattr(value, "shape"):        # of NumPy or PyTorch
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def _over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``above`` laid over ``below``, table by table."""
    found = dict(below)
    for key, value in above.items():
        old = found.get(key)
        found[key] = _over(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return found


def _refuse_modules(values: Any, place: str = "") -> None:
    """Refuse a module of PyTorch: the chip and the reference could not compute it."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            _refuse_modules(value, f"{place}.{key}" if place else str(key))
    elif isinstance(values, list | tuple):
        for value in values:
            _refuse_modules(value, place)
    elif is_module(values):
        name = values.__name__ if isinstance(values, type) else type(values).__name__
        raise SnnfpgaError(
            f"Config {place} must be the name of a neuron or value, not the module {name}: the hardware and the "
            "integer reference compute what training computes, and cannot read PyTorch. A neuron of your own needs "
            "four files of its name, in rtl_gen/contract/neurons (fields, checks, bounds), rtl_gen/neurons (hardware), "
            "sim/reference/neurons (integers) and snnfpga/network/neurons (PyTorch); CONTRIBUTING.md says what is in "
            "each", USAGE)


