"""Cycles of samples, predicted by formula and simulated: small networks drawn at random, running and learning.

    python benchmarks/drawn_cycles.py [--predict-only] [NUMBER ...]

A number draws a network, of every kind that there is hardware of, and the density and length of its samples; what one
draws that no engine serves is passed over. Writes ``docs/results/drawn_cycles.json`` after each network;
``--predict-only`` simulates nothing and predicts anew what was simulated before.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from cycles import GOAL, row
from machine import describe
from numpy.typing import NDArray

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.limits import check_hardware
from rtl_gen.contract.network import Network
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.core import Core
from sim.benches.sample_cycles import OUTPUT_VARIABLE
from sim.reference.initial import random_network
from sim.runner import build, run
from sim.scenario import Scenario

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.folded_networks import conv, dense, folded_spec, pool  # noqa: E402
from tests.networks import network_spec  # noqa: E402

RESULTS = ROOT / "docs" / "results" / "drawn_cycles.json"
NETWORKS, SAMPLES = 24, 3
KINDS = ("flat", "flat", "flat", "two blocks", "two blocks", "convolution", "convolution, pooled readout", "two layers",
         "recurrent", "residual", "pooled input")
LANES, DENSITIES, WINDOWS = (1, 2, 3, 4, 5, 8, 16, 40), (0.01, 0.03, 0.05, 0.1, 0.2, 0.4), (1, 2, 3, 4, 5, 8)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What a number draws: a kind of network, with its samples' density of events and steps."""

    kind: str
    spec: NetworkSpec
    density: float
    steps: int


def draw(number: int) -> Drawn:
    """Raises ``SnnfpgaError`` where there is no such network."""
    r = random.Random(number)
    kind, window, density = r.choice(KINDS), r.choice(WINDOWS), r.choice(DENSITIES)
    reading = r.choice((None, None, "sum", "last", "maximum"))
    common = dict(
        classes=r.choice((2, 3, 4, 7, 10)), lanes=r.choice(LANES), window=window, learned=r.random() < 0.7,
        loss_steps=window if reading in ("last", "maximum") else r.randint(1, window),
        update_interval=r.choice((1, 1, 1, 2, 3)), answer="all" if reading else r.choice(("all", "all", "last")),
        accumulate="cumulative" if reading else r.choice(("window", "cumulative")))
    neuron = dict(rounding=r.choice(("nearest", "stochastic")), reset=r.choice(("subtract", "zero")),
                  leak_shift=r.choice((None, 2, 3)))
    leak = dict(leak_shift=r.choice((1, 2, 4)), reading=reading, logit_shift=5) if reading else {}
    if kind in ("flat", "two blocks"):
        sizes = (r.randint(4, 60),) if kind == "flat" else (r.randint(8, 50), r.randint(6, 40))
        leak = {"readout_leak_shift" if name == "leak_shift" else name: value for name, value in leak.items()}
        spec = network_spec(inputs=r.randint(10, 80), sizes=sizes, reads=r.choice((1, 1, 2)), unroll=r.random() < 0.3,
                            classes_per_cycle=None if reading == "maximum" else r.choice((None, 1, 2, 10)),
                            ahead=r.choice((0, 16)) if len(sizes) > 1 else 0, **common, **neuron, **leak)
    else:
        layers, readout_pool = folded_layers(r, kind, neuron)
        spec = folded_spec(*layers, learning=True, readout_pool=readout_pool, **common, **leak)
    steps = r.choice((2 * window, 2 * window + 1, 7, 12))
    spec = replace(spec, max_steps=max(16, steps))
    check_hardware(spec)
    return Drawn(kind=kind, spec=spec, density=density, steps=steps)


