"""Cycles of samples, predicted by formula and simulated: example networks, running and learning.

    python benchmarks/cycles.py [--predict-only] [NAME ...]

Samples follow each other as fast as the core takes them, in Verilator; predicted is the cycle in which the last result
is out, from what the reference says of the same samples. Writes ``docs/results/cycles.json`` after each network;
``--predict-only`` simulates nothing and predicts anew what was simulated before.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from folded_designs import LINGERS, RESIDUAL, conv, dense, pool
from folded_designs import block as folded
from machine import describe
from numpy.typing import NDArray
from resource_fit import block as flat
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.network import Network, spec_digest
from rtl_gen.contract.network_file import read
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.core import Core
from sim.benches.sample_cycles import OUTPUT_VARIABLE
from sim.reference.initial import random_network
from sim.runner import build, run
from sim.scenario import Scenario
from sim.work import cycles_of
from snnfpga.data.options import DataOptions
from snnfpga.data.registry import load

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "cycles.json"
STEPS, GOAL = 8, 0.02


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network with random weights, and samples of random events; or one that is trained from a configuration."""

    blocks: tuple[BlockSpec, ...] = ()
    densities: tuple[float, ...] = (0.05,)
    samples: int = 6
    config: tuple[str, ...] = ()


CASES = {
    "40-20": Case(blocks=(flat(40, 20, 4, lanes=4),), densities=(0.03, 0.1, 0.3), samples=12),
    "64-20": Case(blocks=(flat(64, 20, lanes=4),), densities=(0.03, 0.1, 0.3), samples=12),
    "100-100": Case(blocks=(flat(100, 100, lanes=8),), densities=(0.01, 0.05, 0.2), samples=10),
    "200-64": Case(blocks=(flat(200, 64, lanes=8),), densities=(0.01, 0.05, 0.2), samples=10),
    "256-40, 1 lane": Case(blocks=(flat(256, 40, lanes=1),), densities=(0.01, 0.05, 0.1)),
    "784-200": Case(blocks=(flat(784, 200, lanes=16),), densities=(0.01, 0.05, 0.1)),
    "64-48-32, two reads": Case(blocks=(flat(64, 48, lanes=8, reads=2), flat(48, 32, lanes=4)), densities=(0.05, 0.2),
                                samples=10),
    "three blocks": Case(blocks=(flat(100, 60, lanes=4), flat(60, 40, lanes=4, window=2), flat(40, 30, lanes=8)),
                         densities=(0.05, 0.2), samples=10),
    "configs/digits": Case(config=("train", str(ROOT / "configs" / "digits.yaml"), "--set", "training.epochs=5"),
                           samples=10),
    "16C3-P2-16C3": Case(blocks=(folded(conv(8, 2, 16), conv(4, 16, 16, pool=pool(8, 16))),), densities=(0.03, 0.1),
                         samples=4),
    "8C3, one block, then 32": Case(blocks=(folded(conv(8, 2, 8)), flat(512, 32, lanes=8)), densities=(0.03, 0.1),
                                    samples=4),
    "64R": Case(blocks=(folded(dense(128, 64, recurrent=True)),), densities=(0.03, 0.1)),
    "64-48-32 folded": Case(blocks=(folded(dense(96, 64), dense(64, 48), dense(48, 32)),), densities=(0.03, 0.1)),
    "lingering": Case(blocks=(folded(dense(96, 64, current=LINGERS), dense(64, 48, current=LINGERS)),),
                      densities=(0.03, 0.1)),
    "residual": Case(blocks=(folded(conv(8, 2, 8), conv(8, 8, 8), conv(8, 8, 8, residual=RESIDUAL)),),
                     densities=(0.05,), samples=4),
}


