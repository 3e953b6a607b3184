"""Training: a configuration becomes a run, with the network file in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.models import Config
from ..console import percent, progress, quoted, say
from . import configure as configuring
from .arguments import Changes, Flag, OnLine, OnProgress, Place, checked
from .begin import begun
from .data import Data, data_given, has_keys
from .data import Given as GivenData
from .network import Target
from .scope import Stopped, torch_as_it_was, verb
from .trained import Trained

if TYPE_CHECKING:
    from ..data.dataset import DataSet
    from ..diagnosis.hardware import Hardware
    from ..network.inference import Evaluation
    from ..runs.metrics import EpochMetrics
    from ..training.trainer import Trainer

NOTHING_LEARNED = (-1, -1)      # in the place of a block and layer that was warned of


@checked
def train(config: configuring.Given = None, *, data: GivenData = None, changes: Changes | None = None,
          start: Target = None, out: Place | None = None, device: str = "cpu", resume: Flag = False,
          overwrite: Flag = False, on_progress: OnProgress = None, on_line: OnLine = None, **sections: Any) -> Trained:
    """Train a network, as ``snnfpga train`` does, into a run's folder.

    Parameters
    ----------
    config, changes, sections
        The configuration, as :func:`snnfpga.configure` has it: ``train(learning={"rule": "bptt"})``.
    data
        A data set's name, the path of an ``.npz``, keys of the section ``data``, or samples in memory: a pair (spikes,
        labels), the arrays of an ``.npz`` by name, a data set of pairs, or a :class:`snnfpga.Data`. Those lie in the
        run as ``data.npz`` afterwards, so that every verb finds them.
    start
        Begin at this network, as ``--from`` does: one that was trained or imported, and lies in a file. ``config`` is
        None or a YAML file then.
    out
        The run's folder; else ``runs/NAME``.
    device
        ``cpu`` or ``cuda``.
    resume, overwrite
        Whether to go on with a run that was stopped; or to start anew where one exists.
    on_progress
        Called with a :class:`snnfpga.Progress` as training goes on.
    on_line
        Called with each line that the command line would say on the way; else warnings go by :mod:`warnings`.

    Raises
    ------
    SnnfpgaError
        What the command line says in one line.
    Stopped
        If a person stopped it; a ``KeyboardInterrupt`` that says how to go on.
    """
    if start is not None and resume:
        raise SnnfpgaError("resume goes on with a run, which knows where it began; leave start out", USAGE)
    in_memory, chosen = _sorted(data)
    with verb(on_progress, on_line):
        whole = configuring.configure(config, changes, data=chosen, **sections) if start is None else begun(
            start, config, changes, {"data": chosen, **sections})
        with torch_as_it_was():
            return run(whole, None if out is None else Path(out), device, resume, overwrite, in_memory)


def _sorted(data: Any) -> tuple[Data | None, dict[str, Any] | None]:
    """Samples in memory, or None; and keys of the section ``data``."""
    if has_keys(data):
        return None, dict(data)
    found = data_given(data)
    if isinstance(found, Data):
        return found, {"name": f"{found.name}.npz"}
    return None, None if found is None else {"name": found}


def run(config: Config, out: Path | None, device: str, resume: bool, overwrite: bool,
        in_memory: Data | None = None) -> Trained:
    """Train on what ``config`` names, or what is in memory; raises as :func:`train`."""
    from ..data.fit import check_lessons, some
    from ..diagnosis.hardware import hardware_of
    from ..runs import folder as run_folder
    from ..runs.find import DATA, RUNS
    from ..training import checks
    from ..training.futile import warnings
    from ..training.parallel import join
    from ..training.step_labels import advice
    from ..training.trainer import Trainer, prepare

    if resume and overwrite:
        raise SnnfpgaError("--resume goes on with a run and --overwrite discards it; give one of them", USAGE)
    folder = out or RUNS / config.name
    if in_memory is not None:
        config = config.model_copy(update={"data": config.data.model_copy(update={"name": str(folder / DATA)})})
    checks.check_config(config)     # before the data is read
    prepare(device, config.training.threads)
    team = join(config, device)
    found = None
    with run_folder.claimed(folder) if team.leads else nullcontext():
        if team.leads and not resume:
            run_folder.check_free(folder, overwrite)
        config, data = _loaded(config, in_memory)
        if resume:
            run_folder.check_same(folder, config)
            if not run_folder.check_begun(folder) and team.leads:
                say(f"Run {folder} was stopped within its first epoch: it begins again")
        for half in ("train",) if config.training.validation else ("train", "test"):
            some(data, half)
        check_lessons(data)
        trainer = Trainer(config, data, device, team)
        if not len(trainer.validation):     # of few samples of a class none is held out
            some(data, "test")
        hardware = hardware_of(trainer.network, data.train, config.seed) if team.leads else None
        place = team.told(None if not team.leads else folder if resume else run_folder.open_new(folder, config))
        with _whole(trainer, folder, place, resume):
            if in_memory is not None and team.leads and not resume:
                in_memory.write(place / DATA, compressed=True)
            if team.leads:
                for line in (*warnings(config, data, trainer.network.spec), *advice(config, data)):
                    say(f"Warning: {line}")
                for line in [] if hardware is None else hardware.lines:
                    say(line)
            _through_epochs(trainer, place, resume)
            if team.leads:
                trainer.choose(place)
                found = _leave(trainer, data, place, folder, hardware)
                run_folder.take_place(folder, place)
    found = team.told(found)
    team.leave()        # once the files are there
    return found


def _loaded(config: Config, in_memory: Data | None) -> "tuple[Config, DataSet]":
    """The data, and the configuration with what it leaves open for them."""
    from ..data.own_defaults import complete
    from ..data.source import load_data
    from ..runs.find import DATA

    if in_memory is None:
        config, data = complete(config)
        return config, data or load_data(config.data)
    with TemporaryDirectory(prefix="snnfpga-") as aside:
        path = Path(aside) / DATA
        in_memory.write(path)
        data = load_data(config.data.model_copy(update={"name": str(path)}))
    return complete(config, data)[0], data


def _leave(trainer: "Trainer", data: "DataSet", place: Path, folder: Path,
           hardware: "Hardware | None") -> Trained:
    """Calibrate what was trained and write it into ``place``, which becomes ``folder``."""
    from rtl_gen.contract.network_file import SURROGATE
    from rtl_gen.measured import NOTE

    from ..calibration.calibrate import CALIBRATION
    from ..calibration.stage import ready
    from ..calibration.words import lines
    from ..diagnosis.hardware import cycles_note_of, note_of
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
            NOTE: cycles_note_of(network, data.train, config.seed),
            CALIBRATION: None if calibration is None else json.dumps(calibration)})
    half, split, judged = ("validation", trainer.validation, validated) if tested is None else (
        "test", trainer.test, tested)
    evaluation_record.write_record(place / evaluation_record.EVALUATE, evaluation_record.facts(
        data.name, half, Scores.of(split.labels, judged.predictions, data.classes), place / NETWORK))
    return Trained(
        folder=folder,
        config=config,
        test_accuracy=_accuracy(tested),
        block_accuracies=judged.accuracies,
        test_samples=len(data.test),
        validation_accuracy=_accuracy(validated),
        validation_samples=len(trainer.validation),
        kept_epoch=trainer.kept,
        seconds=round(trainer.progress.seconds, 3),
        epochs=trainer.progress.epochs,
        peak_activation_bytes=trainer.progress.peak_activation_bytes,
        hardware=None if hardware is None else hardware.to_dict(),
        calibration=calibration,
        **window_counts(trainer.network.spec.blocks[-1], data),
    )


def _accuracy(found: "Evaluation | None") -> float | None:
    """The last block's, or None where nothing was measured."""
    return None if found is None else found.accuracies[-1]


