"""Time of a training batch beside that of snnTorch and SpikingJelly on the same network and events.

Run: ``python benchmarks/speed.py``; needs ``pip install snntorch spikingjelly``; writes ``docs/results/speed.json``.

Ours is the rule truncated-local with a window of 10 steps, a layer a block, one update a sample; theirs is
backpropagation through all steps, their own way. Each zeroes the gradients, goes forward and backward, and takes a
fused Adam step. Theirs run as fast as they can: SpikingJelly in multi-step mode; in both one product or convolution a
layer over all steps at once, images channels last, no biases, a linear readout, averaged over the steps. The
convolutions have strides and no pooling, so that all three have the same ones. snnTorch runs once as it is and once
with its neurons compiled by torch.compile, a step at a time: a graph of all steps, which SpikingJelly's neurons would
become, takes longer to compile than anybody waits.

Contestants take turns, batch by batch, so that whatever else the machine does meets all; a ratio is of one turn, and
what is given is the median. The fastest of the others is the one with the smallest median time. Beside it stands the
ratio of the shortest times, which is what a machine with nothing else to do would come to.
"""

import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from machine import describe
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from rtl_gen.contract.atomic import write_atomically
from snnfpga.config.models import Config
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch
from snnfpga.network.initial import initialise
from snnfpga.training.trainer import optimiser, prepare

try:
    import snntorch
    from spikingjelly.activation_based import functional, neuron
except ImportError as missing:
    sys.exit(f"Speed is measured beside others, and {missing.name} is not installed; pip install snntorch spikingjelly")

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "speed.json"
SENSOR = 34, 34, 2      # height, width and channels of the inputs
STEPS, BATCH, CLASSES, WINDOW, DECAY, RATE = 100, 64, 10, 10, 0.875, 1e-3
GAIN = 4                # with PyTorch's own initial weights their convolutions stay silent, and learn nothing
WARM_UP, TURNS = 3, 15
COMPILED = "snntorch, compiled"

Train = Callable[[], float]     # one batch; the loss


@dataclass(frozen=True)
class Case:
    """A network, and how active its inputs are.

    Attributes
    ----------
    network
        Section ``network`` of our configuration.
    synapses
        Their layers before each LIF layer; the last is the readout.
    given
        Our events (T * B, inputs) as their first layer takes them.
    goal
        Largest ratio to be reached.
    """

    name: str
    density: float
    network: dict[str, Any]
    synapses: Callable[[], list[nn.Module]]
    given: Callable[[Tensor], Tensor]
    goal: float


def dense_layers() -> list[nn.Module]:
    return [nn.Linear(2312, 512, bias=False), nn.Linear(512, 512, bias=False), nn.Linear(512, CLASSES, bias=False)]


def convolutions() -> list[nn.Module]:
    layers = [nn.Conv2d(2, 16, 5, 2, bias=False), nn.Conv2d(16, 32, 3, 2, 1, bias=False),
              nn.Conv2d(32, 32, 3, 2, 1, bias=False)]
    for layer in layers:
        layer.weight.data *= GAIN
    readout = nn.Sequential(nn.Flatten(), nn.Linear(512, CLASSES, bias=False))
    return [layer.to(memory_format=torch.channels_last) for layer in (*layers, readout)]


def images(events: Tensor) -> Tensor:
    """(M, channels, height, width), channels last in memory as all that is convolved here: half the time."""
    return events.unflatten(1, SENSOR).permute(0, 3, 1, 2)


CASES = [
    *(Case(f"2312-512-512-10, {density:.0%}", density, {"blocks": ((512,), (512,))}, dense_layers, nn.Identity(), goal)
      for density, goal in ((0.20, 0.65), (0.05, 0.4), (0.01, 0.25))),
    Case("16C5S2P0-32C3S2-32C3S2-10, 5%", 0.05, {"blocks": (("16C5S2P0",), ("32C3S2",), ("32C3S2",))}, convolutions,
         images, 0.7)]


def ours(case: Case, events: Tensor, labels: Tensor) -> Train:
    config = Config.model_validate({
        "network": case.network, "learning": {"rule": "truncated-local", "window": WINDOW},
        "training": {"batch": BATCH, "rate": RATE, "threads": torch.get_num_threads()}})
    network = initialise(config, events.float(), CLASSES, SENSOR)
    adam, learn = optimiser(network, config.training), RULES[config.learning.rule].learn

    def batch() -> float:
        adam.zero_grad(set_to_none=True)
        losses = learn(network, config.learning, Batch(events=events, labels=labels)).losses
        adam.step()
        network.clip()
        return float(losses[-1] or 0.0)

    return batch


class SnnTorch(nn.Module):
    """snnTorch: a product over all steps, then its Leaky neuron step by step."""

    def __init__(self, synapses: list[nn.Module]) -> None:
        super().__init__()
        self.synapses = nn.ModuleList(synapses)
        self.neurons = nn.ModuleList(snntorch.Leaky(beta=DECAY) for _ in synapses[1:])

    def forward(self, events: Tensor) -> Tensor:
        for layer, leaky in zip(self.synapses[:-1], self.neurons, strict=True):
            membrane, spikes = leaky.init_leaky(), []
            currents = layer(events)
            # unbind, not indexing: the gradient of an index would fill a tensor of all steps at each of them.
            for current in currents.unflatten(0, (STEPS, BATCH)).unbind(0):
                fired, membrane = leaky(current, membrane)
                spikes.append(fired)
            events = torch.cat(spikes)
        return self.synapses[-1](events).unflatten(0, (STEPS, BATCH)).mean(0)


