"""``snnfpga train``: a configuration becomes a run, with the network file in it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..console import print_json, print_shown


def command(
    config: Annotated[Path | None, typer.Argument(help="YAML file; none takes the default, digits.",
                                                  show_default=False)] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value, for example "
                        "learning.window=8; may be given again.")] = None,
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

      torchrun --nproc-per-node 2 -m snnfpga train --set training.parts=2
    """
    from ..api.scope import Stopped
    from ..api.train import run
    from ..config.file import read_config, with_options
    from ..runs.find import CONFIG

    if resume and config is None and out is not None:
        config = out / CONFIG       # a run knows what it was begun with
        if not config.exists():
            raise SnnfpgaError(f"No run {out} to resume; train without --resume", USAGE)
    try:
        found = run(read_config(config, with_options(settings, data_root, seed)), out, device, resume, overwrite)
    except Stopped as stopped:
        raise SnnfpgaError(str(stopped)) from None
    if os.environ.get("RANK", "0") != "0":      # of the processes of torchrun one speaks
        return
    if as_json:
        print_json(found.to_dict())
    else:
        print_shown(found)
