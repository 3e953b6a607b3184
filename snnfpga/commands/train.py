"""``snnfpga train``: a configuration becomes a run, with the network file in it."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..console import percent, print_json, print_table, progress, quoted, say

NOTHING_LEARNED = (-1, -1)      # in the place of a block and layer that was warned of

if TYPE_CHECKING:
    from ..config.models import Config
    from ..data.dataset import DataSet
    from ..diagnose.hardware import Hardware
    from ..network.inference import Evaluation
    from ..runs.metrics import EpochMetrics
    from ..training.trainer import Trainer


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
    from ..config.file import with_options
    from ..runs.find import CONFIG

    if resume and config is None and out is not None:
        config = out / CONFIG       # a run knows what it was begun with
        if not config.exists():
            raise SnnfpgaError(f"No run {out} to resume; train without --resume", USAGE)
    result = run(_config(config, with_options(settings, data_root, seed), start, resume), out, device, resume,
                 overwrite)
    if result is None:
        return
    if as_json:
        print_json(result)
        return
    tested, held = result["test_samples"], result["validation_samples"]
    by_block = [(f"  readout of block {b}", percent(share, tested or held))
                for b, share in enumerate(result["block_accuracies"])]
    print_table("Trained", ("what", "measured"), [
        *([("test accuracy", percent(result["test_accuracy"], tested)), *by_block] if tested else []),
        *((f"labelled windows, {half}", f"{counts['labelled']}; {counts['unlabelled']} without a label, not learned "
           "from" if half == "train" else counts["labelled"])
          for half, counts in result.get("windows", {}).items()),
        *([(f"validation accuracy, {held} training samples held out", percent(result["validation_accuracy"], held))]
          if held else []),
        *([*by_block, ("test accuracy", "none: the data has no test samples")] if not tested else []),
        *([("weights of epoch", result["kept_epoch"])] if result["kept_epoch"] < result["epochs"] else []),
        ("time", f"{result['seconds']:.1f} s, {result['epochs']} epochs"),
        ("activations kept for learning", f"{result['peak_activation_bytes']} bytes at the peak"),
        ("network", result["network"])])


def _config(config: Path | None, settings: list[str], start: Path | None, resume: bool) -> "Config":
    """The configuration asked for, at the network to begin at, if there is one."""
    from ..config.file import read_config
    from ..runs.find import find_network
    from ..training.start import started

    if start is None:
        return read_config(config, settings)
    if resume:
        raise SnnfpgaError("--resume goes on with a run, which knows where it began; leave --from out", USAGE)
    return started(find_network(start), config, settings)


def run(config: "Config", out: Path | None, device: str, resume: bool, overwrite: bool) -> dict[str, Any] | None:
    """Train; give what ``--json`` prints (docs/training.md, Reports), or None where another process speaks."""
    from ..data.fit import check_lessons, some
    from ..data.own_defaults import complete
    from ..data.source import load_data
    from ..diagnose.hardware import hardware_of
    from ..runs import folder as run_folder
    from ..runs.find import RUNS
    from ..training import checks
    from ..training.futile import warnings
    from ..training.parallel import join
    from ..training.step_labels import advice
    from ..training.trainer import Trainer, prepare

    if resume and overwrite:
        raise SnnfpgaError("--resume goes on with a run and --overwrite discards it; give one of them", USAGE)
    folder = out or RUNS / config.name
    checks.check_config(config)     # before the data is read
    prepare(device, config.training.threads)
    team = join(config, device)
    found = None
    with run_folder.claimed(folder) if team.leads else nullcontext():
        if team.leads and not resume:
            run_folder.check_free(folder, overwrite)
        config, data = complete(config)
        if resume:
            run_folder.check_same(folder, config)
            if not run_folder.check_begun(folder) and team.leads:
                say(f"Run {folder} was stopped within its first epoch: it begins again")
        data = data or load_data(config.data)
        for half in ("train",) if config.training.validation else ("train", "test"):
            some(data, half)
        check_lessons(data)
        trainer = Trainer(config, data, device, team)
        hardware = hardware_of(trainer.network, data.train, config.seed) if team.leads else None
        place = team.told(None if not team.leads else folder if resume else run_folder.open_new(folder, config))
        if team.leads:
            for line in (*warnings(config, data, trainer.network.spec), *advice(config, data)):
                say(f"Warning: {line}")
            for line in [] if hardware is None else hardware.lines:
                say(line)
        _through_epochs(trainer, folder, place, resume)
        if team.leads:
            trainer.choose(place)
            found = _leave(trainer, data, place, folder, hardware)
            run_folder.take_place(folder, place)
    team.leave()        # once the files are there
    return found


def _leave(trainer: "Trainer", data: "DataSet", place: Path, folder: Path,
           hardware: "Hardware | None") -> dict[str, Any]:
    """Calibrate what was trained and write it into ``place``, which becomes ``folder``; give what ``--json`` prints."""
    from rtl_gen.contract.network_file import SURROGATE

    from ..calibration.calibrate import CALIBRATION
    from ..calibration.stage import ready
    from ..calibration.words import lines
    from ..diagnose.hardware import note_of
    from ..network.surrogates import host_surrogate
    from ..runs import evaluation_record
    from ..runs import folder as run_folder
    from ..runs.find import ACTIVITY, NETWORK
    from ..runs.scores import Scores
    from ..training.step_labels import window_counts

    config, last = trainer.config, trainer.network.blocks[-1]
    tested, validated = trainer.evaluate(), trainer.validate()
    with progress("calibrating learning on chip", None) as advance:
        network, evidence = ready(trainer, data, advance)
    for line in lines(evidence):
        say(line)
    calibration = None if evidence is None else evidence.facts()
    run_folder.write_network(
        place, network, config.data.model_copy(update={"steps": data.steps}), _accuracy(tested), last.logit_scale,
        (config.training.validation, config.seed, _accuracy(validated), trainer.kept), **{
            SURROGATE: host_surrogate(trainer.network.spec),
            ACTIVITY: note_of(trainer.network, data.train, config.seed),
            CALIBRATION: None if calibration is None else json.dumps(calibration)})
    half, split, judged = ("validation", trainer.validation, validated) if tested is None else (
        "test", trainer.test, tested)
    evaluation_record.write_record(place / evaluation_record.EVALUATE, evaluation_record.facts(
        data.name, half, Scores.of(split.labels, judged.predictions, data.classes), place / NETWORK))
    return {
        "test_accuracy": _accuracy(tested),
        "block_accuracies": judged.accuracies,
        "test_samples": len(data.test),
        "validation_accuracy": _accuracy(validated),
        "validation_samples": len(trainer.validation),
        "kept_epoch": trainer.kept,
        "seconds": round(trainer.progress.seconds, 3),
        "epochs": trainer.progress.epochs,
        "peak_activation_bytes": trainer.progress.peak_activation_bytes,
        "hardware": None if hardware is None else hardware.to_dict(),
        "calibration": calibration,
        "network": str(folder / NETWORK),
        **window_counts(trainer.network.spec.blocks[-1], data),
    }


def _accuracy(found: "Evaluation | None") -> float | None:
    """The last block's, or None where nothing was measured."""
    return None if found is None else found.accuracies[-1]


