"""The integer reference: a whole network, sample by sample, as ``docs/arithmetic.md`` says. Imports no framework."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.checks import check_range
from rtl_gen.contract.limits import check_learning
from rtl_gen.contract.network import Network, check_rates
from rtl_gen.contract.protocol import BLOCK_COUNTERS

from .block import COUNTER_MAX, Block
from .labels import Label, check_label

Spikes = NDArray[np.uint8]


@dataclass(frozen=True)
class Result:
    """What a sample gave.

    Attributes
    ----------
    prediction
        The last block's class of the largest answer; the lowest such index.
    answers
        For each block (classes,) int64.
    spikes, membranes
        With a trace, for each block and layer (T, outputs), uint8 and int32; a membrane is the one after the reset.
        Else None.
    windows
        For each block (W, classes) int64: its logits at the end of each window, where they were asked for. Else None.
    windows_unlabelled
        Windows, of all blocks, that would have been learned from and have no label.
    """

    prediction: int
    answers: list[NDArray[np.int64]]
    spikes: list[list[Spikes]] | None
    membranes: list[list[NDArray[np.int32]]] | None
    windows: list[NDArray[np.int64]] | None = None
    windows_unlabelled: int = 0


class Reference:
    """A network that runs and learns in integers, bit for bit as the hardware does.

    It copies the weights of ``network`` and owns the copy. ``seed`` and ``rates``, a list of a rate for each block, may
    be set between samples.

    Attributes
    ----------
    windows_unlabelled
        As :attr:`Result.windows_unlabelled`, over all samples since the counters were cleared.

    Raises
    ------
    ValueError
        If a sum could exceed 64 bits; or, where ``seed`` is set, if that is no number of 32 bits.
    """

    def __init__(self, network: Network) -> None:
        self.spec = network.spec
        self.seed = network.spec.seed
        self.rates = list(network.rates)
        self._blocks = [Block(network, index) for index in range(len(network.spec.blocks))]
        self.windows_unlabelled = 0
        self._learns = False

    @property
    def seed(self) -> int:
        """Seeds the random words, 32 bits."""
        return self._seed

    @seed.setter
    def seed(self, value: int) -> None:
        check_range("Seed", value, 0, (1 << 32) - 1)
        self._seed = value

    def network(self) -> Network:
        """The network as it stands: stored weights, readouts, window numbers, rates."""
        return Network(
            spec=replace(self.spec, seed=self.seed),
            weights=tuple(tuple(values.copy() for values in block.stored) for block in self._blocks),
            readouts=tuple(block.readout.copy() for block in self._blocks),
            window_numbers=tuple(block.window_number for block in self._blocks), rates=tuple(self.rates))

    @property
    def counters(self) -> list[dict[str, int]]:
        """For each block its counters, named as in :data:`rtl_gen.contract.protocol.BLOCK_COUNTERS`."""
        return [dict(block.counters) for block in self._blocks]

    def clear_counters(self) -> None:
        for block in self._blocks:
            block.counters = dict.fromkeys(BLOCK_COUNTERS, 0)
        self.windows_unlabelled = 0

    def run(self, spikes: Spikes, label: Label, learn: bool, trace: bool = False, windows: bool = False) -> Result:
        """Run a sample, and learn from it in the blocks that have an update engine.

        Parameters
        ----------
        spikes
            (T, inputs), how many events of each index came in each step; those beyond the ``input_max`` of the
            specification, which is 1 where it does not say, are dropped and counted.
        label
            The class, or (T,) the class of each step, looked at only to learn; -1 is none. A window learns from the
            label of its last step that has one, and from a sample or a window without any nothing is learned.
        windows
            Whether to give the logits at the end of each window.

        Raises
        ------
        ValueError
            If the spikes have a wrong shape, negative or fractional values, or more than ``max_steps`` steps, or the
            label is neither a class nor -1, or not one a step, of a network that is to learn, or ``rates`` holds what
            is no rate.
        """
        self._check_label(label, len(spikes), learn)
        events = self._events(spikes, 1, self.spec.max_steps)
        return self._run(events, label, learn, trace, windows=windows)

    def abort(self, spikes: Spikes, label: Label, learn: bool, partial_step: NDArray[np.uint8] | None = None) -> None:
        """Run a sample that is aborted: it gives no result and does not learn from an unfinished window.

        Parameters
        ----------
        spikes
            (T, inputs), the steps that were completed, T >= 0.
        partial_step
            (inputs,), the events of the step the abort fell into; they are counted as events, and not computed.

        Raises
        ------
        ValueError
            As :meth:`run`; there can be at most ``max_steps - 1`` completed steps.
        """
        self._check_label(label, len(spikes), learn)
        events = self._events(spikes, 0, self.spec.max_steps - 1)
        if partial_step is not None:
            self._events(np.asarray(partial_step)[None], 1, 1)
        self._run(events, label, learn, trace=False, aborted=True)

    def evaluate(self, samples: Spikes, labels: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Predictions, (N,), for ``samples``, (N, T, inputs), without learning; ``labels`` are only checked to fit.

        Raises
        ------
        ValueError
            As :meth:`run`.
        """
        _check_samples(samples, labels)
        return np.array([self.run(sample, 0, learn=False).prediction for sample in samples], np.int64)

    def learn(self, samples: Spikes | Sequence[Spikes], labels: Sequence[Label] | NDArray[np.int64],
              order: NDArray[np.int64] | None = None,
              progress: Callable[[int], object] | None = None) -> NDArray[np.int64]:
        """Learn from ``samples``, (N, T, inputs) or N of (steps, inputs), one by one; give the predictions on the way.

        Parameters
        ----------
        labels
            For each sample its class, or (steps,) the class of each of its steps; -1 is none.
        order
            Indices of the samples to learn from, in this order; all of them as they lie where None.
        progress
            Called after each sample with the number done.

        Raises
        ------
        ValueError
            As :meth:`run`, or if no block has an update engine.
        """
        _check_samples(samples, labels)
        if not any(block.directives.learns for block in self.spec.blocks):
            raise ValueError(f"Network {self.spec.name} must have a block with learning in its directives to learn, "
                             "not none; switch it on in the hardware section")
        chosen = np.arange(len(samples)) if order is None else order
        predictions = np.empty(len(chosen), np.int64)
        for done, index in enumerate(chosen):
            predictions[done] = self.run(samples[index], labels[index], learn=True).prediction
            if progress is not None:
                progress(done + 1)
        return predictions

    def _run(self, events: Spikes, label: Label, learn: bool, trace: bool, aborted: bool = False,
             windows: bool = False) -> Result:
        check_rates(self.spec, self.rates)
        passages = []
        for index, block in enumerate(self._blocks):
            if index:
                block.count_events(np.count_nonzero(events), 0)
            block.rate = self.rates[index]
            passages.append(block.run(events, label, learn, self.seed, aborted, windows))
            events = passages[-1].spikes[-1]
        unlabelled = sum(passage.windows_unlabelled for passage in passages)
        self.windows_unlabelled += unlabelled
        return Result(
            prediction=int(np.argmax(passages[-1].answer)),     # argmax takes the lowest of equal ones
            answers=[passage.answer for passage in passages],
            spikes=[passage.spikes for passage in passages] if trace else None,
            membranes=[passage.membranes for passage in passages] if trace else None,
            windows=[np.array(passage.logits) for passage in passages] if windows else None,
            windows_unlabelled=unlabelled)

    def _events(self, spikes: Spikes, shortest: int, longest: int) -> Spikes:
        """Check ``spikes``; count the first block's events; give those that count, (T, inputs)."""
        values = np.asarray(spikes)
        if values.ndim != 2 or values.shape[1] != self.spec.inputs:
            raise ValueError(f"Spikes must have shape (steps, {self.spec.inputs}), not {values.shape}")
        if not shortest <= len(values) <= longest:
            raise ValueError(f"A sample must have {shortest}..{longest} steps, not {len(values)}; cut it or raise "
                             "max_steps")
        if values.dtype.kind not in "bui" or (values.dtype.kind == "i" and values.size and values.min() < 0):
            raise ValueError("Spikes must be counts of events, integers of at least 0, not "
                             f"{values.min() if values.dtype.kind == 'i' else values.dtype}")
        counts = self.spec.input_max > 1
        events = (np.minimum(values, self.spec.input_max).astype(np.uint8, order="C") if counts
                  else np.ascontiguousarray(values != 0).view(np.uint8))
        came = accepted = int(events.sum(dtype=np.int64)) if counts else np.count_nonzero(events)
        if values.size and values.max() > self.spec.input_max:
            if values.dtype.itemsize == 8:      # their sum could wrap, and a counter ends long before
                values = np.minimum(values, COUNTER_MAX + 1)
            came = int(values.sum(dtype=np.int64))
        self._blocks[0].count_events(accepted, came - accepted)
        return events

    def _check_label(self, label: Label, steps: int, learn: bool) -> None:
        if learn:
            if not self._learns:        # once: it takes about as long as a small sample
                check_learning(self.spec)
                self._learns = True
            check_label(label, steps, self.spec.classes)


def _check_samples(samples: Spikes | Sequence[Spikes], labels: NDArray[np.int64] | None) -> None:
    if isinstance(samples, np.ndarray) and samples.ndim != 3:
        raise ValueError(f"Samples must have shape (N, steps, inputs), not {samples.shape}")
    if labels is not None and len(labels) != len(samples):
        raise ValueError(f"There must be a label for each of {len(samples)} samples, not {len(labels)}")
