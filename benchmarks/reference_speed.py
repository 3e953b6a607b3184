"""Samples per second of the integer reference, learning with counters, on one core.

Run: ``python benchmarks/reference_speed.py``; writes ``docs/results/reference_speed.json``.
"""

import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.flat import flat_layer
from sim.reference.initial import random_network
from sim.reference.network import Reference

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "reference_speed.json"
INPUTS, HIDDEN, CLASSES, STEPS, WINDOW = 784, 200, 10, 8, 4
GOAL = 500


def network_spec(shadow_bits: int, rounding: str) -> NetworkSpec:
    layer = flat_layer(
        inputs=INPUTS, outputs=HIDDEN, weight_bits=8, shadow_bits=shadow_bits, fraction_bits=6, bias=False,
        membrane_bits=16, leak_shift=3, threshold=128, reset="subtract", surrogate="boxcar", surrogate_width=128,
        surrogate_height=1, rate_shift=12 if shadow_bits == 0 else 5, rounding=rounding, feedback_shift=0)
    readout = ReadoutSpec(
        inputs=HIDDEN, classes=CLASSES, learned=True, weight_bits=8, shadow_bits=shadow_bits,
        rate_shift=6 if shadow_bits == 0 else 1, rounding=rounding, error_function="logistic", logit_shift=4,
        dead_zone=4, accumulate="window")
    block = BlockSpec(layers=(layer,), readout=readout, window=WINDOW, loss_steps=WINDOW, update_interval=1,
                      directives=Directives(lanes=16, memory="auto", engine="reverse"))
    return NetworkSpec(name="speed", blocks=(block,), max_steps=STEPS, seed=1)


def digit_like(count: int, density: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Spikes, (count, STEPS, INPUTS), of which a share ``density`` is set, and labels, (count,).

    As in an image of a digit, most inputs are silent all the time: each sample has a quarter of them that fire. The
    labels are drawn apart from the spikes, so they cannot be learned and errors, hence updates, never cease.
    """
    generator = np.random.default_rng(seed)
    firing = generator.random((count, 1, INPUTS)) < 0.25
    spikes = (generator.random((count, STEPS, INPUTS)) < 4 * density) & firing
    return spikes.astype(np.uint8), generator.integers(0, CLASSES, count)


def measure(shadow_bits: int, rounding: str, density: float, count: int) -> dict[str, Any]:
    samples, labels = digit_like(count, density, seed=0)
    reference = Reference(random_network(network_spec(shadow_bits, rounding), 0, density=density))
    reference.learn(samples[:20], labels[:20])
    reference.clear_counters()
    start = time.perf_counter()
    reference.learn(samples, labels)
    learned = time.perf_counter()
    counters = reference.counters[0]
    reference.evaluate(samples)
    evaluated = time.perf_counter()
    return {"weights": f"8+{shadow_bits}", "rounding": rounding, "input_density": round(float(samples.mean()), 3),
            "hidden_rate": round(counters["spikes"] / (count * STEPS * HIDDEN), 3),
            "updates_per_sample": round(counters["updates"] / count),
            "learn_samples_per_s": round(count / (learned - start)),
            "evaluate_samples_per_s": round(count / (evaluated - learned))}


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    start = time.perf_counter()
    measure(8, "nearest", 0.15, 20)
    first_call = time.perf_counter() - start
    rows = [measure(shadow_bits, rounding, density, 1000)
            for density in (0.10, 0.19) for shadow_bits, rounding in ((8, "nearest"), (0, "stochastic"))]
    table = Table(title=f"Integer reference, {INPUTS}-{HIDDEN}-{CLASSES}, learned readout, T={STEPS}, K={WINDOW}, "
                        "learning with counters, one core")
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=150).print(table)
    worst = min(row["learn_samples_per_s"] for row in rows)
    print(f"slowest {worst} samples/s (goal {GOAL}); first call, with or without cached kernels, {first_call:.1f} s")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({
        "command": "python benchmarks/reference_speed.py", "cores_used": 1, "cores": os.cpu_count(),
        "machine": platform.machine(), "python": platform.python_version(), "numpy": version("numpy"),
        "numba": version("numba"), "goal_learn_samples_per_s": GOAL, "rows": rows}, indent=1) + "\n", "utf-8")
    if worst < GOAL:
        sys.exit(f"Reference must learn at least {GOAL} samples/s, not {worst}")


if __name__ == "__main__":
    main()