def _through_epochs(trainer: "Trainer", folder: Path, place: Path, resume: bool) -> None:
    """All epochs, with a progress bar and warnings; a person who stops them is told how to go on."""
    from ..runs.folder import forget

    epochs = trainer.config.training.epochs
    warned: set[tuple[int, int]] = set()
    with progress("training", epochs * trainer.batches) as advance:

        def report(metrics: "EpochMetrics") -> None:
            found = {"test": (metrics.test_accuracies, trainer.test),
                     "validation": (metrics.validation_accuracies, trainer.validation)}
            advance(0, ", ".join([f"epoch {metrics.epoch}/{epochs}", *(
                f"{half} {percent(accuracies[-1], len(split))}" for half, (accuracies, split) in found.items()
                if accuracies)]))
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
                               f"snnfpga train --resume --out {quoted(place)}") from None
        except Exception:
            if trainer.team.leads and not resume and not trainer.saved:
                forget(folder, place)       # so that the next try finds nothing in its way
            raise


def _warn(metrics: "EpochMetrics", warned: set[tuple[int, int]]) -> None:
    """Say once of each layer that fires too seldom or too often to learn, and of an epoch that taught nothing."""
    from ..diagnose.diagnosis import of_rate

    if all(loss is None for loss in metrics.losses) and NOTHING_LEARNED not in warned:
        warned.add(NOTHING_LEARNED)
        say(f"Warning: epoch {metrics.epoch} had no loss in any block: nothing was learned in it")
    for block, rates in enumerate(metrics.firing_rates):
        for layer, rate in enumerate(rates):
            if of_rate(rate) and (block, layer) not in warned:
                warned.add((block, layer))
                say(f"Warning: block {block} layer {layer}, firing rate {rate:.4f} after epoch {metrics.epoch}: "
                    f"{of_rate(rate)}")
