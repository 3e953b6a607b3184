"""A network's accuracy on a backend, and how far the backend is from PyTorch."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.network import Network
from sim.compare import Comparison

from ..console import Advance
from ..data.dataset import Split
from ..network.exact import check_exact
from ..network.inference import weights_of
from .backend import Trace
from .registry import make
from .windows import WindowScore

TRUTH = "torch"
QUANTITIES = ("spikes", "membranes", "answers", "predictions")


@dataclass(frozen=True)
class Measured:
    """Predictions (N,) and the last block's answers (N, classes) of a backend, and what was compared with PyTorch.

    ``windows`` are its answers to labelled windows, where steps have labels; else None.
    """

    predictions: NDArray[np.int64]
    answers: NDArray[np.int64]
    differences: Comparison
    windows: WindowScore | None = None

    def accuracy(self, split: Split) -> float:
        """The share of samples answered right, or where steps have labels of labelled windows."""
        return self.sample_accuracy(split) if self.windows is None else self.windows.accuracy

    def sample_accuracy(self, split: Split) -> float:
        """The share of samples whose prediction is their label."""
        return float((self.predictions == split.labels).mean())


def measure(network: Network, split: Split, backend: str, advance: Advance, place: str | None = None) -> Measured:
    """Run ``split`` on ``backend``, and compare every spike, membrane, answer and prediction with PyTorch's.

    Of PyTorch itself there is nothing to compare with. ``advance`` is called with the number of samples done, and
    ``place`` is as a :class:`.backend.Backend` takes it.

    Raises
    ------
    SpecError
        If PyTorch could not compute this network exactly.
    """
    check_exact(network.spec, weights_of(network))
    differences, compared = Comparison(QUANTITIES, TRUTH), backend != TRUTH
    windows = None if split.step_labels is None else WindowScore(network.spec.blocks[-1], split)
    traces: Iterable[Trace] = make(backend, network, place).run(split, advance, trace=compared)
    if compared:
        traces = _compared(differences, traces, make(TRUTH, network).run(split, lambda done=1: None, trace=True))
    found = []
    for number, trace in enumerate(traces):
        found.append((trace.prediction, trace.answers[-1]))
        if windows is not None:
            windows.add(number, trace)
    return Measured(np.array([prediction for prediction, _ in found], np.int64),
                    np.array([answers for _, answers in found], np.int64), differences, windows)


def _compared(differences: Comparison, traces: Iterable[Trace], truth: Iterable[Trace]) -> Iterable[Trace]:
    """Pass ``traces`` on, each compared with its own of ``truth``."""
    for number, (found, wanted) in enumerate(zip(traces, truth, strict=True)):
        compare(differences, f"sample {number}", found, wanted)
        yield found


def compare(differences: Comparison, sample: str, found: Trace, wanted: Trace) -> None:
    """Count what differs between two traces of ``sample``."""
    for name in ("spikes", "membranes"):
        for b, blocks in enumerate(zip(getattr(found, name), getattr(wanted, name), strict=True)):
            for index, (one, other) in enumerate(zip(*blocks, strict=True)):
                differences.compare(name, f"{sample}, {name} of block {b} layer {index}", one, other)
    for b, (one, other) in enumerate(zip(found.answers, wanted.answers, strict=True)):
        differences.compare("answers", f"{sample}, answer of block {b}", one, other)
    if (found.windows is None) is not (wanted.windows is None):
        raise ValueError(f"Compared {sample} must have logits at the end of windows on both sides, or on neither")
    # A core tells those of its last block alone.
    for b, (one, other) in enumerate(zip((found.windows or [])[::-1], (wanted.windows or [])[::-1], strict=False)):
        differences.compare("answers", f"{sample}, logits of block {len(wanted.answers) - 1 - b} at the end of windows",
                            one, other)
    differences.compare("predictions", f"{sample}, prediction", [found.prediction], [wanted.prediction])
