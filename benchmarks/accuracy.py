"""Test accuracy of networks with convolutions, recurrence and depth, learned by truncated-local or as the case says.

Run: ``python benchmarks/accuracy.py [CASE ...] [--data-root FOLDER] [--threads N]``; ``--list`` names the cases. Writes
``docs/results/accuracy.json`` after each run and skips what is in there for the same settings. Accuracy is that after
the last epoch, never the best; the accuracy after each epoch is kept beside it. Folds are drawn over all samples of a
set, stratified, seed 0; fold k also seeds the run.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

import plots
from resumable import FOLDS, Results, fold, train
from rich.console import Console
from rich.table import Table

from snnfpga.config.file import read_config
from snnfpga.config.models import Config
from snnfpga.data.source import load_data

PLAIN = ("network.blocks=[[128],[64]]", "hardware.blocks=[]", "training.event_drop=0")

NMNIST = ("data.name=nmnist-1100", "data.steps=10", "network.normalise=weights", "learning.window=5",
          "training.batch=32", "training.rate=0.003", "training.event_drop=0.25", "training.augment.shift=2",
          "training.augment.rotate=10", 'network.blocks=[["P2","32C5S2"],["64C3"],["P2","256"]]', "training.epochs=60")
AFFINE_NMNIST = (*NMNIST, "training.augment.scale=0.12", "training.augment.shear=0.15")
MNIST = ("data.name=mnist", "data.steps=4", "network.normalise=weights", "learning.window=4", "training.batch=128",
         'network.blocks=[["32C5S2"],["64C3S2"],["256"]]', "training.epochs=15", "training.rate=0.003",
         "training.augment.shift=1")
# Tried on two folds, the delays on three, of another partition of the same samples.
BRAILLE = ("data.name=braille", "data.steps=64", "network.blocks=[[256]]", "network.leak_shift=4",
           "network.normalise=weights", "network.learn_threshold=true", "training.rate=0.006",
           "training.event_drop=0.05", "training.augment.time_shift=2")
PLAIN_BRAILLE = (*BRAILLE, "training.epochs=150")
DELAYED_BRAILLE = (*BRAILLE, "data.delays=[8,16,32]", "training.epochs=60")
# 18 convolutions and a readout.
DEEP = ("data.name=digits-events", "data.steps=8", "network.block_depth=all", "learning.rule=bptt",
        "network.leak_shift=null", "network.surrogate=triangle", "training.batch=32", "training.event_drop=0.05",
        "training.augment.shift=1")
CHAIN = ("network.architecture=" + "-".join([*["16C3"] * 6, "P2", *["32C3"] * 6, "P2", *["32C3"] * 6]),
         "training.epochs=180")
# In each of the three grids two layers add what the one two below had.
RESIDUAL = ("network.architecture=" + "-P2-".join(
    f"{filters}C3-{filters}C3-{filters}C3+2-{filters}C3-{filters}C3+2-{filters}C3" for filters in (16, 32, 32)),
            "training.epochs=60")


@dataclass(frozen=True)
class Case:
    """Settings, and how often they are run: over folds of all samples, or over seeds on the set's own split."""

    settings: tuple[str, ...]
    folds: bool = False
    seeds: int = 1

    @property
    def runs(self) -> list[str]:
        return [f"fold {number}" for number in range(FOLDS)] if self.folds else [
            f"seed {number}" for number in range(self.seeds)]


