"""Cycles of a sample in two blocks, by how many events may wait in front of the second.

    python benchmarks/ahead.py [--simulator icarus]

Measured in simulation on a whole core, with one sample of many windows, random weights and inputs of which 10 % are
active; the second block always learns. Answers, spikes and what was written are those of the reference each time.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe

from board.host.host import Host
from rtl_gen.contract import network_file
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.network import Network
from rtl_gen.contract.protocol import Status
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.core import Core
from sim.core import SimulatedLink, run_on_core
from sim.reference.flat import flat_layer
from sim.reference.initial import random_network
from sim.reference.network import Reference
from sim.runner import build

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "ahead.json"
STEPS, WINDOW, DENSITY = 32, 8, 0.10
AHEAD = 0, 64, 512
# Lanes of the two blocks of 256-128-128, and whether the first learns: those with which both work about as long.
PAIRS = {"first does not learn": (5, 4, False), "both learn": (8, 4, True)}
COMPARED = "spikes", "updates", "weights_written", "windows_learned"
LINE = "{pair:<22} {ahead:>6} {cycles:>8} {blocks}"


def network(*, first: int, second: int, learns: bool, ahead: int) -> Network:
    """The two blocks with random weights, the same whatever waits."""
    blocks = []
    for inputs, lanes, engine, wait in ((256, first, "reverse" if learns else "none", 0),
                                        (128, second, "reverse", ahead)):
        layer = flat_layer(inputs=inputs, outputs=128, weight_bits=8, shadow_bits=8, fraction_bits=6, bias=False,
                           membrane_bits=16, leak_shift=3, threshold=64, reset="subtract", surrogate="boxcar",
                           surrogate_width=64, surrogate_height=1, rate_shift=8, rounding="nearest", feedback_shift=0)
        readout = ReadoutSpec(inputs=128, classes=10, learned=True, weight_bits=8, shadow_bits=8, rate_shift=8,
                              rounding="nearest", error_function="logistic", logit_shift=4, dead_zone=0,
                              accumulate="window")
        blocks.append(BlockSpec(layers=(layer,), readout=readout, window=WINDOW, loss_steps=WINDOW, update_interval=1,
                                directives=Directives(lanes=lanes, memory="block", engine=engine, ahead=wait)))
    return random_network(NetworkSpec(name="pair", blocks=tuple(blocks), max_steps=STEPS, seed=1), 1, density=DENSITY)


def sample(spec: NetworkSpec) -> np.ndarray:
    """Spikes (steps, inputs)."""
    return (np.random.default_rng(2).random((STEPS, spec.inputs)) < DENSITY).astype(np.uint8)


def measure(link: SimulatedLink, spec: NetworkSpec, *, network: str) -> list[int]:
    """Host script: cycles of learning from the sample, and those in which each block computed or learned; what came
    out, and how much was learned, is the reference's.
    """
    start, spikes = network_file.read(Path(network)), sample(spec)
    host, reference = Host(link, spec, timeout_s=600), Reference(start)
    host.load(start)
    host.clear_counters()
    found = host.run(spikes, label=3, learn=True)
    host.wait_for(Status.IDLE)
    counters = host.counters()
    wanted = reference.run(spikes, 3, learn=True)
    assert np.array_equal(found.answers, wanted.answers[-1])
    assert all(counters[f"block{b}.{name}"] == much for b, own in enumerate(reference.counters)
               for name, much in own.items() if name in COMPARED)
    return [int(counters["cycles"]), *(int(counters[f"block{b}.forward_cycles"] + counters[f"block{b}.update_cycles"])
                                       for b in range(len(spec.blocks)))]


def rows(simulator: str) -> list[dict[str, Any]]:
    """A row a pair and queue."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for pair, (first, second, learns) in PAIRS.items():
            for ahead in AHEAD:
                place = Path(folder) / f"{len(found)}"
                place.mkdir()
                start = network(first=first, second=second, learns=learns, ahead=ahead)
                network_file.write(place / "network.safetensors", start)
                design = build(Core(start.spec), build_dir=place / "core", simulator=simulator)
                cycles, *blocks = run_on_core(design, script="ahead:measure", arguments={
                    "network": str(place / "network.safetensors")})
                found.append({"pair": pair, "lanes": [first, second], "first learns": learns, "ahead": ahead,
                              "cycles": cycles, "blocks": blocks})
                print(LINE.format(**found[-1]), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulator", default="icarus", choices=("verilator", "icarus"))
    simulator = parser.parse_args().simulator
    print(f"{'pair':<22} {'ahead':>6} {'cycles':>8} of each block")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"command": "python benchmarks/ahead.py", **describe(), "simulator": simulator,
                                   "steps": STEPS, "window": WINDOW, "density": DENSITY,
                                   "rows": rows(simulator)}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
