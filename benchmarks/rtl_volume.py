"""Generated hardware against the integer reference over all of MNIST's test samples, and over a course of learning.

    python benchmarks/rtl_volume.py [forward] [learning] --data-root FOLDER [--samples N]

A core of 784-200-10 runs in Verilator, driven through its streams and registers, and every value that it gives is
compared. ``forward``: the reference has learned from 10,000 training samples, and the core runs the 10,000 test samples
with these weights. ``learning``: the core begins with random weights and learns from 10,000 training samples one after
another, never loaded again. Every hundredth sample halts after each step, where spikes and membranes are compared;
every thousand samples the counters are, and all weights. Ends with status 1 where one value differs. Writes
``docs/results/rtl_volume.json``, unless there are fewer samples.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from machine import describe
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.network import Network, spec_digest
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.core import Core
from sim.reference.flat import flat_layer
from sim.reference.initial import random_network
from sim.reference.network import Reference
from sim.runner import build
from sim.scenario import learning_scenario
from sim.verify import Verification, follow
from snnfpga.data.dataset import DataSet
from snnfpga.data.registry import DataOptions, load

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "rtl_volume.json"
SAMPLES, STEPS, WINDOW, HIDDEN, CLASSES, LANES = 10_000, 8, 4, 200, 10, 40
EVERY, HALTED = 1000, 100       # samples between two readings of all weights, and two that halt
GOAL = 20                       # samples a second, forward


def specification(inputs: int) -> NetworkSpec:
    layer = flat_layer(
        inputs=inputs, outputs=HIDDEN, weight_bits=8, shadow_bits=8, fraction_bits=7, bias=True, membrane_bits=16,
        leak_shift=3, threshold=128, reset="subtract", surrogate="boxcar", surrogate_width=128, surrogate_height=1,
        rate_shift=8, rounding="nearest", feedback_shift=0)
    readout = ReadoutSpec(
        inputs=HIDDEN, classes=CLASSES, learned=True, weight_bits=8, shadow_bits=8, rate_shift=2, rounding="nearest",
        error_function="logistic", logit_shift=4, dead_zone=24, accumulate="window")
    block = BlockSpec(layers=(layer,), readout=readout, window=WINDOW, loss_steps=WINDOW, update_interval=1,
                      directives=Directives(lanes=LANES, reads=2, memory="auto", engine="reverse"))
    return NetworkSpec(name="volume", blocks=(block,), max_steps=STEPS, seed=1)


def learned(network: Network, data: DataSet, count: int) -> Network:
    """The network after the reference has learned from the first ``count`` training samples."""
    reference = Reference(network)
    reference.learn(data.train.spikes[:count], data.train.labels[:count])
    return reference.network()


def measure(job: str, start: Network, data: DataSet, count: int) -> dict[str, Any]:
    network, split = (start, data.train) if job == "learning" else (learned(start, data, SAMPLES), data.test)
    spikes, labels = split.spikes[:count], split.labels[:count]
    with TemporaryDirectory() as folder:
        design = build(Core(network.spec), build_dir=Path(folder), simulator="verilator", optimise=True)
        scenario = learning_scenario(network, spikes, labels, learn=job == "learning", every=EVERY, stepwise=HALTED)
        began = time.monotonic()
        found = follow(design, scenario)
        seconds = time.monotonic() - began
    return {**told(found), "seconds": round(seconds, 1), "samples_per_s": round(count / seconds, 1),
            "cycles_per_sample": round(found.cycles / count),
            "test_accuracy": round(accuracy(found.learned, data), 2), "specification": spec_digest(network.spec)}


def told(found: Verification) -> dict[str, Any]:
    of_block = {name.removeprefix("block0."): value for name, value in found.counters.items() if "." in name}
    return {"samples": found.samples, "mismatches": found.mismatches, "compared": found.compared,
            "described": list(found.described), "hidden_rate": round(found.rates[0], 3),
            "weights_changed": round(found.changed[0], 3), "counters": of_block}


def accuracy(network: Network, data: DataSet) -> float:
    """Of the reference, which the core has been compared with, on all test samples; in percent."""
    predicted = Reference(network).evaluate(data.test.spikes[:])
    return 100 * float(np.mean(predicted == data.test.labels))


def show(results: dict[str, Any]) -> None:
    table = Table("", "samples", "differ", "results", "spikes", "membranes", "weights", "counters", "samples/s",
                  "test accuracy", title="RTL in Verilator against the reference, MNIST", title_justify="left")
    for job, row in results.items():
        kinds = ("readouts", "spikes", "membranes", "weights", "counters")
        table.add_row(job, *(f"{value:,}" for value in (row["samples"], row["mismatches"])),
                      *(f"{row['compared'][kind]:,}" for kind in kinds), str(row["samples_per_s"]),
                      f"{row['test_accuracy']:.2f} %")
    Console(width=140).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", nargs="*", metavar="JOB", help="forward or learning; none takes both")
    parser.add_argument("--data-root", type=Path, required=True, help="folder of which mnist/ is one")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="fewer, to try it")
    arguments = parser.parse_args()
    jobs = arguments.jobs or ["forward", "learning"]
    if unknown := set(jobs) - {"forward", "learning"}:
        parser.error(f"jobs are forward and learning, not {', '.join(sorted(unknown))}")
    if not 1 <= arguments.samples <= SAMPLES:
        parser.error(f"samples must be in 1..{SAMPLES}, not {arguments.samples}")
    data = load("mnist", DataOptions(root=arguments.data_root, steps=STEPS))
    spec = specification(data.inputs)
    start = random_network(spec, 1, density=float(data.train.spikes[:1000].mean()), readout_share=0.06)
    results = json.loads(RESULTS.read_text("utf-8"))["results"] if RESULTS.exists() else {}
    for job in jobs:
        results[job] = measure(job, start, data, arguments.samples)
        print(job, json.dumps(results[job]), flush=True)
        if arguments.samples == SAMPLES:
            write_atomically(RESULTS, (json.dumps({
                "command": "python benchmarks/rtl_volume.py --data-root FOLDER", **describe("verilator"),
                "steps": STEPS, "window": WINDOW, "lanes": LANES, "goal_samples_per_s": GOAL,
                "results": results}, indent=1) + "\n").encode())
    show({job: results[job] for job in jobs})
    if any(results[job]["mismatches"] for job in jobs):
        sys.exit("The core differs from the reference")


if __name__ == "__main__":
    main()
