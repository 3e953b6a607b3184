"""``snnfpga train``: a configuration becomes a run, with the network file in it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..console import percent, print_json, print_table, progress, say

if TYPE_CHECKING:
    from ..config.models import Config
    from ..runs.metrics import EpochMetrics
    from ..training.trainer import Trainer


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

    The run's folder holds network.safetensors (what all other verbs take), config.yaml, metrics.jsonl, tensorboard/
    and a checkpoint.

    Examples:

      snnfpga train

      snnfpga train configs/digits.yaml --set learning.window=8 --out runs/k8

      snnfpga train --set data.name=mine.npz --set name=mine

      snnfpga train --resume

      torchrun --nproc-per-node 2 -m snnfpga train --set training.parts=2
    """
    from ..config.file import read_config, with_options
    from ..runs.find import CONFIG

    if resume and config is None and out is not None:
        config = out / CONFIG       # a run knows what it was begun with
    result = run(read_config(config, with_options(settings, data_root, seed)), out, device, resume, overwrite)
    if result is None:
        return
    if as_json:
        print_json(result)
        return
    print_table("Trained", ("what", "measured"), [
        ("test accuracy", percent(result["test_accuracy"])),
        *((f"  readout of block {b}", percent(share)) for b, share in enumerate(result["block_accuracies"])),
        ("time", f"{result['seconds']:.1f} s, {result['epochs']} epochs"),
        ("activations kept for learning", f"{result['peak_activation_bytes']} bytes at the peak"),
        ("network", result["network"])])


def run(config: "Config", out: Path | None, device: str, resume: bool, overwrite: bool) -> dict[str, Any] | None:
    """Train; give what ``--json`` prints (docs/training.md, Reports), or None where another process speaks."""
    from ..data.fit import check_classes, some
    from ..data.source import load_data
    from ..diagnose.hardware import hardware_of, note_of
    from ..network.surrogates import host_surrogate
    from ..runs import folder as run_folder
    from ..runs.find import NETWORK, RUNS
    from ..training.parallel import join
    from ..training.trainer import Trainer, prepare

    if resume and overwrite:
        raise SnnfpgaError("--resume goes on with a run and --overwrite discards it; give one of them", USAGE)
    folder = out or RUNS / config.name
    prepare(device, config.training.threads)
    team = join(config, device)
    if resume:
        run_folder.check_same(folder, config)
    elif team.leads:
        run_folder.check_free(folder, overwrite)
    data = load_data(config.data)
    for half in ("train", "test"):
        some(data, half)
    check_classes(data)
    trainer = Trainer(config, data, device, team)
    hardware = hardware_of(trainer.network, data.train, config.seed) if team.leads else None
    place = team.told(None if not team.leads else folder if resume else run_folder.open_new(folder, config))
    for line in [] if hardware is None else hardware.lines:
        say(line)
    _through_epochs(trainer, folder, place, resume)
    result = trainer.evaluate()
    if team.leads:
        trained_on = config.data.model_copy(update={"steps": data.steps})
        run_folder.write_network(place, trainer.network.export(), trained_on, result.accuracies[-1],
                                 trainer.network.blocks[-1].logit_scale, host_surrogate(trainer.network.spec),
                                 note_of(trainer.network, data.train, config.seed))
        run_folder.take_place(folder, place)
    team.leave()        # once the files are there
    if not team.leads:
        return None
    return {
        "test_accuracy": result.accuracies[-1],
        "block_accuracies": result.accuracies,
        "test_samples": len(data.test),
        "seconds": round(trainer.progress.seconds, 3),
        "epochs": trainer.progress.epochs,
        "peak_activation_bytes": trainer.progress.peak_activation_bytes,
        "hardware": None if hardware is None else hardware.to_dict(),
        "network": str(folder / NETWORK),
    }


def _through_epochs(trainer: "Trainer", folder: Path, place: Path, resume: bool) -> None:
    """All epochs, with a progress bar and warnings; a person who stops them is told how to go on."""
    epochs = trainer.config.training.epochs
    warned: set[tuple[int, int]] = set()
    with progress("training", epochs * trainer.batches) as advance:

        def report(metrics: "EpochMetrics") -> None:
            words = f"epoch {metrics.epoch}/{epochs}, test {percent(metrics.test_accuracies[-1])}"
            advance(0, words)
            for line in metrics.moved:
                say(f"Before epoch {metrics.epoch}, {line}")
            _warn(metrics, warned)

        try:
            trainer.run(place, resume, report, advance)
        except KeyboardInterrupt:
            if not trainer.team.leads:
                raise
            kept = "" if place == folder else f"the earlier run in {folder} is as it was; "
            raise SnnfpgaError(f"Stopped with {trainer.saved} of {epochs} epochs done; {kept}go on with: "
                               f"snnfpga train --resume --out {place}") from None


def _warn(metrics: "EpochMetrics", warned: set[tuple[int, int]]) -> None:
    """Say once of each layer that fires too seldom or too often to learn."""
    from ..diagnose.diagnosis import of_rate

    for block, rates in enumerate(metrics.firing_rates):
        for layer, rate in enumerate(rates):
            if of_rate(rate) and (block, layer) not in warned:
                warned.add((block, layer))
                say(f"Warning: block {block} layer {layer}, firing rate {rate:.4f} after epoch {metrics.epoch}: "
                    f"{of_rate(rate)}")
