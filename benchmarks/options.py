"""Experimental options and fixed readouts, on and off: the same small network, data and seeds, but for one setting.

Run: ``python benchmarks/options.py [OPTION ...]``, minutes. Writes ``docs/results/options.json`` after each training
and skips what is in there for the same configuration. Accuracy is that after the last epoch; each seed also draws the
split. Nothing was tuned for an option.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

from machine import describe
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.network_file import write
from snnfpga.config.models import Config
from snnfpga.data.registry import DataOptions, load
from snnfpga.network.network import SpikingNetwork
from snnfpga.training.trainer import Trainer, prepare

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "options.json"
SEEDS = (0, 1, 2)
Settings = dict[str, Any]

SMALL: Settings = {"data": {"name": "digits-events"}, "network": {"blocks": [[64], [32]]},
                   "training": {"epochs": 6, "rate": 5e-3}}
DEEP: Settings = {"network": {"blocks": [[48, 32], [32]]}}
TRIGGERED: Settings = {"learning": {"rule": "decolle", "error_threshold": 0.05}}
ONE_BIT: Settings = {"network": {"weight_bits": 1}}
TEACHER: Settings = {"data": {"name": "digits-events"}, "network": {"blocks": [[256]]}, "training": {"epochs": 15},
                     "learning": {"rule": "bptt"}}
STILL: Settings = {"data": {"name": "digits", "coding": "rate", "steps": 8}}
SQUARED: Settings = {"learning": {"loss": "squared"}}
BY_STEPS: Settings = {"learning": {"loss_at": "step"}}


def merged(*settings: Settings) -> Settings:
    """Later ones over earlier ones, table by table."""
    found: Settings = {}
    for table, values in ((table, values) for one in settings for table, values in one.items()):
        found[table] = {**found.get(table, {}), **values}
    return found


def pair(off: Settings, on: Settings) -> tuple[Settings, Settings]:
    """Off, and on with all that is off as well."""
    return merged(SMALL, off), merged(SMALL, off, on)


OPTIONS: dict[str, tuple[Settings, Settings]] = {
    "network.readout=fixed, for learned": pair({}, {"network": {"readout": "fixed"}}),
    **{f"learning.feedback={way}": pair(DEEP, {"learning": {"feedback": way}})
       for way in ("random", "square", "sign", "labels", "dfa", "global-dfa")},
    "learning.feedback=sign, where error_threshold=0.05": pair(TRIGGERED, {"learning": {"feedback": "sign"}}),
    "learning.loss=squared_margin, for squared": pair(SQUARED, {"learning": {"loss": "squared_margin"}}),
    "learning.loss=squared, for cross_entropy": pair({}, SQUARED),
    "learning.traces.post_of=spikes, s-tllr": pair(
        {"learning": {"rule": "s-tllr"}}, {"learning": {"traces": {"post_of": "spikes"}}}),
    "learning.select=top, 2 of 4": pair(BY_STEPS, {"learning": {"select": "top", "selected_steps": 2}}),
    "learning.skip=0.5": pair({"learning": {"rule": "bptt-checkpoint"}}, {"learning": {"skip": 0.5}}),
    "training.schedule=cosine-restarts, 2 bits": pair(
        {"network": {"weight_bits": 2}}, {"training": {"schedule": "cosine-restarts", "period": 2}}),
    "training.optimiser=bso, for adamw, 1 bit": pair(ONE_BIT, {"training": {"optimiser": "bso", "rate": 1e-2}}),
    "training.optimiser=t-bso, for adamw, 1 bit": pair(ONE_BIT, {"training": {"optimiser": "t-bso", "rate": 1e-2}}),
    "training.neuron_drop=0.1": pair({}, {"training": {"neuron_drop": 0.1}}),
    "training.warm_epochs=4": pair({}, {"training": {"warm_epochs": 4}}),
    "training.distill, a loss at each step": pair(BY_STEPS, {"training": {"distill": "teacher"}}),
    **{f"data.coding={code}, for rate": pair(STILL, {"data": {"coding": code}}) for code in ("phase", "sigma-delta")},
    **{f"data.input_max={most}, for rate, {steps} steps": pair(
        merged(STILL, {"data": {"steps": steps}, "learning": {"window": min(steps, 4)}}),
        {"data": {"coding": "direct", "input_max": most}})
       for most, steps in ((15, 8), (15, 2), (3, 2))},
    "learning.rule=otpe, for ottt": pair({"learning": {"rule": "ottt"}}, {"learning": {"rule": "otpe"}}),
    "learning.rule=bptt-checkpoint, for bptt": pair({"learning": {"rule": "bptt"}},
                                                    {"learning": {"rule": "bptt-checkpoint"}}),
}


def seeded(settings: Settings, seed: int) -> Config:
    return Config.model_validate(merged(settings, {"data": {"seed": seed}}) | {"seed": seed})


def train(config: Config) -> tuple[SpikingNetwork, float]:
    """The network, and its test accuracy in percent; a teacher is trained first where there is to be one."""
    data, taught = config.data, config.training
    loaded = load(data.name, DataOptions(steps=data.steps, coding=data.coding, input_max=data.input_max,
                                         seed=data.seed))
    with tempfile.TemporaryDirectory() as folder:
        if taught.distill is not None:
            path = Path(folder) / taught.distill
            write(path, train(seeded(TEACHER, config.seed))[0].export())
            config = config.model_copy(update={"training": taught.model_copy(update={"distill": path})})
        trainer = Trainer(config, loaded)
        for _ in range(config.training.epochs):
            metrics = trainer.epoch()
    return trainer.network, 100 * metrics.test_accuracies[-1]


def accuracy(settings: Settings, seed: int, known: dict[str, float]) -> float:
    """Test accuracy in percent, looked up in ``known`` or added to it."""
    config = seeded(settings, seed)
    key = json.dumps(config.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    if key not in known:
        known[key] = round(train(config)[1], 2)
        write_atomically(RESULTS, (json.dumps(
            {"command": "python benchmarks/options.py", **describe("torch"), "accuracies": known}, indent=1)
            + "\n").encode())
    return known[key]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("options", nargs="*", metavar="OPTION", help="as a table before named them; none takes all")
    arguments = parser.parse_args()
    unknown = [option for option in arguments.options if option not in OPTIONS]
    if unknown:
        parser.error(f"options are {', '.join(OPTIONS)}, not {', '.join(unknown)}")
    prepare("cpu", threads=1)
    known = json.loads(RESULTS.read_text("utf-8"))["accuracies"] if RESULTS.exists() else {}
    table = Table("option", "off", "on", "on - off", title=f"Test accuracy, {len(SEEDS)} seeds, mean and deviation",
                  title_justify="left")
    for name in arguments.options or OPTIONS:
        off, on = ([accuracy(settings, seed, known) for seed in SEEDS] for settings in OPTIONS[name])
        table.add_row(name, *(f"{mean(one):.2f} ({pstdev(one):.2f})" for one in (off, on)),
                      f"{mean(on) - mean(off):+.2f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
