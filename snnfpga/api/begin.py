"""``train(start=...)``: the configuration of a run that begins at a network which was trained or imported."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ..config.models import Config
from ..runs.find import find_network
from .configure import plain, settings_of
from .network import Network, Target, network_of


def begun(start: Target, config: Any, changes: Mapping[str, Any] | None, sections: Mapping[str, Any]) -> Config:
    """What ``snnfpga train CONFIG --from START`` is configured by, changed by ``sections`` and ``changes``.

    Raises
    ------
    SnnfpgaError
        If ``start`` lies in no file, ``config`` is no file, or as :func:`snnfpga.training.start.started`.
    """
    from ..training.start import started

    if config is not None and not isinstance(config, str | os.PathLike):
        raise SnnfpgaError(f"A configuration beside start must be a YAML file, not {shown(config)}; say what is to be "
                           "otherwise by changes, or by tables such as training={...}", USAGE)
    found = network_of(start)
    if isinstance(found, Network) and found.path is None:
        raise SnnfpgaError("A network to start from must lie in a file, so that the run can be gone on with; save it "
                           "with network.save(path)", USAGE)
    if not isinstance(found, Network | str | os.PathLike) or found == "":
        raise SnnfpgaError("A network to start from must be a snnfpga.Network, a run's folder or the path of a network "
                           f"file, not {shown(found)}; snnfpga.load reads one", USAGE)
    path = found.path if isinstance(found, Network) else find_network(Path(found))
    laid = {name: table for name, table in sections.items() if table is not None}
    settings = (*settings_of(dict(_single("", plain(laid)))), *settings_of(changes or {}))
    return started(Path(path or ""), None if config is None else Path(config), settings)


def _single(above: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys of a table with dots between their levels, and their values: tables are laid over those below them."""
    for name, value in table.items():
        key = f"{above}.{name}" if above else name
        if isinstance(value, Mapping):
            yield from _single(key, value)
        else:
            yield key, value
