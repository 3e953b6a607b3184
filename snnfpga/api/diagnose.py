"""Whether a configuration's network, or a run's, is fit to learn, layer by layer."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import InstanceOf

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.models import Config
from ..console import percent, progress, say
from .arguments import Changes, OnLine, OnProgress, Place, Sweep, Wanted, checked
from .configure import CONFIGURATION, SAMPLES
from .configured import configured
from .cost import swept
from .data import Given as GivenData
from .scope import torch_as_it_was, verb
from .shown import Shown, Table
from .trained import Trained

if TYPE_CHECKING:
    from ..data.dataset import DataSet
    from ..diagnosis.diagnosis import Cell
    from ..diagnosis.fit import Fit


@dataclass(frozen=True, repr=False)
class Diagnosed(Shown):
    """What a diagnosis found.

    Attributes
    ----------
    config
        What was diagnosed.
    cells
        A diagnosis for each window and block depth of the sweep; one without a sweep.
    trained
        Whether it is a run as it stands.
    sweep
        Whether gradients were compared over a sweep.
    """

    config: Config
    cells: "list[Cell]"
    trained: bool
    sweep: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as ``snnfpga diagnose --json`` prints them."""
        cells = [{"window": cell.window, "block": cell.block,
                  "layers": [asdict(health) | {"advice": health.advice} for health in cell.layers],
                  "hardware": None if cell.hardware is None else cell.hardware.to_dict()} for cell in self.cells]
        if self.sweep:
            return {"rule": self.config.learning.rule, "cells": cells}
        return {"rule": self.config.learning.rule, **{name: cells[0][name] for name in ("layers", "hardware")},
                **({"fit": self._fit_facts()} if self.trained else {})}

    def tables(self) -> list[Table]:
        """Every layer's health; how a run fits its samples, and what to try; or the gradients of a sweep."""
        config, found = self.config, self.cells[0].layers
        if self.sweep:
            return [Table(f"{config.name}, {config.learning.rule}: cosine of each layer's gradient to bptt's", (
                "K", "block", *(f"layer {number}" for number in range(len(found)))), [
                (cell.window, cell.block,
                 *("" if one.cosine is None else f"{one.cosine:.3f}" for one in cell.layers)) for cell in self.cells])]
        health = Table(f"{config.name}, {'as trained' if self.trained else 'as initialised'}, {config.learning.rule}", (
            "layer", "firing rate", "near threshold", "gradient / weight", "cosine to bptt", "advice"), [
            (f"block {health.block} layer {health.layer}", f"{health.rate:.4f}", f"{health.near:.3f}",
             "" if health.gradient is None else f"{health.gradient:.2e}",
             "" if health.cosine is None else f"{health.cosine:.3f}", health.advice or "well")
            for health in found])
        fit = self.cells[0].fit
        return [health] if fit is None else [health, *self._fit_tables(fit)]

    def _fit_tables(self, fit: "Fit") -> list[Table]:
        from ..diagnosis.fit import SETS, WORDS

        low, high = fit.interval
        tried = fit.remedies(self.config, self.cells[0].steps)
        return [Table("Fit", ("what", "measured"), [
            ("accuracy on training samples", percent(fit.train, fit.asked)),
            (f"accuracy on {fit.samples} {fit.half} samples", percent(fit.unseen, fit.samples)),
            ("  95 % interval", f"{percent(low, fit.samples)} .. {percent(high, fit.samples)}"),
            ("the network", WORDS[fit.verdict])]), *([
                Table("To try, in this order: points of test accuracy that each gained alone", (
                    "change", "key", *SETS), [(remedy.what, remedy.setting, *(f"{gain:+.2f}" for gain in remedy.gains))
                                              for remedy in tried])] if tried else [])]

    def _fit_facts(self) -> dict[str, Any] | None:
        from ..diagnosis.fit import SETS

        fit = self.cells[0].fit
        return None if fit is None else {**asdict(fit), "verdict": fit.verdict, "try": [
            {"change": remedy.what, "key": remedy.setting, "gains": dict(zip(SETS, remedy.gains, strict=True))}
            for remedy in fit.remedies(self.config, self.cells[0].steps)]}