def given(case: Case, density: float) -> tuple[Network, list[NDArray[np.uint8]], NDArray[np.int64]]:
    """The network, samples, and labels to learn from."""
    generator = np.random.default_rng(5)
    if case.config:
        with tempfile.TemporaryDirectory(prefix="snnfpga-") as folder:
            subprocess.run([sys.executable, "-m", "snnfpga", *case.config, "--out", f"{folder}/run"], check=True,
                           capture_output=True)
            network = read(f"{folder}/run/network.safetensors")
        return network, *digits_events(network, case.samples)
    spec = NetworkSpec(name="cycles", blocks=case.blocks, max_steps=64, seed=1)
    samples = [(generator.random((STEPS, spec.inputs)) < density).astype(np.uint8) for _ in range(case.samples)]
    return (random_network(spec, 7, density=density, gain=0.7), samples,
            generator.integers(spec.classes, size=case.samples))


def digits_events(network: Network, count: int) -> tuple[list[NDArray[np.uint8]], NDArray[np.int64]]:
    """Training samples of ``digits-events``; of every other one another class, so that a trained network learns too."""
    split = load("digits-events", DataOptions(steps=network.spec.max_steps)).train
    labels = split.labels[:count].astype(np.int64)
    labels[::2] = (labels[::2] + 1) % network.spec.classes
    return list(split.spikes[:count]), labels


def simulated(network: Network, samples: Sequence[NDArray[np.uint8]], labels: NDArray[np.int64],
              place: Path) -> dict[str, int]:
    """The cycle in which the last result is out, running and learning; ``place`` keeps what was built."""
    scenario = Scenario(network=network, samples=list(samples), labels=labels, actions=[])
    design = build(Core(network.spec), build_dir=place, simulator="verilator")
    with tempfile.TemporaryDirectory(prefix="snnfpga-") as folder:
        output = Path(folder) / "cycles.json"
        run(design, bench="sim.benches.sample_cycles", environment={OUTPUT_VARIABLE: str(output)},
            arrays=scenario.to_arrays())
        found = json.loads(output.read_text("utf-8"))
    return {"learning" if one["learn"] else "running": one["ends"][-1] for one in found}


def row(network: Network, samples: Sequence[NDArray[np.uint8]], labels: NDArray[np.int64],
        found: dict[str, int]) -> dict[str, Any]:
    """What was simulated beside what is predicted."""
    result: dict[str, Any] = {"digest": spec_digest(network.spec), "samples": len(samples), "simulated": found}
    result["predicted"] = {key: cycles_of(network, samples, labels.tolist(), learn=key == "learning") for key in found}
    result["error"] = {key: round(result["predicted"][key] / many - 1, 4) for key, many in found.items()}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CASES)}; none takes all")
    parser.add_argument("--predict-only", action="store_true", help="simulate nothing")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in CASES]
    if unknown:
        parser.error(f"networks are {', '.join(CASES)}, not {', '.join(unknown)}")
    rows = json.loads(RESULTS.read_text("utf-8"))["networks"] if RESULTS.exists() else {}
    for name in arguments.names or CASES:
        with tempfile.TemporaryDirectory(prefix="snnfpga-") as place:
            for density in CASES[name].densities:
                key = name if CASES[name].config else f"{name}, {density:.0%}"
                if arguments.predict_only and key not in rows:
                    continue
                made = given(CASES[name], density)
                rows[key] = row(*made, rows[key]["simulated"] if arguments.predict_only
                                else simulated(*made, Path(place)))
                print(key, rows[key], flush=True)
                write_atomically(RESULTS, (json.dumps({
                    "command": "python benchmarks/cycles.py", **describe("verilator"), "goal": GOAL,
                    "networks": rows}, indent=1) + "\n").encode())
    table = Table("network", *(f"{mode}: {what}" for mode in ("running", "learning")
                               for what in ("simulated", "predicted", "error")))
    for key, found in rows.items():
        table.add_row(key, *(text for mode in ("running", "learning") for text in (
            str(found["simulated"].get(mode, "")), str(found["predicted"].get(mode, "")),
            f"{100 * found['error'][mode]:+.1f} %" if mode in found["error"] else "")))
    Console().print(table)


if __name__ == "__main__":
    main()