def folded_layers(r: random.Random, kind: str, neuron: dict[str, Any]) -> tuple[list, Any]:
    """Layers of one block, and the readout's pool."""
    height, width, channels = r.randint(3, 6), r.randint(3, 6), r.choice((1, 2, 3))
    filters, kernel = r.randint(2, 6), r.choice((2, 3))
    hidden, outputs = r.randint(8, 30), r.randint(6, 20)
    if kind == "two layers":
        return [dense(r.randint(10, 40), hidden, **neuron), dense(hidden, outputs, **neuron)], None
    if kind == "recurrent":
        more = [dense(hidden, outputs, recurrent=r.random() < 0.5, **neuron)] * (r.random() < 0.6)
        return [dense(r.randint(10, 40), hidden, recurrent=True, **neuron), *more], None
    if kind == "residual":
        first, second, third = (conv(4, 4, many, filters, 3, padding=1, **neuron)
                                for many in (channels, filters, filters))
        return [first, second, replace(third, residual=ResidualSpec(below=2, shift=0, own_shift=0))], None
    first = conv(height, width, channels, filters, kernel, padding=r.choice((0, 1)), stride=r.choice((1, 1, 2)),
                 **neuron)
    grid = first.synapses
    if kind == "convolution":
        return [first], None
    above = pool(r.choice(("or", "sum")), 2, grid.out_height, grid.out_width, filters)
    if kind == "convolution, pooled readout":
        return [first], above
    return [first, dense(above.outputs, outputs, pool=above, **neuron)], None


def given(drawn: Drawn) -> tuple[Network, list[NDArray[np.uint8]], NDArray[np.int64]]:
    """The network with random weights, samples of random events, and labels."""
    generator, spec = np.random.default_rng(4), drawn.spec
    samples = [(generator.random((drawn.steps, spec.inputs)) < drawn.density).astype(np.uint8) for _ in range(SAMPLES)]
    return (random_network(spec, 3, density=drawn.density), samples,
            generator.integers(spec.classes, size=SAMPLES))


def simulated(network: Network, samples: Sequence[NDArray[np.uint8]], labels: NDArray[np.int64]) -> dict[str, int]:
    """The cycle in which the last result is out, running and learning."""
    scenario = Scenario(network=network, samples=list(samples), labels=labels, actions=[])
    with tempfile.TemporaryDirectory(prefix="snnfpga-") as folder:
        design, output = build(Core(network.spec), build_dir=Path(folder), simulator="icarus"), Path(folder) / "c.json"
        run(design, bench="sim.benches.sample_cycles", environment={OUTPUT_VARIABLE: str(output)},
            arrays=scenario.to_arrays())
        found = json.loads(output.read_text("utf-8"))
    return {"learning" if one["learn"] else "running": one["ends"][-1] for one in found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", type=int, metavar="NUMBER", help=f"none takes the first {NETWORKS}")
    parser.add_argument("--predict-only", action="store_true", help="simulate nothing")
    arguments = parser.parse_args()
    rows = json.loads(RESULTS.read_text("utf-8"))["networks"] if RESULTS.exists() else {}
    wanted, number = list(arguments.numbers), 0
    while not arguments.numbers and len(wanted) < NETWORKS:
        try:
            draw(number)
            wanted.append(number)
        except SnnfpgaError:
            pass
        number += 1
    for number in wanted:
        if arguments.predict_only and str(number) not in rows:
            continue
        drawn = draw(number)
        made = given(drawn)
        found = row(*made, rows[str(number)]["simulated"] if arguments.predict_only else simulated(*made))
        block = drawn.spec.blocks[0]
        rows[str(number)] = {"kind": drawn.kind, "inputs": drawn.spec.inputs,
                             "outputs": [block.outputs for block in drawn.spec.blocks], "classes": drawn.spec.classes,
                             "window": block.window, "loss_steps": block.loss_steps, "reading": block.readout.reading,
                             "update_interval": block.update_interval, "density": drawn.density, "steps": drawn.steps,
                             "directives": asdict(block.directives), **found}
        print(number, drawn.kind, found["simulated"], found["error"], flush=True)
        write_atomically(RESULTS, (json.dumps({
            "command": "python benchmarks/drawn_cycles.py", **describe("icarus"), "goal": GOAL,
            "networks": dict(sorted(rows.items(), key=lambda item: int(item[0])))}, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
