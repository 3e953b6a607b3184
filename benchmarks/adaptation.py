"""Learning on chip by defaults: what a trained network keeps, wins back, and learns anew.

Run: ``python benchmarks/adaptation.py [SET ...] --data-root FOLDER``; ``--list`` names the sets. Writes
``docs/results/adaptation.json`` after each run and skips what is in there for the same settings.

Each network is trained and calibrated as ``snnfpga train`` does, with the defaults of ``on_chip``, and then learns as
``snnfpga learn`` does by default, on the integer reference, which gives what the hardware gives. How far a lesson moves
a layer (``MOVE``) was chosen on digits-events, digits and Braille, unchanged and drifted; all else by the calibration,
which knows none of these drifts. A share won back is of what PyTorch wins back from the same 500 samples in 5 epochs,
with the settings of the training.
"""

import argparse
import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from resumable import FOLDS, Results, fold
from rich.console import Console
from rich.table import Table

from board.host.schedule import DEFAULT
from rtl_gen.contract.network import Network
from snnfpga.backends.fresh import fresh
from snnfpga.backends.lessons import Plan, attended, course_of
from snnfpga.calibration.stage import ready
from snnfpga.calibration.trials import Lessons, accuracy
from snnfpga.config.file import read_config
from snnfpga.config.models import Config
from snnfpga.data.dataset import DataSet, Split
from snnfpga.data.sampling import drawn
from snnfpga.data.source import load_data
from snnfpga.training.trainer import Trainer, optimiser, prepare

ORDERS = 5
LESSONS = 500
TESTED = 1000       # samples, where a set has more
UNSEEN = 9          # the class that training does not have
WRONG_LABELS = 0.1
PASSES = {"digits-events": 30, "mnist": 3}      # from random weights

PLAIN = ("network.blocks=[[200]]", "hardware.blocks=[]", "training.event_drop=0")
LARGE = (*PLAIN, "data.steps=8", "training.epochs=3", "training.batch=128", "training.rate=0.003")


@dataclass(frozen=True)
class Case:
    """A set: its settings, whether it is measured over folds, and how it drifts."""

    settings: tuple[str, ...]
    drift: Callable[[DataSet, Config], DataSet] | None = None
    folds: bool = False


def camera(data: DataSet, config: Config) -> DataSet:
    """The drift that the embedded set has."""
    return load_data(config.data.model_copy(update={"name": "digits-events-drifted"}))


def both(data: DataSet, change: Callable[[np.ndarray, int], np.ndarray]) -> DataSet:
    return replace(data, **{half: replace(split, spikes=change(split.spikes[:].copy(), number))
                            for number, (half, split) in enumerate((("train", data.train), ("test", data.test)))})


def swapped_and_noisy(data: DataSet, config: Config) -> DataSet:
    """Two channels have changed places, and 3 % of all steps of all channels have an event more."""
    pair = np.random.default_rng(99).permutation(data.inputs)[:2]

    def change(spikes: np.ndarray, half: int) -> np.ndarray:
        spikes[:, :, pair] = spikes[:, :, pair[::-1]]
        return spikes | (np.random.default_rng(half + 1).random(spikes.shape) < 0.03).astype(np.uint8)

    return both(data, change)


def turned(data: DataSet, config: Config) -> DataSet:
    """The sensor is turned by 20 degrees."""
    height, width, channels = data.sensor
    angle = np.deg2rad(20)
    y, x = np.mgrid[:height, :width]
    y, x = y - (height - 1) / 2, x - (width - 1) / 2
    rows = np.rint((height - 1) / 2 + y * np.cos(angle) - x * np.sin(angle)).astype(int)
    columns = np.rint((width - 1) / 2 + y * np.sin(angle) + x * np.cos(angle)).astype(int)
    within = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)

    def change(spikes: np.ndarray, half: int) -> np.ndarray:
        seen = spikes.reshape(*spikes.shape[:2], height, width, channels)
        found = np.zeros_like(seen)
        found[:, :, within] = seen[:, :, rows[within], columns[within]]
        return found.reshape(spikes.shape)

    return both(data, change)


