"""Memory of learning as samples grow: what the backward pass keeps, at its peak, of one batch of random events.

Run: ``python benchmarks/memory.py``; writes ``docs/results/memory.json``. Bytes are those of the tensors that autograd
really keeps (:class:`snnfpga.learning.memory.ActivationMeter`).

State of S-TLLR beside that of BPTT, three times: by the paper's convention, a word for each neuron and step against two
for each neuron; with a trace for each input of a layer, which it needs as well; and in bytes, what autograd keeps and,
for S-TLLR, its traces.
"""

import json
from pathlib import Path
from typing import Any

import torch
from machine import describe
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.atomic import write_atomically
from snnfpga.config.models import Config
from snnfpga.learning.memory import ActivationMeter
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch
from snnfpga.network.initial import initialise
from snnfpga.training.trainer import prepare

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "memory.json"
STEPS = (16, 32, 64, 100, 128, 256)
BATCH, INPUTS, CLASSES, WINDOW, DENSITY = 32, 256, 10, 10, 0.1
BLOCKS = ((256,), (128,), (64,))
RULE_NAMES = ("truncated-local", "bptt", "bptt-checkpoint", "s-tllr", "sltt")


def peak(rule: str, steps: int) -> int:
    config = Config.model_validate({"network": {"blocks": BLOCKS}, "learning": {"rule": rule, "window": WINDOW}})
    generator = torch.Generator().manual_seed(steps)
    events = (torch.rand(steps, BATCH, INPUTS, generator=generator) < DENSITY).to(torch.uint8)
    network = initialise(config, events.float(), CLASSES)
    with ActivationMeter() as meter:
        RULES[rule].learn(network, config.learning, Batch(events=events, labels=torch.arange(BATCH) % CLASSES))
    return meter.peak_bytes


def state_ratios(steps: int) -> dict[str, float]:
    """State of BPTT over that of S-TLLR; membranes are in neither."""
    neurons = [layer for block in BLOCKS for layer in block]
    inputs = [INPUTS, *neurons[:-1]]
    traces = sum(inputs) + sum(neurons)
    in_bytes = peak("bptt", steps) / (peak("s-tllr", steps) + 4 * BATCH * traces)
    return {"paper": steps * sum(neurons) / (2 * sum(neurons)), "with input traces": steps * sum(neurons) / traces,
            "bytes": round(in_bytes, 2)}


def main() -> None:
    prepare("cpu", threads=1)
    peaks: dict[str, dict[int, int]] = {rule: {steps: peak(rule, steps) for steps in STEPS} for rule in RULE_NAMES}
    ratios = {steps: state_ratios(steps) for steps in (10, 20, 100)}
    local, bptt = peaks["truncated-local"], peaks["bptt"]
    found: dict[str, Any] = {
        "command": "python benchmarks/memory.py", **describe("torch"),
        "network": {"inputs": INPUTS, "blocks": BLOCKS, "batch": BATCH, "window": WINDOW, "density": DENSITY},
        "peak_activation_bytes": peaks, "growth_16_to_256": round(local[256] / local[16] - 1, 4),
        "share_of_bptt_at_100": round(local[100] / bptt[100], 4),
        "checkpoint_share_of_bptt_at_100": round(peaks["bptt-checkpoint"][100] / bptt[100], 4),
        "state_bptt_over_s_tllr": ratios}
    write_atomically(RESULTS, (json.dumps(found, indent=1) + "\n").encode())
    table = Table("rule", *(f"T = {steps}" for steps in STEPS), title="Peak activation bytes", title_justify="left")
    for rule in RULE_NAMES:
        table.add_row(rule, *(f"{peaks[rule][steps]:,}" for steps in STEPS))
    Console(width=120).print(table)
    print(f"truncated-local grows by {100 * found['growth_16_to_256']:.1f} % from T = 16 to 256; "
          f"at T = 100 it keeps {100 * found['share_of_bptt_at_100']:.1f} % of BPTT's bytes")
    print(f"bptt-checkpoint keeps {100 * found['checkpoint_share_of_bptt_at_100']:.1f} % of BPTT's bytes at T = 100")
    print(f"State of BPTT over S-TLLR: {ratios}")


if __name__ == "__main__":
    main()
