"""What the host does with a core, from its link on: run inside the simulator by :mod:`snnfpga.backends.simulated`.

The driver is the board's own, :class:`board.host.host.Host`; only the link is another.
"""

import os
import socket
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from board.host.host import Host
from board.host.link import Link
from board.host.remote import serve
from rtl_gen.contract.network_file import read, write
from rtl_gen.contract.protocol import Memory
from rtl_gen.contract.spec import NetworkSpec


def evaluate(link: Link, spec: NetworkSpec, *, network: str, samples: str, output: str, done: str) -> dict[str, Any]:
    """Run samples halting after every step.

    Saved are the core's ``predictions`` (N,), and of each layer spikes and membranes (N, T, outputs), zeros after a
    sample's end, and answers (N, classes); where steps have labels the logits at the end of each ``windows``
    (N, W, classes) too, zeros after a sample's last.
    """
    host = Host(link, spec)
    host.load(read(network))
    with np.load(samples) as file:
        spikes, lengths, of_steps = file["spikes"], file["steps"], "step_labels" in file
    most = -(-spikes.shape[1] // spec.blocks[-1].window)
    found: dict[str, list[Any]] = defaultdict(list)
    for number, sample in enumerate(spikes):
        result, steps = host.run_stepwise(sample[:lengths[number]], windows=of_steps)
        found["predictions"].append(result.prediction)
        if result.windows is not None:
            found["windows"].append(np.pad(result.windows, ((0, most - len(result.windows)), (0, 0))))
        for b, block in enumerate(spec.blocks):
            for layer in range(block.depth):
                for name, values in (("spikes", [step.spikes[b][layer] for step in steps]),
                                     ("membranes", [step.membranes[b][layer] for step in steps])):
                    found[f"{name}{b}.{layer}"].append(np.pad(values, ((0, len(sample) - len(steps)), (0, 0))))
            found[f"answers{b}"].append(host.read_memory(b, 0, Memory.ANSWERS).reshape(-1))
        _tell(done, number + 1)
    np.savez(output, **{name: np.array(values) for name, values in found.items()})
    return {}


def learn(link: Link, spec: NetworkSpec, *, network: str, samples: str, output: str, done: str) -> dict[str, Any]:
    """Learn from samples one by one, at the rates of each; write the network that the core then holds, with the rates
    that it came with, and give its counters.
    """
    host, given = Host(link, spec), read(network)
    host.load(given)
    current = given.rates
    with np.load(samples) as file:
        spikes, labels, steps, rates = (file[name] for name in ("spikes", "labels", "steps", "rates"))
        if "step_labels" in file:
            labels = file["step_labels"]
    host.clear_counters()
    for number, (sample, label) in enumerate(zip(spikes, labels, strict=True)):
        if tuple(rates[number].tolist()) != current:
            current = tuple(rates[number].tolist())
            host.set_rates(current)
        host.run(sample[:steps[number]], label=label[:steps[number]] if label.ndim else int(label), learn=True)
        _tell(done, number + 1)
    host.set_rates(given.rates)
    write(output, host.network())
    return {"counters": host.counters(), "errors": int(host.errors())}


def open_window(link: Link, spec: NetworkSpec, *, place: str) -> dict[str, Any]:
    """Let one program reach the core's window through a Unix socket at ``place``, until it leaves."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{place}.new")
        listener.listen()
        os.rename(f"{place}.new", place)       # there once somebody listens, and not before
        serve(listener, link.read, link.write)
    return {}


def _tell(path: str, number: int) -> None:
    """Leave word of how far it is, for the progress bar outside."""
    Path(path).write_text(str(number), encoding="utf-8")