Given = Annotated[InstanceOf[Trained] | InstanceOf[Config] | Mapping[str, Any] | Place, Wanted(
    f"{CONFIGURATION}, a run's folder, or what snnfpga.train gave back", SAMPLES)] | None


@checked
def diagnose(config: Given = None, *, data: GivenData = None, changes: Changes | None = None,
             sweep: Sweep | None = None, on_progress: OnProgress = None, on_line: OnLine = None,
             **sections: Any) -> Diagnosed:
    """Look at a network before it trains, or at a run as it stands, as ``snnfpga diagnose`` does.

    Parameters
    ----------
    config
        A configuration, as :func:`snnfpga.train` takes it, a run's folder, or what :func:`snnfpga.train` gave back.
    data, changes, sections
        As :func:`snnfpga.train` takes them; nothing is written.
    sweep
        Compare gradients over windows and layers in a block: ``{"window": [1, 2, "T"], "block": [1, "all"]}``.
    on_progress, on_line
        As :func:`snnfpga.train`.

    Raises
    ------
    SnnfpgaError
        What the command line says in one line.
    """
    from ..runs.find import CONFIG

    if isinstance(config, Trained):
        config = config.folder
    folder = Path(config) if isinstance(config, str | os.PathLike) and Path(config).is_dir() else None
    with verb(on_progress, on_line), torch_as_it_was(), configured(
            config if folder is None else folder / CONFIG, changes, data, sections) as (whole, found):
        return run(whole, folder, swept(sweep), found)


def run(config: Config, run_folder: Path | None, asked: list[str], data: "DataSet | None" = None) -> Diagnosed:
    """Diagnose on a batch of the training split; a run's weights are those of its checkpoint.

    ``data`` is what the configuration names, where it is loaded already.
    """
    from ..data.fit import some
    from ..data.source import load_data
    from ..diagnosis.diagnosis import Cell, diagnose
    from ..diagnosis.fit import fit_of
    from ..diagnosis.hardware import hardware_of
    from ..network.sweep import MOST_STEPS, depth, over, parse, size
    from ..runs.find import CHECKPOINT
    from ..training.checkpoint import load_checkpoint
    from ..training.trainer import Trainer, drawn_batch, prepare

    _check_sweep(run_folder, asked)
    prepare("cpu", config.training.threads)
    parse(asked, config, MOST_STEPS)        # before the data is read, as far as it goes without
    data = data or load_data(config.data)
    split = some(data, "train")
    batch = drawn_batch(split, config)
    cells, found = parse(asked, config, len(batch.events)), []
    with progress("diagnosing", size(cells)) as advance:
        for one in over(config, cells):
            trainer = Trainer(one, data)
            if run_folder is not None:
                load_checkpoint(run_folder / CHECKPOINT, trainer.network, trainer.optimiser,
                                trainer.sources, trainer.config)
            layers = diagnose(one, trainer.network, batch)
            fit = None if run_folder is None else fit_of(trainer)
            found.append(Cell(one.learning.window, depth(one), layers, len(batch.events), fit,
                              hardware_of(trainer.network, split, one.seed, trained=run_folder is not None)))
            advance()
    for line in [] if asked or found[0].hardware is None else found[0].hardware.lines:
        say(line)
    return Diagnosed(config, found, run_folder is not None, bool(asked))


def _check_sweep(run_folder: Path | None, asked: list[str]) -> None:
    from ..runs.find import CONFIG

    if run_folder is not None and asked:
        raise SnnfpgaError("--sweep makes networks anew and cannot be of a run as trained; give its configuration "
                           f"{run_folder / CONFIG}", USAGE)