class SpikingJelly(nn.Module):
    """SpikingJelly: multi-step mode, the PyTorch backend, which is the one it has for CPUs."""

    def __init__(self, synapses: list[nn.Module]) -> None:
        super().__init__()
        self.synapses = nn.ModuleList(synapses)
        self.neurons = nn.ModuleList(
            neuron.LIFNode(tau=1 / (1 - DECAY), decay_input=False, v_reset=None, detach_reset=True, step_mode="m")
            for _ in synapses[1:])

    def forward(self, events: Tensor) -> Tensor:
        functional.reset_net(self)
        for layer, lif in zip(self.synapses[:-1], self.neurons, strict=True):
            events = lif(layer(events).unflatten(0, (STEPS, BATCH))).flatten(0, 1)
        return self.synapses[-1](events).unflatten(0, (STEPS, BATCH)).mean(0)


def theirs(model: Callable[[Tensor], Tensor], weights: list[nn.Parameter], given: Tensor, labels: Tensor) -> Train:
    adam = torch.optim.Adam(weights, lr=RATE, fused=True)

    def batch() -> float:
        torch.use_deterministic_algorithms(False)       # ours needs it, theirs need not pay for it
        adam.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(given), labels)
        loss.backward()
        adam.step()
        torch.use_deterministic_algorithms(True)
        return loss.item()

    return batch


def contestants(case: Case) -> dict[str, Train]:
    generator = torch.Generator().manual_seed(round(1000 * case.density))
    events = (torch.rand(STEPS, BATCH, math.prod(SENSOR), generator=generator) < case.density).to(torch.uint8)
    labels = torch.arange(BATCH) % CLASSES
    torch.manual_seed(0)
    found, given = {"snnfpga": ours(case, events, labels)}, case.given(events.float().flatten(0, 1))
    for name, kind in (("snntorch", SnnTorch), (COMPILED, SnnTorch), ("spikingjelly", SpikingJelly)):
        model = kind(case.synapses())
        if name == COMPILED:
            model.neurons = nn.ModuleList(torch.compile(leaky) for leaky in model.neurons)
        found[name] = theirs(model, list(model.parameters()), given, labels)
    return found


def measure(case: Case, threads: int) -> dict[str, Any]:
    prepare("cpu", threads)
    torch.compiler.reset()      # it gives a function up after eight shapes, those of earlier cases among them
    trains = contestants(case)
    before = {name: train() for name, train in trains.items()}
    for train in (*trains.values(),) * (WARM_UP - 1):
        train()
    times: dict[str, list[float]] = {name: [] for name in trains}
    for _ in range(TURNS):
        for name, train in trains.items():
            start = time.perf_counter()
            loss = train()
            times[name].append(time.perf_counter() - start)
            if not math.isfinite(loss):
                sys.exit(f"{name} must train, and its loss is {loss}")
    for name, train in trains.items():
        if not train() < before[name]:
            sys.exit(f"{name} must learn from {WARM_UP + TURNS} times the same batch, and its loss did not fall")
    medians = {name: statistics.median(values) for name, values in times.items()}
    fastest = min((name for name in times if name != "snnfpga"), key=medians.__getitem__)
    ratio = statistics.median(own / other for own, other in zip(times["snnfpga"], times[fastest], strict=True))
    shortest = min(times["snnfpga"]) / min(min(values) for name, values in times.items() if name != "snnfpga")
    return {"case": case.name, "threads": threads, "ratio": round(ratio, 3), "ratio_of_shortest": round(shortest, 3),
            "goal": case.goal, "fastest": fastest,
            "milliseconds": {name: round(1000 * median, 1) for name, median in medians.items()}}


def main() -> None:
    rows = [measure(case, threads) for threads in sorted({1, os.cpu_count() or 1}) for case in CASES]
    table = Table("network, active inputs", "threads", "ratio", "of shortest", "goal", "the fastest", "ms: ours",
                  "snnTorch", "compiled", "SpikingJelly", title_justify="left",
                  title=f"A training batch, T = {STEPS}, K = {WINDOW}, B = {BATCH}")
    for row in rows:
        table.add_row(row["case"], str(row["threads"]), f"{row['ratio']:.2f}", f"{row['ratio_of_shortest']:.2f}",
                      f"{row['goal']:.2f}", row["fastest"],
                      *(f"{value:.0f}" for value in row["milliseconds"].values()))
    Console(width=140).print(table)
    result = {"command": "python benchmarks/speed.py",
              **describe("torch", "numba", "snntorch", "spikingjelly"),
              "capability": torch.backends.cpu.get_cpu_capability(),
              "network": {"steps": STEPS, "batch": BATCH, "window": WINDOW}, "turns": TURNS, "rows": rows}
    write_atomically(RESULTS, (json.dumps(result, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