@contextmanager
def _whole(trainer: "Trainer", folder: Path, place: Path, resume: bool) -> Iterator[None]:
    """What begins a run in ``place`` ends it, or a person who stops it is told how to go on; a new run that fails
    before there is anything to keep leaves nothing in the way of the next.
    """
    from ..runs.folder import forget

    try:
        yield
    except KeyboardInterrupt:
        if not trainer.team.leads:
            raise
        kept = "" if place == folder else f"the earlier run in {folder} is as it was; "
        raise Stopped(f"Stopped with {trainer.saved} of {trainer.config.training.epochs} epochs done; {kept}go on "
                      f"with: snnfpga train --resume --out {quoted(place)}") from None
    except Exception:
        if trainer.team.leads and not resume and not trainer.saved:
            forget(folder, place)
        raise


def _through_epochs(trainer: "Trainer", place: Path, resume: bool) -> None:
    """All epochs, with a progress bar and warnings."""
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

        trainer.run(place, resume, report, advance)


def _warn(metrics: "EpochMetrics", warned: set[tuple[int, int]]) -> None:
    """Say once of each layer that fires too seldom or too often to learn, and of an epoch that taught nothing."""
    from ..diagnosis.diagnosis import of_rate

    if all(loss is None for loss in metrics.losses) and NOTHING_LEARNED not in warned:
        warned.add(NOTHING_LEARNED)
        say(f"Warning: epoch {metrics.epoch} had no loss in any block: nothing was learned in it")
    for block, rates in enumerate(metrics.firing_rates):
        for layer, rate in enumerate(rates):
            if of_rate(rate) and (block, layer) not in warned:
                warned.add((block, layer))
                say(f"Warning: block {block} layer {layer}, firing rate {rate:.4f} after epoch {metrics.epoch}: "
                    f"{of_rate(rate)}")
