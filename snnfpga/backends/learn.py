"""On-chip learning from outside: the same samples on the reference or on the hardware in a simulator."""

import json
from collections.abc import Callable
from pathlib import Path

from rtl_gen.contract.network import Network
from rtl_gen.contract.network_file import NetworkFileError, read_notes
from rtl_gen.contract.protocol import BLOCK_COUNTERS
from sim.reference.network import Reference

from ..data.dataset import Split

LEARNED_FROM = "learned_from"

Advance = Callable[..., None]
Counters = dict[str, int]


def accuracy(network: Network, split: Split, advance: Advance) -> float:
    """Share of ``split`` that the network, as it stands, answers right."""
    reference, right = Reference(network), 0
    for number, (sample, label) in enumerate(zip(split.spikes, split.labels, strict=True)):
        right += reference.run(sample[:split.steps_of(number)], 0, learn=False).prediction == label
        advance()
    return right / len(split)


def on_reference(network: Network, split: Split, advance: Advance, simulator: str | None) -> tuple[Network, Counters]:
    """Learn on the integer reference."""
    reference = Reference(network)
    samples = [sample[:split.steps_of(number)] for number, sample in enumerate(split.spikes)]
    reference.learn(samples, split.labels, progress=lambda done: advance())
    blocks = reference.counters
    return reference.network(), {name: sum(block[name] for block in blocks) for name in BLOCK_COUNTERS}


def on_rtl(network: Network, split: Split, advance: Advance, simulator: str | None) -> tuple[Network, Counters]:
    """Learn on the generated hardware in a simulator, through the board's own driver."""
    from .simulated import learn

    learned, counters = learn(network, split, advance, simulator)
    blocks = range(len(network.spec.blocks))
    return learned, {name: sum(counters[f"block{b}.{name}"] for b in blocks) for name in BLOCK_COUNTERS}


BACKENDS: dict[str, Callable[[Network, Split, Advance, str | None], tuple[Network, Counters]]] = {
    "reference": on_reference,
    "rtl": on_rtl,
}


def learned_notes(source: Path, after: float, samples: int, data: str) -> dict[str, str]:
    """Notes of the learned network: those of the network it came from, and what was added."""
    return {**read_notes(source), "test_accuracy": json.dumps(after), LEARNED_FROM: f"{samples} samples of {data}"}


def is_learned(path: Path) -> bool:
    """Whether ``snnfpga learn`` wrote this network file."""
    try:
        return LEARNED_FROM in read_notes(path)
    except NetworkFileError:
        return False
