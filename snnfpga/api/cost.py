"""Operations and memory of a learning rule, counted in real batches."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..config.models import Config
from ..console import progress
from . import configure as configuring
from .arguments import Changes, OnLine, OnProgress, Sweep, checked
from .configured import configured
from .data import Given as GivenData
from .scope import torch_as_it_was, verb
from .shown import Shown, Table

if TYPE_CHECKING:
    from ..costs.measure import Cell
    from ..data.dataset import DataSet


@dataclass(frozen=True, repr=False)
class Counted(Shown):
    """What a rule takes.

    Attributes
    ----------
    config
        What was counted.
    cells
        A measurement for each window and block depth of the sweep; one without a sweep.
    """

    config: Config
    cells: "list[Cell]"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as ``snnfpga cost --json`` prints them."""
        return {"rule": self.config.learning.rule, "batch": self.cells[0].batch,
                "cells": [asdict(cell) for cell in self.cells]}

    def tables(self) -> list[Table]:
        """What was counted, a cell a line."""
        return [Table(f"{self.config.learning.rule}, a batch of {self.cells[0].batch}", (
            "K", "block", "multiplies, backward", "accumulates, backward", "dense, backward", "accumulates, forward",
            "dense, forward", "words moved", "words by formula", "activations, bytes", "bytes by formula"), [
            (cell.window, cell.block, *("none" if value is None else f"{value:,}" for value in (
                cell.cost.backward.multiplies, cell.cost.backward.accumulates, cell.cost.backward.dense,
                cell.cost.forward.accumulates, cell.cost.forward.dense, cell.cost.words,
                None if cell.formula.cost is None else cell.formula.cost.words, cell.peak_activation_bytes,
                cell.formula.peak_activation_bytes)))
            for cell in self.cells])]

    @property
    def absent(self) -> list[str]:
        """Why some value is not had by formula, each reason once."""
        return list(dict.fromkeys(reason for cell in self.cells for reason in cell.formula.absent))


@checked
def cost(config: configuring.Given = None, *, data: GivenData = None,
         changes: Changes | None = None, sweep: Sweep | None = None,
         on_progress: OnProgress = None, on_line: OnLine = None, **sections: Any) -> Counted:
    """Count what a rule's forward and backward pass take on a batch of the training data, as ``snnfpga cost`` does.

    Parameters
    ----------
    config, data, changes, sections
        As :func:`snnfpga.train` takes them; nothing is written.
    sweep
        Windows and layers in a block: ``{"window": [1, 2, "T"], "block": [1, "all"]}``.
    on_progress, on_line
        As :func:`snnfpga.train`.

    Raises
    ------
    SnnfpgaError
        What the command line says in one line.
    """
    with verb(on_progress, on_line), torch_as_it_was(), configured(config, changes, data, sections) as (whole, found):
        return run(whole, swept(sweep), found)


def swept(sweep: Mapping[str, list[int | str]] | None) -> list[str]:
    """A sweep as ``--sweep`` says it."""
    return [f"{name}={','.join(map(str, values))}" for name, values in (sweep or {}).items()]


def run(config: Config, asked: list[str], data: "DataSet | None" = None) -> Counted:
    """Measure each cell of the sweeps asked for, on a batch of the training split.

    ``data`` is what the configuration names, where it is loaded already.
    """
    from ..costs.measure import measure
    from ..data.fit import some
    from ..data.source import load_data
    from ..network.sweep import MOST_STEPS, over, parse, size
    from ..training.trainer import drawn_batch, prepare

    prepare("cpu", config.training.threads)
    parse(asked, config, MOST_STEPS)        # before the data is read, as far as it goes without
    data = data or load_data(config.data)
    batch = drawn_batch(some(data, "train"), config)
    cells, found = parse(asked, config, len(batch.events)), []
    with progress("counting", size(cells)) as advance:
        for one in over(config, cells):
            found.append(measure(one, data, batch))
            advance()
    return Counted(config, found)
