"""Networks of other frameworks: from files of NIR or modules of PyTorch, and to files of NIR."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator

from rtl_gen.contract.errors import FAILED, SnnfpgaError

from ..console import percent, quoted, say
from ..importers.conventions.base import Said, check_said
from ..runs.out_file import check_out
from .arguments import Number, OnLine, OnProgress, Place, Wanted, Whole, checked, listed
from .configure import settings_of
from .network import Network, Target, located
from .scope import verb
from .shown import Shown, Table

if TYPE_CHECKING:
    from ..importers.facts import LayerFacts
    from ..importers.importing import Source
    from ..importers.recorded import Check, Recorded
    from ..importers.verdict import Verdict

NONE = "-"
NODE_HEADER = ("node", "is", "neurons", "said", "keeps", "keeps here", "gain", "reset", "fires", "bits", "threshold",
               "reset by", "membrane", "worst weight")


Shape = Annotated[list[Whole], BeforeValidator(listed), Wanted("(inputs,) or (channels, rows, columns)")]
Named = Annotated[Place, Wanted(
    "a data set's name or the path of an .npz", "samples in memory become one by snnfpga.Data.of(...).write(path)")]
Settings = Annotated[Mapping[str, Any] | Sequence[str], Wanted("a table of values by their keys, as "
                                                               "{'network.weight_bits': 6}, or a list of 'key=value'")]


@dataclass(frozen=True, repr=False)
class Imported(Shown):
    """A network of another framework as one of ours.

    Attributes
    ----------
    network
        With notes of where it came from and what was understood.
    source
        File or name, version and convention.
    layers
        What was understood of each layer and became of it, then of the readout.
    warnings
        What is not as it was, a line each.
    check
        How far it is from spikes that the source recorded; None where none were given.
    verdict
        Whether that is near, and which convention is nearer; None likewise.
    """

    network: Network
    source: Mapping[str, Any]
    layers: "tuple[LayerFacts, ...]"
    warnings: tuple[str, ...]
    check: "Check | None" = None
    verdict: "Verdict | None" = None

    def refuse_misfit(self) -> None:
        """Raise where counts of spikes are far from those that were recorded."""
        if self.verdict is not None and not self.verdict.fits:
            raise SnnfpgaError(f"{self.verdict.line}; nothing is written", FAILED)

    def to_dict(self) -> dict[str, Any]:
        """What ``--json`` prints (docs/commands.md)."""
        spec = self.network.spec
        return {"network": None if self.network.path is None else str(self.network.path), "source": dict(self.source),
                "inputs": spec.inputs, "classes": spec.classes, "max_steps": spec.max_steps,
                "layers": [asdict(facts) for facts in self.layers], "warnings": list(self.warnings),
                "check": None if self.check is None or self.verdict is None else asdict(self.check) | {
                    "fits": self.verdict.fits, "tried": [asdict(one) for one in self.verdict.tried]}}

    def tables(self) -> list[Table]:
        """What was understood, layer by layer, and what came of it."""
        spec, beside = self.network.spec, self.check
        rows: list[tuple[object, object]] = [
            ("convention", self.source["about"]),
            ("inputs, classes, steps at most", f"{spec.inputs}, {spec.classes}, {spec.max_steps}"),
            *([] if self.network.path is None else [("network", self.network.path)])]
        if beside is not None:
            rows += [(f"spikes of node {layer.node} that differ", f"{layer.differing}; counts of neurons by " + (
                f"{percent(layer.count_error)} of {layer.spikes} spikes" if layer.spikes else
                f"{layer.counts_off}, of none recorded")) for layer in beside.layers]
            rows.append(("counts of all neurons off by", percent(beside.off)))
            rows.append(("samples of the same class as in the source",
                         f"{beside.same_predictions} of {beside.samples}"))
            if beside.accuracy is not None and beside.source_accuracy is not None:
                rows.append(("accuracy here, in the source", f"{percent(beside.accuracy, beside.samples)}, "
                             f"{percent(beside.source_accuracy, beside.samples)}"))
        return [Table(f"Understood of {self.source['file']}", NODE_HEADER, [_row(facts) for facts in self.layers]),
                Table("Imported", ("what", "value"), rows)]


@dataclass(frozen=True, repr=False)
class Exported(Shown):
    """A network as a file of NIR.

    Attributes
    ----------
    path
        The file.
    nodes
        How many it has.
    approximate
        In what it is not what the network computes, a line each; none where it is exact.
    input_max
        Up to what inputs count, which no file says: to be told when it is read back.
    read_back
        Whether ``snnfpga import`` reads it; a network with residual connections it does not.
    """

    path: Path
    nodes: int
    approximate: tuple[str, ...]
    input_max: int = 1
    read_back: bool = True

    def to_dict(self) -> dict[str, Any]:
        """What ``--json`` prints (docs/commands.md)."""
        return {"nir": str(self.path), "nodes": self.nodes, "exact": not self.approximate,
                "approximate": list(self.approximate), "read_back": self.read_back}

    @property
    def command(self) -> str:
        """What reads it back to the same integers."""
        told = f" --set data.input_max={self.input_max}" if self.input_max > 1 else ""
        return f"snnfpga import {quoted(self.path)} --from snnfpga{told}"

    def tables(self) -> list[Table]:
        """What was written."""
        return [Table("Exported", ("what", "value"), [
            ("nodes", self.nodes), ("the same spikes elsewhere", "approximately" if self.approximate else "yes"),
            ("read it back with", self.command if self.read_back else
             "nothing here: residual connections are not read"), ("file", self.path)])]


@checked
def import_nir(path: Place, source: str, *, dt: Number | None = None, reset: str | None = None,
               compare: str | None = None, gain: Number | None = None, reading: str | None = None,
               data: Named | None = None, check: Place | None = None, settings: Settings = (),
               on_progress: OnProgress = None, on_line: OnLine = None) -> Imported:
    """The network in a file of NIR, as ``snnfpga import`` has it; :meth:`snnfpga.Network.save` writes it.

    Parameters
    ----------
    source
        Who wrote the file: ``snntorch``, ``norse``, ``spikingjelly``, ``sinabs``, ``nir`` or ``snnfpga``.
    dt, reset, compare, gain, reading
        What the source leaves open, or is to be otherwise (docs/nir.md).
    data
        A data set's name or the path of an ``.npz``; weights and the width of membranes are fitted to its training
        samples.
    check
        Spikes that the source recorded; counts may be off by at most 5 % of them, and by a quarter in a layer.
    settings
        A table of values by their keys, or each ``key=value`` as ``--set`` takes it.

    Raises
    ------
    SnnfpgaError
        What the command line says in one line.
    """
    with verb(on_progress, on_line):
        found = run_import(path, source, Said(dt=dt, reset=reset, compare=compare, gain=gain), reading, _name(data),
                           check, _said(settings))
        found.refuse_misfit()
        return found


def run_import(path: str | os.PathLike[str], source: str, said: Said, reading: str | None, data: str | None,
               check: str | os.PathLike[str] | None, settings: Sequence[str]) -> Imported:
    from ..importers.importing import import_nir as read
    from ..importers.recorded import read_recorded
    from ..importers.verdict import verdict

    check_said(said, reading)
    recorded = None if check is None else read_recorded(check)
    found = read(path, source, said, reading=reading, data=data, settings=settings)
    whole = _imported(found)
    if recorded is None:
        return whole
    beside = _beside(found, recorded)
    judged = verdict(beside, found.graph, recorded, source, said)
    if judged.fits and judged.line:
        say(f"Warning: {judged.line}")
    return replace(whole, check=beside, verdict=judged)


@checked
def from_torch(modules: Any, input_shape: Shape, *, name: str = "imported", data: Named | None = None,
               check: Place | None = None, settings: Settings = (), on_progress: OnProgress = None,
               on_line: OnLine = None) -> Imported:
    """The network of a module of snnTorch or SpikingJelly, without a file between.

    Parameters
    ----------
    modules
        A ``torch.nn.Sequential``, or modules in the order in which events go through them:
        ``[net.fc1, net.lif1, net.fc2, net.lif2]``.
    input_shape
        (inputs,) or (channels, rows, columns) of one sample's step.
    name
        Of the network.
    data, check, settings
        As :func:`import_nir`.

    Raises
    ------
    SnnfpgaError
        If a module is none that is known, or computes what there is not here, or counts of spikes are off by more than
        5 % of those that were recorded, or by more than a quarter in a layer.
    """
    with verb(on_progress, on_line):
        from ..importers.importing import import_modules
        from ..importers.recorded import read_recorded
        from ..importers.verdict import judged

        recorded = None if check is None else read_recorded(check)
        source = import_modules(modules, input_shape, name, data=_name(data), settings=_said(settings))
        found = _imported(source)
        if recorded is None:
            return found
        beside = _beside(source, recorded)
        said = judged(beside)
        found = replace(found, check=beside, verdict=said)
        found.refuse_misfit()
        if said.line:
            say(f"Warning: {said.line}")
        return found


@checked
def export_nir(network: Target, path: Place, *, on_line: OnLine = None) -> Exported:
    """Write a network as a file of NIR, as ``snnfpga export`` does; a file that is there is replaced.

    Raises
    ------
    SnnfpgaError
        If NIR has no node for a part of it, or the file cannot be written.
    """
    with verb(None, on_line):
        check_out(Path(path), lambda old: True, "", "")
        return run_export(network, path)


def run_export(network: Target, path: str | os.PathLike[str]) -> Exported:
    """As :func:`export_nir`, and what is to be said goes to the terminal."""
    from rtl_gen.contract.network_file import read, read_notes

    from ..importers.nir_file import write_graph
    from ..importers.to_nir import logit_fraction, to_nir

    with located(network) as file:
        whole = read(file)
        found = to_nir(whole, logit_fraction(whole, read_notes(file)))
        write_graph(Path(path), found.graph)
        for line in found.approximate:
            say(f"Warning: the file is approximate: {line}")
    return Exported(Path(path), len(found.graph.nodes), found.approximate, whole.spec.input_max,
                    found.read_back)


def _name(data: str | os.PathLike[str] | None) -> str | None:
    return None if data is None else os.fspath(data)


def _said(settings: Mapping[str, Any] | Sequence[str]) -> Sequence[str]:
    """Settings as ``--set`` says them."""
    return settings_of(settings) if isinstance(settings, Mapping) else settings


def _imported(found: "Source") -> Imported:
    made = found.made
    for line in made.warnings:
        say(f"Warning: {line}")
    return Imported(Network(made.network, found.notes() | _activity(found)), found.facts, made.facts, made.warnings)


def _beside(found: "Source", recorded: "Recorded") -> "Check":
    """The network beside what was recorded; a line says which layers were not compared."""
    from ..importers.recorded import compared

    check = compared(found.made.network, found.made.sources, recorded)
    if check.left:
        say(f"Warning: not compared with {recorded.path}: {'; '.join(check.left)}")
    return check


def _activity(found: "Source") -> dict[str, str]:
    """The note of what the data asks of each block, where there is data and hardware."""
    from ..diagnosis.hardware import note_of
    from ..runs.find import ACTIVITY

    note = None if found.data is None else note_of(found.made.trained, found.data.train, found.made.config.seed)
    return {} if note is None else {ACTIVITY: note}


def _row(facts: "LayerFacts") -> tuple[object, ...]:
    keeps = [NONE if value is None else f"{value:.4g}" for value in (facts.keep, facts.keep_used)]
    if facts.current_keep is not None:
        keeps = [f"{own}, current {current:.4g}" for own, current in zip(
            keeps, (facts.current_keep, facts.current_keep_used), strict=True)]
    low, high = facts.gain or (None, None)
    gain = NONE if low is None else f"{low:.4g}" if abs(low - high) < 1e-5 * high else f"{low:.4g} .. {high:.4g}"
    fires = {"above": "above", "reached": "at or above"}.get(facts.compare or "", NONE)
    integers = [NONE if value is None else value for value in (facts.threshold, facts.reset_amount,
                                                               facts.membrane_bits)]
    return (facts.node, facts.kind, facts.neurons, facts.said or NONE, *keeps, gain, facts.reset or NONE, fires,
            f"{facts.weight_bits}, unit 2^{-facts.fraction_bits}", *integers, f"{100 * facts.weight_error:.2g} %")
