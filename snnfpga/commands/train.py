"""``snnfpga train``: a configuration becomes a run, with the network file in it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..console import print_json, print_shown

if TYPE_CHECKING:
    from ..config.models import Config


def command(
    config: Annotated[Path | None, typer.Argument(help="YAML file; none takes the default, digits.",
                                                  show_default=False)] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value, for example "
                        "learning.window=8; may be given again.")] = None,
    start: Annotated[Path | None, typer.Option("--from", help="Begin at this network, that was trained or imported: a "
                                               "run's folder or a network file.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; else runs/NAME.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same as --set seed=N.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped; it ends at the same "
                      "weights as one that was not.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Start anew where a run exists; that stays "
                          "until the new one is trained.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Train a network from a configuration.

    The run's folder holds network.safetensors (what all other verbs take), config.yaml, metrics.jsonl, tensorboard/,
    a checkpoint, and evaluate.json for the report.

    Data of your own, an .npz, has defaults for any data, which a line on standard error says; what you set wins. A
    tenth of its training samples is held out to validate by. The test samples choose nothing.

    Examples:

      snnfpga train

      snnfpga train configs/digits.yaml --set learning.window=8 --out runs/k8

      snnfpga train --set data.name=mine.npz --set training.keep=best

      snnfpga train --resume

      snnfpga train --from imported.safetensors --set data.name=mine.npz --set training.epochs=1

      torchrun --nproc-per-node 2 -m snnfpga train --set training.parts=2
    """
    from ..api.scope import Stopped
    from ..api.train import run
    from ..config.file import with_options
    from ..runs.find import CONFIG

    if resume and config is None and out is not None:
        config = out / CONFIG       # a run knows what it was begun with
        if not config.exists():
            raise SnnfpgaError(f"No run {out} to resume; train without --resume", USAGE)
    try:
        found = run(_config(config, with_options(settings, data_root, seed), start, resume), out, device, resume,
                    overwrite)
    except Stopped as stopped:
        raise SnnfpgaError(str(stopped)) from None
    if os.environ.get("RANK", "0") != "0":      # of the processes of torchrun one speaks
        return
    if as_json:
        print_json(found.to_dict())
    else:
        print_shown(found)


def _config(config: Path | None, settings: list[str], start: Path | None, resume: bool) -> "Config":
    """The configuration asked for, at the network to begin at, if there is one."""
    from ..config.file import read_config

    if start is None:
        return read_config(config, settings)
    from ..runs.find import find_network
    from ..training.start import started

    if resume:
        raise SnnfpgaError("--resume goes on with a run, which knows where it began; leave --from out", USAGE)
    return started(find_network(start), config, settings)
