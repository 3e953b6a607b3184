"""Convolutions, depth, recurrence and residual currents from training to a verified core, as the command line does it.

    python benchmarks/deep_hardware.py [--work FOLDER] [--limit SECONDS] [NAME ...]

Trains each network on ``digits-events``, builds it for the PYNQ-Z2, verifies the build with learning on in both
simulators, lets it learn from random weights by the reference, which the hardware equals, and has Yosys count it.
Writes ``docs/results/deep_hardware.json`` after each stage; what a stage gave is kept, and what did not end within the
limit is written down as such. In the folder lie the runs and builds, from which a stage can be taken up again.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cycles import digits_events, row, simulated
from machine import describe
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.network_file import read
from snnfpga.data.options import DataOptions
from snnfpga.data.registry import load

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "deep_hardware.json"
COMMON = ("data.name=digits-events", "data.steps=8", "learning.window=4", "network.normalise=weights",
          "training.batch=32", "training.event_drop=0.05", "training.threads=1")
SAMPLES = 4         # whose cycles are simulated and predicted
SHORT = "short.npz"     # samples of STEPS steps, a window that ends early: Icarus takes minutes for each step
STEPS = 2
RESIDUAL = "-P2-".join(f"{filters}C3-{filters}C3-{filters}C3+2-{filters}C3-{filters}C3+2-{filters}C3"
                       for filters in (8, 8, 16))
# One epoch, which gives random weights their scales, and nothing calibrated.
UNTRAINED = ("--set", "training.epochs=1", "--set", "on_chip.rate_shift=null", "--set",
             "on_chip.readout_rate_shift=null", "--set", "on_chip.logit_shift=null", "--set", "on_chip.dead_zone=24")
# Settings; samples to verify by in Verilator; passes of learning from random weights.
NETWORKS: dict[str, tuple[tuple[str, ...], int, int]] = {
    "128R": (("network.architecture=128R", "training.epochs=20", "hardware.lanes=16"), 20, 20),
    "6 layers, a layer a block": (      # with 16 lanes in all it does not fit; the first has 16 by default
        ('network.blocks=[["16C3"],["16C3"],["P2","32C3"],["32C3"],["P2","64"],["64"]]', "training.epochs=10",
         "hardware.lanes=8"), 4, 20),
    "6 layers, one block": (
        ("network.architecture=16C3-16C3-P2-32C3-32C3-P2-64-64", "network.block_depth=all", "training.epochs=10",
         "hardware.lanes=16"), 10, 20),
    "19 layers, residual, one block": (
        (f"network.architecture={RESIDUAL}", "network.block_depth=all", "training.epochs=15", "hardware.lanes=16"),
        4, 20),
}


def commands(name: str) -> dict[str, tuple[str, ...]]:
    """The stages of a network, in their order, as arguments of the command line."""
    settings, samples, passes = NETWORKS[name]
    sets = [part for setting in (*COMMON, *settings) for part in ("--set", setting)]
    return {
        "train": ("train", *sets, "--out", "run"),
        "build": ("build", "run", "--no-synthesis", "--out", "built"),
        "verilator": ("verify", "built", "--simulator", "verilator", "--samples", str(samples)),
        "scales": ("train", *sets, *UNTRAINED, "--out", "scales"),
        "learned_fresh": ("learn", "scales", "--fresh", "--passes", str(passes), "--out", "fresh.safetensors"),
        "icarus": ("verify", "built", "--simulator", "icarus", "--data", SHORT),
        "counted": ("build", "run", "--out", "counted"),
    }


def stage(arguments: Sequence[str], folder: Path, limit: float) -> dict[str, Any]:
    """What a command prints as JSON; how it ended where it failed, or did not end within ``limit`` seconds."""
    began = time.perf_counter()
    running = subprocess.Popen([sys.executable, "-m", "snnfpga", *arguments, "--json"], cwd=folder, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = running.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)      # and the simulator that it has started
        running.communicate()
        return {"not_within_seconds": limit}
    found = json.loads(out) if not running.returncode else {"failed": running.returncode, "said": err[-2000:]}
    return {"found": found, "seconds": round(time.perf_counter() - began, 1)}


def measure(name: str, work: Path, limit: float, networks: dict[str, Any]) -> None:
    """All stages of a network that have not been done; a stage without what it needs is left out."""
    folder = work / name.replace(", ", "-").replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    found = networks.setdefault(name, {"settings": [*COMMON, *NETWORKS[name][0]]})
    write_short(folder / SHORT)
    for key, arguments in commands(name).items():
        needed = {"train": "", "build": "run", "scales": "", "learned_fresh": "scales", "counted": "run"}
        if done(found, key) or not (folder / needed.get(key, "built")).exists():
            continue
        found[key] = stage(arguments, folder, limit)
        _write(networks)
        print(name, key, found[key].get("seconds", found[key]), flush=True)
    if not done(found, "cycles") and done(found, "verilator"):
        found["cycles"] = {"found": cycles_of_samples(folder / "run" / "network.safetensors", folder / "core")}
        _write(networks)
        print(name, "cycles", found["cycles"]["found"]["error"], flush=True)


def write_short(path: Path) -> None:
    """Two samples' first :data:`STEPS` steps with events, as a data set."""
    train = load("digits-events", DataOptions(steps=8)).train
    np.savez(path, spikes=train.spikes[:2, 2:2 + STEPS], label=train.labels[:2], split=["train"] * 2, classes=10)


def cycles_of_samples(path: Path, place: Path) -> dict[str, Any]:
    """Cycles of some training samples, simulated and predicted."""
    network = read(path)
    samples, labels = digits_events(network, SAMPLES)
    return row(network, samples, labels, simulated(network, samples, labels, place))


def _write(networks: Mapping[str, Any]) -> None:
    write_atomically(RESULTS, (json.dumps({"command": "python benchmarks/deep_hardware.py", **describe("pyosys"),
                                           "networks": networks}, indent=1) + "\n").encode())


def done(row: Mapping[str, Any], key: str) -> bool:
    """Whether a stage of a network has given something; one that failed has not, and is taken up again."""
    return "failed" not in row.get(key, {}).get("found", {"failed": 0})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)}; none takes all")
    parser.add_argument("--work", type=Path, default=Path("build") / "deep_hardware", metavar="FOLDER",
                        help="where runs and builds lie")
    parser.add_argument("--limit", type=float, default=3600, metavar="SECONDS", help="of a stage")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in NETWORKS]
    if unknown:
        parser.error(f"networks are {', '.join(NETWORKS)}, not {', '.join(unknown)}")
    networks = json.loads(RESULTS.read_text("utf-8"))["networks"] if RESULTS.exists() else {}
    for name in arguments.names or NETWORKS:
        measure(name, arguments.work.resolve(), arguments.limit, networks)
    table = Table("network", "mismatches", "seconds")
    for name, one in networks.items():
        table.add_row(name, str([one[key]["found"]["mismatches"] for key in ("icarus", "verilator") if done(one, key)]),
                      str(sum(one[key]["seconds"] for key in commands(name) if done(one, key))))
    Console().print(table)


if __name__ == "__main__":
    main()
