"""AlexNet on events of CIFAR10-DVS' shape: what truncated-local learning saves against end-to-end BPTT, counted.

Run: ``python benchmarks/alexnet.py [--threads N]``; writes ``docs/results/alexnet.json``. One setting: T = 10 steps of
48 x 48 x 2 events (the set pooled as its users do; here random ones of that shape), K = 4, a layer a block, learned
readouts that see 4 x 4 places, batch 64. Every figure but that of the formula is counted in a real batch: products as
PyTorch comes to them, bytes as autograd keeps them.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from machine import describe
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.atomic import write_atomically
from snnfpga.config.models import Config
from snnfpga.costs.formula import peak_bytes
from snnfpga.costs.measure import count
from snnfpga.learning.memory import ActivationMeter
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch
from snnfpga.network.initial import initialise
from snnfpga.training.trainer import prepare

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "alexnet.json"
STEPS, BATCH, SENSOR, CLASSES, DENSITY = 10, 64, (48, 48, 2), 10, 0.1
NETWORK = {"architecture": "alexnet", "gain": 1.5}
CASES: dict[str, dict[str, Any]] = {
    "bptt": {"rule": "bptt"},
    "truncated-local, an update a sample": {"window": 4},
    "truncated-local, an update a window": {"window": 4, "update": "window"},
}


def measure(learning: dict[str, Any]) -> dict[str, Any]:
    config = Config.model_validate({"network": NETWORK, "learning": learning})
    height, width, channels = SENSOR
    events = (torch.rand(STEPS, BATCH, height * width * channels,
                         generator=torch.Generator().manual_seed(0)) < DENSITY).to(torch.uint8)
    network = initialise(config, events.float(), CLASSES, SENSOR)
    batch = Batch(events=events, labels=torch.arange(BATCH) % CLASSES)
    with ActivationMeter() as memory:
        RULES[config.learning.rule].learn(network, config.learning, batch)
    counted = count(network, config, batch).cost
    formula = peak_bytes(config, network.spec.blocks, STEPS, BATCH)
    return {"peak_bytes": memory.peak_bytes, "peak_bytes_by_formula": formula,
            "words": counted.words, "cost": asdict(counted)}


def changes(whole: dict[str, Any], local: dict[str, Any]) -> dict[str, float]:
    """What ``local`` changes, in percent of ``whole``."""
    def of(name: str, parts: tuple[str, ...]) -> tuple[int, int]:
        names = name.split("+")
        return tuple(sum(found["cost"][part][each] for part in parts for each in names) for found in (whole, local))

    pairs = {"peak memory": (whole["peak_bytes"], local["peak_bytes"]), "words moved": (whole["words"], local["words"])}
    for title, name in (("convention 1", "multiplies"), ("convention 2", "multiplies+accumulates"),
                        ("convention 3", "dense")):
        pairs[f"{title}, gradients"] = of(name, ("backward",))
        pairs[f"{title}, all"] = of(name, ("forward", "backward"))
    return {title: round(100 * (after / before - 1), 2) for title, (before, after) in pairs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    prepare("cpu", parser.parse_args().threads)
    found = {name: measure(learning) for name, learning in CASES.items()}
    compared = {name: changes(found["bptt"], found[name]) for name in CASES if name != "bptt"}
    result = {"command": "python benchmarks/alexnet.py", **describe("torch"),
              "setting": {"steps": STEPS, "batch": BATCH, "sensor": SENSOR, "density": DENSITY, "network": NETWORK},
              "cases": found, "change_in_percent": compared}
    write_atomically(RESULTS, (json.dumps(result, indent=1) + "\n").encode())
    table = Table("change against bptt, %", *compared, title="AlexNet, T = 10, K = 4, a layer a block",
                  title_justify="left")
    for title in next(iter(compared.values())):
        table.add_row(title, *(f"{values[title]:+.2f}" for values in compared.values()))
    Console(width=140).print(table)
    for name, values in found.items():
        print(f"{name}: {values['peak_bytes']:,} bytes kept, {values['peak_bytes_by_formula']:,} by formula")


if __name__ == "__main__":
    main()
