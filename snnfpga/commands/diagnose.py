"""``snnfpga diagnose``: whether a configuration's network is fit to learn, layer by layer."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console import print_json, print_table

if TYPE_CHECKING:
    from ..config import Config
    from ..diagnosis import LayerHealth


def command(
    config: Annotated[Path | None, typer.Argument(help="YAML file, or a run's folder; none takes the default, digits.",
                                                  show_default=False)] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value, for example "
                        "network.gain=0.5; may be given again.")] = None,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Look at a network before it trains, or at a run as it stands: rates, membranes near the threshold, gradients.

    Examples:

      snnfpga diagnose

      snnfpga diagnose my.yaml --set network.gain=0.3

      snnfpga diagnose runs/digits
    """
    from ..config_file import read_config, with_options
    from ..runs import CONFIG

    run_folder = config if config is not None and config.is_dir() else None
    whole = read_config(config / CONFIG if run_folder is not None else config, with_options(settings, data_root))
    found = run(whole, run_folder)
    if as_json:
        print_json({"rule": whole.learning.rule, "layers": [asdict(health) | {"advice": health.advice}
                                                            for health in found]})
        return
    print_table(f"{whole.name}, {'as trained' if run_folder else 'as initialised'}, {whole.learning.rule}", (
        "layer", "firing rate", "near threshold", "gradient / weight", "cosine to bptt", "advice"), [
        (f"block {health.block} layer {health.layer}", f"{health.rate:.4f}", f"{health.near:.3f}",
         f"{health.gradient:.2e}", "" if health.cosine is None else f"{health.cosine:.3f}", health.advice or "well")
        for health in found])


def run(config: "Config", run_folder: Path | None) -> list["LayerHealth"]:
    """Diagnose on the first batch of the training split; a run's weights are those of its checkpoint."""
    import torch

    from ..checkpoint import load_checkpoint
    from ..data.fit import some
    from ..data.source import load_data
    from ..diagnosis import diagnose
    from ..training import Trainer, prepare

    prepare("cpu", config.training.threads)
    data = load_data(config.data)
    split = some(data, "train")
    trainer = Trainer(config, data)
    if run_folder is not None:
        load_checkpoint(run_folder / "checkpoint.safetensors", trainer.network, trainer.optimiser,
                        trainer.data_digest, trainer.config)
    size = min(config.training.batch, len(split))
    events = torch.from_numpy(split.spikes[:size]).transpose(0, 1).contiguous()
    return diagnose(config, trainer.network, events, trainer.labels[:size])
