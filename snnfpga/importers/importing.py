"""A file of NIR as a network: read, understood by a convention, mapped and specified."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..config.models import Config
from ..config.own import run_name
from ..data.dataset import DataSet
from ..data.source import load_data
from .chain import chain_of
from .conventions.base import Said
from .conventions.registry import convention_of
from .doubts import doubts
from .graph import Graph
from .imported import Imported, config_of, imported
from .modules import chain_of_modules
from .nir_file import read_graph
from .stages import Chain


@dataclass(frozen=True, eq=False)
class Source:
    """An imported network, where it came from, and the data that it was fitted to, if any.

    Attributes
    ----------
    facts
        File, version, convention and what was said of it, as the network's notes have them.
    graph
        What was read; None where no file was.
    """

    made: Imported
    facts: dict[str, Any]
    data: DataSet | None
    graph: Graph | None = None

    def notes(self) -> dict[str, str]:
        """The notes of the network's file."""
        return self.made.notes(self.facts, self.data)


def import_nir(path: str | os.PathLike[str], source: str, said: Said = Said(), *, reading: str | None = None,
               data: str | None = None, settings: Sequence[str] = ()) -> Source:
    """The network in a file of NIR.

    Parameters
    ----------
    source
        The convention by which the file is read, one of :data:`.conventions.registry.CONVENTIONS`.
    said
        What the convention leaves open, or is to be otherwise.
    reading
        Of a leaky integrator at the end: ``sum``, ``last`` or ``maximum``.
    data
        A data set's name or the path of an .npz: the samples that membranes are made wide enough for, and that the
        network is evaluated on.
    settings
        Each ``key=value``, as ``--set`` takes it.

    Raises
    ------
    SnnfpgaError
        If the file, the data or a setting cannot be used, or there is no such network.
    """
    convention = convention_of(source)
    config = config_of(run_name(str(path)), settings, data)
    graph, version = read_graph(path)
    told = {name: value for name, value in vars(said).items() if value is not None}
    found = _fitted(chain_of(graph, convention, said), config, reading, data is not None, {
        "file": Path(path).name, "version": version, "from": source, "about": convention.about, **told})
    warnings = (*doubts(graph, source, said), *found.made.warnings)
    return replace(found, made=replace(found.made, warnings=warnings), graph=graph)


def import_modules(modules: Any, input_shape: Sequence[int], name: str, *, data: str | None = None,
                   settings: Sequence[str] = ()) -> Source:
    """The network of modules in order, called ``name``; else as :func:`import_nir`.

    Parameters
    ----------
    modules, input_shape
        As :func:`.modules.chain_of_modules`.
    """
    config = config_of(name, settings, data)
    return _fitted(chain_of_modules(modules, input_shape), config, None, data is not None, {
        "file": name, "from": "modules", "about": "modules of PyTorch, read as they are"})


def _fitted(chain: Chain, config: Config, reading: str | None, has_data: bool, facts: dict[str, Any]) -> Source:
    samples = load_data(config.data) if has_data else None
    return Source(imported(chain, config, reading, samples), facts, samples)