BITS = (16, 8, 6, 4, 3, 2, 1)
CASES: dict[str, Case] = {
    "nmnist-1100 conv": Case(NMNIST, folds=True),
    "nmnist-1100 conv, scaled and sheared": Case(AFFINE_NMNIST, folds=True),
    "nmnist-1100 conv, scaled and sheared, 120 epochs": Case((*AFFINE_NMNIST, "training.epochs=120"), folds=True),
    "braille, bptt": Case((*PLAIN_BRAILLE, "learning.rule=bptt"), folds=True),
    "braille, delayed, bptt": Case((*DELAYED_BRAILLE, "learning.rule=bptt"), folds=True),
    "braille, delayed, truncated-local, K = 16": Case((*DELAYED_BRAILLE, "learning.window=16"), folds=True),
    **{f"digits-events, 19 layers, {initial}, rate {rate}": Case(
        (*DEEP, *CHAIN, f"network.initial={initial}", f"training.rate={rate}"))
       for initial in ("straight", "balanced", "kaiming") for rate in (0.001, 0.002)},
    **{f"digits-events, 19 layers, residual, {initial}, rate {rate}": Case(
        (*DEEP, *RESIDUAL, f"network.initial={initial}", f"training.rate={rate}"))
       for initial in ("balanced", "kaiming") for rate in (0.001, 0.002)},
    **{f"digits-events, 19 layers, residual, balanced, local blocks of 6, K = {window}": Case(
        (*DEEP, *RESIDUAL, "training.rate=0.002", "network.block_depth=6", "learning.rule=truncated-local",
         f"learning.window={window}")) for window in (4, 8)},
    "digits-events, 19 layers, balanced, a layer a block, K = 4": Case(
        (*DEEP, *CHAIN, "training.epochs=60", "training.rate=0.002", "network.block_depth=1",
         "learning.rule=truncated-local", "learning.window=4")),
    **{f"mnist conv, {bits} bits": Case((*MNIST, f"network.weight_bits={bits}", f"network.readout_bits={max(bits, 4)}"),
                                       seeds=3) for bits in (8, 4, 1)},
    **{f"mnist 256-256, {bits} bits": Case((*MNIST, "network.blocks=[[256],[256]]", "training.epochs=5",
                                            f"network.weight_bits={bits}",
                                            f"network.membrane_bits={20 if bits == 16 else 16}"), seeds=3)
       for bits in BITS},
    "mnist conv, 8 bits, kaiming": Case((*MNIST, "network.weight_bits=8", "network.initial=kaiming")),
    "fashion-mnist conv, 8 bits": Case((*MNIST, "data.name=fashion-mnist", "training.augment.flip=true",
                                        "training.epochs=20", 'network.blocks=[["48C5S2","96C3S2"],["256"]]'), seeds=3),
}


def configured(case: Case, number: int, root: Path | None, threads: int) -> Config:
    own = [] if root is None else [f"data.root={root}"]
    return read_config(None, [*PLAIN, *case.settings, *own, f"seed={number}", f"training.threads={threads}"])


def show(results: Results, names: list[str]) -> None:
    table = Table("case", "runs", "mean", "deviation", "minutes a run", title="Test accuracy after the last epoch, %",
                  title_justify="left")
    for name in names:
        runs = list(results.cases[name]["runs"].values()) if name in results.cases else []
        if runs:
            found = [run["test_accuracy"] for run in runs]
            table.add_row(name, " ".join(map(str, found)), f"{mean(found):.2f}", f"{pstdev(found):.2f}",
                          f"{mean(run['seconds'] for run in runs) / 60:.1f}")
    Console(width=140).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help="none takes all")
    parser.add_argument("--data-root", type=Path, metavar="FOLDER", help="where the sets lie that are not embedded")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write accuracy over weight bits as a page")
    parser.add_argument("--list", action="store_true", help="name the cases and what is known of them, and stop")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.cases if name not in CASES]
    if unknown:
        parser.error(f"cases are {', '.join(CASES)}, not {', '.join(unknown)}")
    names = arguments.cases or list(CASES)
    results = Results("accuracy", "python benchmarks/accuracy.py --data-root FOLDER")
    if not arguments.list:
        for name in names:
            for number, key in enumerate(CASES[name].runs):
                config = configured(CASES[name], number, arguments.data_root, arguments.threads)

                def measure(config: Config = config, name: str = name, key: str = key, number: int = number,
                            ) -> dict[str, Any]:
                    data = load_data(config.data)
                    return train(config, fold(data, number) if CASES[name].folds else data, f"{name}, {key}")

                results.run(name, config, key, measure)
    show(results, names)
    if arguments.plot:
        found = {bits: [run["test_accuracy"] for run in results.cases[case]["runs"].values()] for bits in BITS
                 if (case := f"mnist 256-256, {bits} bits") in results.cases}
        plots.write(arguments.plot, "Accuracy over weight bits", "Test accuracy after the last epoch, three seeds.",
                    "bits of a weight",
                    {"mnist": {"256-256": found}}, "python benchmarks/accuracy.py")


if __name__ == "__main__":
    main()
