"""``snnfpga diagnose``: whether a configuration's network is fit to learn, layer by layer."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..console import percent, print_json, print_table, progress, say

if TYPE_CHECKING:
    from ..config.models import Config
    from ..data.dataset import DataSet
    from ..diagnosis.diagnosis import Cell
    from ..diagnosis.fit import Fit


def command(
    config: Annotated[Path | None, typer.Argument(help="YAML file, or a run's folder; none takes the default, digits.",
                                                  show_default=False)] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value, for example "
                        "network.gain=0.5; may be given again.")] = None,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    sweep: Annotated[list[str] | None, typer.Option(metavar="WHAT=VALUES", help="Compare gradients over window=1,2,4,T "
                     "or block=1,2,all; may be given again.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the figures as a page of HTML.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Look at a network before it trains, or at a run as it stands: rates, membranes near the threshold, gradients.

    Of a run it says besides whether it fits its training samples too little or too much, by samples that it never
    learned from, and what to try in order, with the points that each change gained on three sets.

    Examples:

      snnfpga diagnose

      snnfpga diagnose my.yaml --set network.gain=0.3

      snnfpga diagnose runs/digits

      snnfpga diagnose --sweep window=1,4,T --sweep block=1,all --plot gradients.html
    """
    from rtl_gen.contract.atomic import write_atomically

    from ..config.file import read_config, with_options
    from ..data.own_defaults import complete
    from ..diagnosis.page import page
    from ..report.page import is_report
    from ..runs.find import CONFIG
    from ..runs.out_file import check_out

    run_folder = config if config is not None and config.is_dir() else None
    whole, data = complete(read_config(config / CONFIG if run_folder is not None else config,
                                       with_options(settings, data_root)))
    if run_folder is not None and sweep:
        raise SnnfpgaError("--sweep makes networks anew and cannot be of a run as trained; give its configuration "
                           f"{config / CONFIG}", USAGE)
    if plot is not None:
        check_out(plot, is_report, "a page that snnfpga wrote", "name another file")
    cells = run(whole, run_folder, sweep or [], data)
    for line in [] if sweep or cells[0].hardware is None else cells[0].hardware.lines:
        say(line)
    if plot is not None:
        write_atomically(plot, page(whole, cells).encode())
    if as_json:
        shown = _as_json(whole, cells)
        fit = {} if run_folder is None else {"fit": _fit_as_json(whole, cells[0])}
        one = {name: shown["cells"][0][name] for name in ("layers", "hardware")}
        print_json(shown if sweep else {"rule": shown["rule"], **one, **fit})
        return
    if sweep:
        layers = cells[0].layers
        print_table(f"{whole.name}, {whole.learning.rule}: cosine of each layer's gradient to bptt's", (
            "K", "block", *(f"layer {number}" for number in range(len(layers)))), [
            (cell.window, cell.block, *("" if one.cosine is None else f"{one.cosine:.3f}" for one in cell.layers))
            for cell in cells])
        return
    found = cells[0].layers
    print_table(f"{whole.name}, {'as trained' if run_folder else 'as initialised'}, {whole.learning.rule}", (
        "layer", "firing rate", "near threshold", "gradient / weight", "cosine to bptt", "advice"), [
        (f"block {health.block} layer {health.layer}", f"{health.rate:.4f}", f"{health.near:.3f}",
         "" if health.gradient is None else f"{health.gradient:.2e}",
         "" if health.cosine is None else f"{health.cosine:.3f}", health.advice or "well")
        for health in found])
    if cells[0].fit is not None:
        _show_fit(whole, cells[0].fit, cells[0].steps)


def _show_fit(config: "Config", fit: "Fit", steps: int) -> None:
    """Print how a run fits its samples, and what to try."""
    from ..diagnosis.fit import SETS, WORDS

    low, high = fit.interval
    print_table("Fit", ("what", "measured"), [
        ("accuracy on training samples", percent(fit.train, fit.asked)),
        (f"accuracy on {fit.samples} {fit.half} samples", percent(fit.unseen, fit.samples)),
        ("  95 % interval", f"{percent(low, fit.samples)} .. {percent(high, fit.samples)}"),
        ("the network", WORDS[fit.verdict])])
    tried = fit.remedies(config, steps)
    if tried:
        print_table("To try, in this order: points of test accuracy that each gained alone", (
            "change", "key", *SETS), [(remedy.what, remedy.setting, *(f"{gain:+.2f}" for gain in remedy.gains))
                                      for remedy in tried])


def _fit_as_json(config: "Config", cell: "Cell") -> dict[str, Any] | None:
    from ..diagnosis.fit import SETS

    fit = cell.fit
    return None if fit is None else {**asdict(fit), "verdict": fit.verdict, "try": [
        {"change": remedy.what, "key": remedy.setting, "gains": dict(zip(SETS, remedy.gains, strict=True))}
        for remedy in fit.remedies(config, cell.steps)]}


def _as_json(config: "Config", cells: list["Cell"]) -> dict[str, Any]:
    return {"rule": config.learning.rule, "cells": [
        {"window": cell.window, "block": cell.block,
         "layers": [asdict(health) | {"advice": health.advice} for health in cell.layers],
         "hardware": None if cell.hardware is None else cell.hardware.to_dict()} for cell in cells]}


def run(config: "Config", run_folder: Path | None, asked: list[str], data: "DataSet | None" = None) -> list["Cell"]:
    """Diagnose on a batch of the training split; a run's weights are those of its checkpoint.

    ``data`` is what the configuration names, where it is loaded already.
    """
    from ..data.fit import some
    from ..data.source import load_data
    from ..diagnosis.diagnosis import Cell, diagnose
    from ..diagnosis.fit import fit_of
    from ..diagnosis.hardware import hardware_of
    from ..network.sweep import depth, over, parse, size
    from ..training.checkpoint import load_checkpoint
    from ..training.trainer import Trainer, drawn_batch, prepare

    prepare("cpu", config.training.threads)
    data = data or load_data(config.data)
    split = some(data, "train")
    batch = drawn_batch(split, config)
    cells, found = parse(asked, config, len(batch.events)), []
    with progress("diagnosing", size(cells)) as advance:
        for one in over(config, cells):
            trainer = Trainer(one, data)
            if run_folder is not None:
                load_checkpoint(run_folder / "checkpoint.safetensors", trainer.network, trainer.optimiser,
                                trainer.sources, trainer.config)
            layers = diagnose(one, trainer.network, batch)
            fit = None if run_folder is None else fit_of(trainer)
            found.append(Cell(one.learning.window, depth(one), layers, len(batch.events), fit,
                              hardware_of(trainer.network, split, one.seed)))
            advance()
    return found
