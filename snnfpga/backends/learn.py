"""On-chip learning from outside: the same samples on any backend that learns as the chip does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rtl_gen.contract.network import Network
from rtl_gen.contract.network_file import NetworkFileError, read_notes
from sim.compare import Comparison

from ..console import Advance
from ..data.dataset import Split
from ..runs.held_out import HELD_OUT
from .backend import Backend, Rates
from .registry import make
from .windows import WindowScore, check_windows

LEARNED_FROM = "learned_from"
TRUTH = "reference"
QUANTITIES = ("weights", "counters")


@dataclass(frozen=True)
class Learned:
    """The network that a backend has learned, its counters, and what of both was compared with the reference's."""

    network: Network
    counters: dict[str, int]
    differences: Comparison


def accuracy(network: Network, split: Split, advance: Advance) -> float:
    """Share of ``split`` that the network, as it stands, answers right; where steps have labels, of labelled windows.
    """
    traces = make(TRUTH, network).run(split, advance, trace=False)
    if split.step_labels is not None:
        score = WindowScore(network.spec.blocks[-1], split)
        for number, found in enumerate(traces):
            score.add(number, found)
        return score.accuracy
    return sum(found.prediction == label for found, label in zip(traces, split.labels, strict=True)) / len(split)


def learn(network: Network, split: Split, backend: str, advance: Advance, place: str | None = None,
          rates: Rates = None) -> Learned:
    """Learn from ``split`` on ``backend``, and compare every weight and counter with the reference's.

    Of the reference itself there is nothing to compare with. ``advance`` is called after each sample.

    Raises
    ------
    SnnfpgaError
        If the backend does not learn as the chip does.
    """
    learner, differences = make(backend, network, place), Comparison(QUANTITIES, f"the {TRUTH}")
    learner.learn(split, advance, rates)
    if backend != TRUTH:
        wanted = make(TRUTH, network)
        wanted.learn(split, lambda done=1: None, rates)
        compare(differences, learner, wanted)
    return Learned(learner.network(), learner.counters(), differences)


def compare(differences: Comparison, one: Backend, other: Backend) -> None:
    """Count what differs between two backends after they have learned the same."""
    found, wanted = one.network(), other.network()
    for b, layers in enumerate(zip(found.weights, wanted.weights, strict=True)):
        for index, pair in enumerate(zip(*layers, strict=True)):
            differences.compare("weights", f"weights of block {b} layer {index}", *pair)
    for b, pair in enumerate(zip(found.readouts, wanted.readouts, strict=True)):
        differences.compare("weights", f"readout of block {b}", *pair)
    differences.compare("weights", "window numbers", found.window_numbers, wanted.window_numbers)
    differences.compare("weights", "rates", found.rates, wanted.rates)
    counted = one.counters()
    for name, value in other.counters().items():
        differences.compare("counters", f"counter {name}", [counted[name]], [value])


def check(network: Network, halves: Mapping[str, Split], thing: str) -> None:
    """Refuse samples to learn from, ``train``, and to ``test`` with, before any of them is run.

    Raises
    ------
    SnnfpgaError
        If steps have labels and the samples no labelled window.
    """
    for name, half in halves.items():
        check_windows(network.spec.blocks[-1], half, f"{thing}, its {name} samples,")


def learned_notes(source: Path, after: float, samples: int, data: str) -> dict[str, str]:
    """Notes of the learned network: those of the network it came from, and what was added.

    It may have learned from samples that training held out, so that they are no longer.
    """
    notes = {name: text for name, text in read_notes(source).items() if name != HELD_OUT}
    return {**notes, "test_accuracy": json.dumps(after), LEARNED_FROM: f"{samples} samples of {data}"}


def is_learned(path: Path) -> bool:
    """Whether ``snnfpga learn`` wrote this network file."""
    try:
        return LEARNED_FROM in read_notes(path)
    except NetworkFileError:
        return False
