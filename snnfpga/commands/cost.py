"""``snnfpga cost``: operations and memory of a learning rule, counted in real batches."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console import print_json, print_table, progress, say

if TYPE_CHECKING:
    from ..config.models import Config
    from ..costs.measure import Cell
    from ..data.dataset import DataSet


def command(
    config: Annotated[Path | None, typer.Argument(help="YAML file; none takes the default, digits.",
                                                  show_default=False)] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value, for example "
                        "learning.rule=bptt; may be given again.")] = None,
    sweep: Annotated[list[str] | None, typer.Option(help="window=1,2,4,T or block=1,2,all (layers in a block); may be "
                     "given for both.")] = None,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the surfaces as an HTML page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Count what a rule's forward and backward pass take, on a batch of the training data.

    Beside the words moved and the bytes kept stands what the rule's own formulas say of them, where it carries some.

    Examples:

      snnfpga cost

      snnfpga cost --sweep window=1,2,4,8,T --sweep block=1,2,all --plot cost.html

      snnfpga cost --set learning.rule=ottt --json
    """
    from rtl_gen.contract.atomic import write_atomically

    from ..config.file import read_config, with_options
    from ..costs.plot import page
    from ..data.own_defaults import complete
    from ..report.page import is_report
    from ..runs.out_file import check_out

    whole, data = complete(read_config(config, with_options(settings, data_root)))
    if plot is not None:
        check_out(plot, is_report, "a page that snnfpga wrote", "name another file")
    cells = run(whole, sweep or [], data)
    if plot is not None:
        write_atomically(plot, page(whole, cells).encode())
    if as_json:
        print_json({"rule": whole.learning.rule, "batch": cells[0].batch, "cells": [asdict(c) for c in cells]})
        return
    print_table(f"{whole.learning.rule}, a batch of {cells[0].batch}", (
        "K", "block", "multiplies, backward", "accumulates, backward", "dense, backward", "accumulates, forward",
        "dense, forward", "words moved", "words by formula", "activations, bytes", "bytes by formula"), [
        (cell.window, cell.block, *("none" if value is None else f"{value:,}" for value in (
            cell.cost.backward.multiplies, cell.cost.backward.accumulates, cell.cost.backward.dense,
            cell.cost.forward.accumulates, cell.cost.forward.dense, cell.cost.words,
            None if cell.formula.cost is None else cell.formula.cost.words, cell.peak_activation_bytes,
            cell.formula.peak_activation_bytes)))
        for cell in cells])
    for reason in dict.fromkeys(reason for cell in cells for reason in cell.formula.absent):
        say(f"No value by formula: {reason}")


def run(config: "Config", asked: list[str], data: "DataSet | None" = None) -> list["Cell"]:
    """Measure each cell of the sweeps asked for, on a batch of the training split.

    ``data`` is what the configuration names, where it is loaded already.
    """
    from ..costs.measure import measure
    from ..data.fit import some
    from ..data.source import load_data
    from ..network.sweep import over, parse, size
    from ..training.trainer import drawn_batch, prepare

    prepare("cpu", config.training.threads)
    data = data or load_data(config.data)
    batch = drawn_batch(some(data, "train"), config)
    cells, found = parse(asked, config, len(batch.events)), []
    with progress("counting", size(cells)) as advance:
        for one in over(config, cells):
            found.append(measure(one, data, batch))
            advance()
    return found