def quarter_dead(data: DataSet, config: Config) -> DataSet:
    """A quarter of the inputs, drawn among all, is dead."""
    dead = np.random.default_rng(5).permutation(data.inputs)[:data.inputs // 4]

    def change(spikes: np.ndarray, half: int) -> np.ndarray:
        spikes[:, :, dead] = 0
        return spikes

    return both(data, change)


CASES = {
    "digits-events": Case((), camera),
    "digits": Case(("data.name=digits",)),
    "braille": Case((*PLAIN, "data.name=braille", "data.steps=64", "network.blocks=[[128]]", "network.leak_shift=4",
                     "training.epochs=20", "training.batch=32"), swapped_and_noisy, folds=True),
    "nmnist-1100": Case((*PLAIN, "data.name=nmnist-1100", "data.steps=20", "learning.window=5", "training.epochs=12",
                         "training.batch=32"), turned, folds=True),
    "mnist": Case((*LARGE, "data.name=mnist"), quarter_dead),
    "fashion-mnist": Case((*LARGE, "data.name=fashion-mnist")),
}


def configured(case: Case, root: Path | None) -> Config:
    return read_config(None, [*case.settings, *([] if root is None else [f"data.root={root}"])])


def bounded(data: DataSet) -> DataSet:
    """Test samples in reasonable number, and no more training samples than lessons are drawn from."""
    test = data.test.select(np.sort(drawn(data.test.labels, min(TESTED, len(data.test)), 0)))
    train = data.train.select(np.sort(drawn(data.train.labels, min(10_000, len(data.train)), 0)))
    return replace(data, train=train, test=test)


def measured(network: Network, split: Split) -> float:
    return accuracy(network, Lessons.of(split, np.arange(len(split))))


def learn(network: Network, split: Split, order: int, expected: float, lessons: int = LESSONS,
          old: Split | None = None, passes: int = 1, schedule: str = DEFAULT) -> Network:
    """As ``snnfpga learn --samples N --seed ORDER`` does."""
    new = split.select(drawn(split.labels, min(lessons, len(split)), order))
    plan = Plan(seed=order, expected=expected, passes=passes, schedule=schedule)
    course, _ = course_of(plan, new, old, split.select(slice(1)))
    return attended(course, network, np.zeros(0, np.int64), lambda *_: None).network


def points(values: list[float]) -> list[float]:
    return [round(100 * value, 2) for value in values]


def run(name: str, case: Case, config: Config, number: int | None) -> dict[str, Any]:
    """All rows of one trained network."""
    prepare("cpu", 1)
    data = load_data(config.data)
    if number is not None:
        data = fold(data, number)
    trainer = trained(config, data)
    network, evidence = ready(trainer, data)
    expected = 0.0 if evidence is None or evidence.found is None else 1 - evidence.found.accuracy
    seen = bounded(data)
    base = measured(network, seen.test)
    found: dict[str, Any] = {
        "accuracy": points([base])[0], "calibration": None if evidence is None else evidence.facts(),
        "unchanged": points([measured(learn(network, seen.train, order, expected), seen.test) - base
                             for order in range(ORDERS)])}
    if case.drift is not None:
        found["drift"] = drifted(case.drift(seen, config), seen, network, base, trainer, config, expected)
    if name in PASSES:
        found["unseen_class"] = unseen_class(config, data)
        random = fresh(network, data.train, 0)
        whole = data.train
        found["fresh"] = {"passes": PASSES[name], "accuracy": points([measured(
            learn(random, whole, 0, 0.0, len(whole), passes=PASSES[name], schedule="falling"), seen.test)])[0]}
    return found


def trained(config: Config, data: DataSet) -> Trainer:
    trainer = Trainer(config, data)
    while trainer.progress.epochs < config.training.epochs:
        trainer.epoch()
    return trainer


def drifted(changed: DataSet, seen: DataSet, network: Network, base: float, trainer: Trainer, config: Config,
            expected: float) -> dict[str, Any]:
    """After a drift: learned from 500 samples, with and without old ones, with wrong labels, and by PyTorch."""
    before = measured(network, changed.test)
    plain, kept, rehearsed, old, wrong, torch = [], [], [], [], [], []
    for order in range(ORDERS):
        made = learn(network, changed.train, order, expected)
        plain.append(measured(made, changed.test))
        kept.append(measured(made, seen.test) - base)
        mixed = learn(network, changed.train, order, expected, old=seen.train)
        rehearsed.append(measured(mixed, changed.test))
        old.append(measured(mixed, seen.test) - base)
        wrong.append(measured(learn(network, mislabelled(changed.train, changed.classes, order), order, expected),
                              changed.test))
        torch.append(by_torch(config, changed, trainer, order))
    gains = [(one - before) / (other - before) if other > before else float("nan")
             for one, other in zip(plain, torch, strict=True)]
    return {"before": points([before])[0], "after": points(plain), "pytorch": points(torch),
            "share_won_back": [round(gain, 3) for gain in gains],
            "share_of_means": round((np.mean(plain) - before) / max(np.mean(torch) - before, 1e-9), 3),
            "old_data": points(kept), "rehearsed": points(rehearsed), "old_data_rehearsed": points(old),
            "tenth_of_labels_wrong": points(wrong)}


def mislabelled(split: Split, classes: int, seed: int) -> Split:
    rng = np.random.default_rng([seed, 1])
    labels = split.labels.copy()
    chosen = rng.random(len(labels)) < WRONG_LABELS
    labels[chosen] = (labels[chosen] + rng.integers(1, classes, int(chosen.sum()))) % classes
    return replace(split, labels=labels)


def by_torch(config: Config, changed: DataSet, trained: Trainer, order: int) -> float:
    """Accuracy after PyTorch has learned the same samples in 5 epochs."""
    chosen = changed.train.select(drawn(changed.train.labels, LESSONS, order))
    training = config.training.model_copy(update={"epochs": 5, "batch": 32})
    own = config.model_copy(update={"training": training, "seed": order})
    trainer = Trainer(own, replace(changed, train=chosen))
    trainer.network = copy.deepcopy(trained.network)
    trainer.optimiser = optimiser(trainer.network, training)
    while trainer.progress.epochs < training.epochs:
        trainer.epoch()
    return trainer.evaluate().accuracies[-1]


def unseen_class(config: Config, data: DataSet) -> dict[str, Any]:
    """A class that training never saw, and 300 samples of all classes after it."""
    known = data.train.labels != UNSEEN
    lacking = replace(data, train=data.train.select(known))
    network, evidence = ready(trained(config, lacking), lacking)
    expected = 0.0 if evidence is None or evidence.found is None else 1 - evidence.found.accuracy
    seen = bounded(data)
    is_new = seen.test.labels == UNSEEN
    before = measured(network, seen.test.select(~is_new))
    new, others = [], []
    for order in range(ORDERS):
        made = learn(network, seen.train, order, expected, 300)
        new.append(measured(made, seen.test.select(is_new)))
        others.append(measured(made, seen.test.select(~is_new)))
    return {"others_before": points([before])[0], "new_class": points(new), "others_after": points(others)}


def show(results: Results, names: list[str]) -> None:
    table = Table("set", "accuracy", "unchanged", "drifted", "after", "won back", "old data", "and rehearsed",
                  title="Learning on chip by defaults, %, means", title_justify="left")
    for name in names:
        runs = list(results.cases[name]["runs"].values()) if name in results.cases else []
        if not runs:
            continue

        def mean(*keys: str, runs: list[dict[str, Any]] = runs) -> str:
            values = []
            for one in runs:
                for key in keys:
                    one = one.get(key) if isinstance(one, dict) else None
                values += [] if one is None else list(np.atleast_1d(one))
            return f"{np.mean(values):.2f}" if values else ""

        table.add_row(name, mean("accuracy"), mean("unchanged"), mean("drift", "before"), mean("drift", "after"),
                      mean("drift", "share_of_means"), mean("drift", "old_data"), mean("drift", "old_data_rehearsed"))
    Console(width=150).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure learning on chip by defaults.")
    parser.add_argument("names", nargs="*", metavar="SET", help=f"one of {', '.join(CASES)} (default: all)")
    parser.add_argument("--data-root", type=Path, help="folder of the sets that are not embedded")
    parser.add_argument("--list", action="store_true", help="name the sets")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(CASES))
        return
    for name in arguments.names:
        if name not in CASES:
            parser.error(f"there is no set {name!r}; choose from {', '.join(CASES)}")
    results = Results("adaptation", "python benchmarks/adaptation.py")
    names = arguments.names or list(CASES)
    for name in names:
        case = CASES[name]
        config = configured(case, arguments.data_root)
        for number in range(FOLDS) if case.folds else (None,):
            key = "seed 0" if number is None else f"fold {number}"
            results.run(name, config, key, partial(run, name, case, config, number))
            show(results, [name])
    show(results, names)


if __name__ == "__main__":
    main()
