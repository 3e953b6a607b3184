"""Learning wholly in the chip's arithmetic, on the integer reference, from random weights; batch 1, constant rate.

Run: ``python benchmarks/chip_learning.py [NAME ...]``; writes ``docs/results/chip_learning.json`` after each seed, and
skips what is in there for the same settings. ``--validate`` takes a fifth of the training split instead of the test
split and writes nothing: for tuning.

A seed draws the initial weights, the random words of the rounding and the order of the samples. The split into train
and test is that of ``snnfpga.data`` with seed 0 throughout. Accuracy is that after the last epoch.
"""

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from rtl_gen.network_file import spec_digest, write_atomically
from rtl_gen.spec import BlockSpec, Directives, LayerSpec, NetworkSpec, ReadoutSpec
from sim.reference.initial import random_network
from sim.reference.network import Reference
from snnfpga.data.dataset import DataSet, Split, stratified
from snnfpga.data.registry import DataOptions, load

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "chip_learning.json"
SEEDS = (0, 1, 2)
STEPS = 16
TUNING = ("Settings were chosen on a fifth of the training split of data seed 0 (stratified, seed 99), the test split "
          "unseen; the number of epochs was chosen before the test split was looked at.")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A network to learn, and what it is to reach; ``rate_shift`` of the layers and ``readout_shift`` are constant."""

    data: str
    sizes: tuple[int, ...]
    leak_shift: int | None
    window: int
    logit_shift: int
    shadow_bits: int
    rounding: str
    rate_shift: int
    readout_shift: int
    epochs: int
    goal: float

    def spec(self) -> NetworkSpec:
        return NetworkSpec(
            name="chip-learning", max_steps=STEPS, seed=0,
            blocks=tuple(self._block(inputs, outputs)
                         for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False)))

    def _block(self, inputs: int, outputs: int) -> BlockSpec:
        layer = LayerSpec(
            inputs=inputs, outputs=outputs, weight_bits=8, shadow_bits=self.shadow_bits, fraction_bits=7, bias=False,
            membrane_bits=16, leak_shift=self.leak_shift, threshold=128, reset="subtract", surrogate="boxcar",
            surrogate_width=128, surrogate_height=1, rate_shift=self.rate_shift, rounding=self.rounding,
            feedback_shift=0)
        readout = ReadoutSpec(
            inputs=outputs, classes=10, learned=True, weight_bits=8, shadow_bits=self.shadow_bits,
            rate_shift=self.readout_shift, rounding=self.rounding, error_function="logistic",
            logit_shift=self.logit_shift, dead_zone=12, accumulate="window")
        return BlockSpec(layers=(layer,), readout=readout, window=self.window, loss_steps=self.window,
                         update_interval=1, directives=Directives(lanes=16, memory="auto", learning=True))


DIGITS = Experiment(
    data="digits", sizes=(64, 20), leak_shift=None, window=8, logit_shift=3, shadow_bits=8, rounding="nearest",
    rate_shift=8, readout_shift=2, epochs=24, goal=96.0)
EVENTS = Experiment(
    data="digits-events", sizes=(128, 128), leak_shift=3, window=8, logit_shift=4, shadow_bits=8, rounding="nearest",
    rate_shift=8, readout_shift=2, epochs=24, goal=95.0)
# Without shadow bits a stored unit is worth 2**8 as much, so the shifts are 8 larger for the same rate.
INT8 = {"shadow_bits": 0, "rounding": "stochastic", "rate_shift": 16, "readout_shift": 10}
EXPERIMENTS = {
    "digits-8+8": DIGITS,
    "digits-8": replace(DIGITS, **INT8),
    "events-8+8": EVENTS,
    "events-8": replace(EVENTS, **INT8),
    "events-2-blocks-8+8": replace(EVENTS, sizes=(128, 128, 128)),
    "events-2-blocks-8": replace(EVENTS, sizes=(128, 128, 128), **INT8),
}


def split_of(data: DataSet, validate: bool) -> tuple[Split, Split]:
    """What to learn from and what to measure on."""
    if not validate:
        return data.train, data.test
    held = stratified(data.train.labels, 99)
    return (Split(data.train.spikes[~held], data.train.labels[~held]),
            Split(data.train.spikes[held], data.train.labels[held]))


def learn(experiment: Experiment, seed: int, train: Split, test: Split, title: str) -> dict[str, Any]:
    spec = replace(experiment.spec(), seed=seed)
    reference = Reference(random_network(spec, seed, density=float(train.spikes.mean()), readout_share=0.06))
    generator = np.random.default_rng(seed)
    start = time.perf_counter()
    online = []
    for _ in track(range(experiment.epochs), description=title):
        order = generator.permutation(len(train))
        predictions = reference.learn(train.spikes, train.labels, order=order)
        online.append(round(100 * float((predictions == train.labels[order]).mean()), 2))
    seconds = time.perf_counter() - start
    learned = reference.counters
    reference.clear_counters()
    predictions = reference.evaluate(test.spikes, test.labels)
    neuron_steps = [len(test) * STEPS * block.outputs for block in spec.blocks]
    return {
        "test_accuracy": round(100 * float((predictions == test.labels).mean()), 2),
        "online_accuracy": online,
        "hidden_rates": [round(counters["spikes"] / count, 3)
                         for counters, count in zip(reference.counters, neuron_steps, strict=True)],
        "windows_skipped_share": [round(counters["windows_skipped"]
                                        / (counters["windows_skipped"] + counters["windows_learned"]), 3)
                                  for counters in learned],
        "counters": learned, "seconds": round(seconds, 1)}


def show(results: dict[str, Any]) -> None:
    table = Table(title="Test accuracy after the last epoch, learned in chip arithmetic from random weights")
    for column in ("experiment", "network", "epochs", "seeds", "mean", "goal", "hidden rates"):
        table.add_column(column)
    for name, entry in results.items():
        seeds = entry["seeds"].values()
        table.add_row(name, "-".join(map(str, [*entry["settings"]["sizes"], 10])), str(entry["settings"]["epochs"]),
                      " ".join(str(seed["test_accuracy"]) for seed in seeds), str(entry["mean_test_accuracy"]),
                      str(entry["settings"]["goal"]), str([seed["hidden_rates"] for seed in seeds]))
    Console(width=150).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description="Learn in chip arithmetic from random weights.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(EXPERIMENTS)} (default: all)")
    parser.add_argument("--validate", action="store_true", help="measure on a part of the training split; for tuning")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in EXPERIMENTS:
            parser.error(f"there is no experiment {name!r}; choose from {', '.join(EXPERIMENTS)}")
    stored = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"results": {}}
    results = {} if arguments.validate else stored["results"]
    for name in arguments.names or EXPERIMENTS:
        experiment = EXPERIMENTS[name]
        settings = {**vars(experiment), "sizes": list(experiment.sizes), "digest": spec_digest(experiment.spec())}
        entry = results.get(name)
        if entry is None or entry["settings"] != settings:
            entry = results[name] = {"settings": settings, "spec": experiment.spec().to_dict(), "seeds": {}}
        data = load(experiment.data, DataOptions(steps=STEPS, seed=0))
        for seed in SEEDS:
            if str(seed) in entry["seeds"]:
                continue
            entry["seeds"][str(seed)] = learn(experiment, seed, *split_of(data, arguments.validate), f"{name} {seed}")
            accuracies = [found["test_accuracy"] for found in entry["seeds"].values()]
            entry["mean_test_accuracy"] = round(float(np.mean(accuracies)), 2)
            if not arguments.validate:
                RESULTS.parent.mkdir(parents=True, exist_ok=True)
                whole = {"command": "python benchmarks/chip_learning.py", "tuning": TUNING, "results": results}
                write_atomically(RESULTS, (json.dumps(whole, indent=1) + "\n").encode())
    show(results)


if __name__ == "__main__":
    main()
