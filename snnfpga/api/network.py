"""A network with its notes: what a network file holds, and what every verb takes."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import SkipValidation

from rtl_gen.contract import network as contract
from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown
from rtl_gen.contract.network_file import read, read_notes, write
from rtl_gen.contract.spec import NetworkSpec

from ..console import percent
from ..ending import verb_scope
from ..runs.find import find_network
from ..runs.out_file import check_out
from .arguments import Place, Wanted, checked
from .shown import Shown, Table


@dataclass(frozen=True, eq=False, repr=False)
class Network(Shown):
    """A network in integers, as the hardware holds it, and its notes.

    Attributes
    ----------
    values
        The specification and the stored weights.
    notes
        What travels with the file: the data it was trained on, its accuracy, its calibration, what its data asks of the
        hardware. Every verb reads them, and takes a network without them where it is told what they would say.
    path
        The file it was read from or written to; None of one that is in memory alone.
    """

    values: contract.Network
    notes: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None

    @property
    def spec(self) -> NetworkSpec:
        """Layers, neurons, grids of weights, and directives to the hardware."""
        return self.values.spec

    @checked
    def save(self, path: Place) -> "Network":
        """Write it with its notes, whole or not at all, and give it with its new ``path``; a file there is replaced.

        Raises
        ------
        SnnfpgaError
            If the file cannot be written; an earlier file stays as it was.
        """
        with verb_scope():
            check_out(Path(path), lambda old: True, "", "")
            write(path, self.values, notes=dict(self.notes))
        return replace(self, path=Path(path))

    def to_dict(self) -> dict[str, Any]:
        """The specification, and the notes as far as they are JSON."""
        return {"path": None if self.path is None else str(self.path), "spec": self.spec.to_dict(),
                "notes": {name: _value(text) for name, text in self.notes.items()}}

    def tables(self) -> list[Table]:
        """Its layers, and what its notes say in a word."""
        said = _value(self.notes.get("test_accuracy", "null"))
        return [Table(f"Network {self.spec.name}", ("what", "value"), [
            ("inputs, classes", f"{self.spec.inputs}, {self.spec.classes}"),
            *((f"block {b} layer {index}", f"{layer.inputs} -> {layer.outputs}, weights of {layer.weights.bits} bits, "
               f"window of {block.window}")
              for b, block in enumerate(self.spec.blocks) for index, layer in enumerate(block.layers)),
            *([("test accuracy", percent(said))] if isinstance(said, float) else []),
            *([] if self.path is None else [("file", self.path)])])]


# :func:`located` says what is wrong with it.
Target = Annotated[Network | str | os.PathLike[str] | None, SkipValidation]


Stored = Annotated[Place, Wanted("a run's folder or the path of a network file")]


@checked
def load(target: Stored) -> Network:
    """The network of a run's folder, or of a network file.

    Raises
    ------
    SnnfpgaError
        If it is not there, or no whole network of this version.
    """
    path = find_network(Path(target))
    return Network(read(path), read_notes(path), path)


def network_of(target: Any) -> Any:
    """The network of what a verb gave back with one; else ``target`` as it is."""
    return getattr(target, "network", target) if isinstance(target, Shown) else target


@contextmanager
def located(target: Any) -> Iterator[Path]:
    """The file of ``target``: a network, what a verb gave back with one, or a path.

    One that is in memory alone has a file for as long as this lasts.

    Raises
    ------
    SnnfpgaError
        If it is none of these, or not there.
    """
    found = network_of(target)
    if isinstance(found, str | os.PathLike) and os.fspath(found):
        yield find_network(Path(found))
    elif not isinstance(found, Network):
        raise SnnfpgaError("A network must be a snnfpga.Network, a run's folder or the path of a network file, not "
                           f"{shown(found)}; snnfpga.load reads one", USAGE)
    elif found.path is not None:
        yield found.path
    else:
        with tempfile.TemporaryDirectory(prefix="snnfpga-") as aside:
            yield found.save(Path(aside) / f"{found.spec.name}.safetensors").path or Path()


def _value(text: str) -> Any:
    """What a note says, where it is JSON; else its text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
