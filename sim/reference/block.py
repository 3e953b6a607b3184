"""One block: its weights, its window number, its counters, and a sample's way through it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import error_table, readout_shift
from rtl_gen.contract.network import RATE_OFF, Network
from rtl_gen.contract.protocol import BLOCK_COUNTERS
from rtl_gen.contract.sums import SUM_BITS, running_sum_max

from .backward import Credit, credits_of
from .forward import Trace, forward
from .grid import Counts, pooled
from .labels import NONE, Label, label_of
from .layer_update import update_layer
from .level_credit import by_steps, counted, steps_read
from .levels import Levels, read_steps
from .readout import errors
from .rounding import addends
from .update import update
from .window import Window

COUNTER_MAX = (1 << 32) - 1


@dataclass
class Passage:
    """What a sample left in a block; a list entry a layer, (T, outputs) each."""

    spikes: list[NDArray[np.uint8]]
    gates: list[NDArray[np.uint8]]
    membranes: list[NDArray[np.int32]]
    answer: NDArray[np.int64]       # (classes,)
    logits: list[NDArray[np.int64]] = field(default_factory=list)   # (classes,) at the end of each window, if asked for
    windows_unlabelled: int = 0

    def layer(self, index: int, span: slice) -> Trace:
        """The steps ``span`` of one layer, as views."""
        return Trace(self.spikes[index][span], self.gates[index][span], self.membranes[index][span])


class Block:
    """State of one block of a network, and the order of its operations.

    ``rate`` may be set between samples: 0 .. 3, or :data:`rtl_gen.contract.network.RATE_OFF`.

    Raises
    ------
    ValueError
        If a sum of this block could exceed 64 bits, where this reference stops being exact.
    """

    def __init__(self, network: Network, index: int) -> None:
        self.spec = network.spec.blocks[index]
        self.layer_numbers = [network.spec.layer_number(index, layer) for layer in range(self.spec.depth + 1)]
        self.table = np.array(error_table(self.spec.readout.error_function), np.int64)
        self.stored = [np.array(values, np.int32, order="C") for values in network.weights[index]]
        self.readout = np.array(network.readouts[index], np.int32, order="C")
        self.window_number = network.window_numbers[index]
        self.rate = network.rates[index]
        self.counters = dict.fromkeys(BLOCK_COUNTERS, 0)
        self._check_widths(network.spec.max_steps, index)

    def _check_widths(self, max_steps: int, index: int) -> None:
        """Every sum of a passage must fit the 64 bits it is computed in; those of learning are checked where it does.
        """
        largest = running_sum_max(self.spec, max_steps)
        if largest.bit_length() > SUM_BITS:
            raise ValueError(f"Sums of block {index} must stay below {SUM_BITS} bits in the reference, not reach "
                             f"{largest.bit_length()}; take a shorter sample, narrower weights or smaller residual "
                             "shifts")

    def _count(self, **amounts: int) -> None:
        for name, amount in amounts.items():
            self.counters[name] = min(COUNTER_MAX, self.counters[name] + int(amount))

    def count_events(self, accepted: int, dropped: int) -> None:
        self._count(events=accepted, events_dropped=dropped)

    def run(self, events: NDArray[np.uint8], label: Label, learn: bool, seed: int, aborted: bool = False,
            windows: bool = False) -> Passage:
        """Pass a sample of T complete steps through the block; learn at the end of its windows.

        ``events`` is (T, inputs), 0 or 1. A block without an update engine does not learn, nor does one that is off. An
        aborted sample does not learn from a window it left unfinished. The logits at the end of each window are kept
        where ``windows``.
        """
        steps = len(events)
        learn = learn and self.spec.directives.learns and self.rate != RATE_OFF
        sizes = [layer.outputs for layer in self.spec.layers]
        passage = Passage(
            spikes=[np.empty((steps, size), np.uint8) for size in sizes],
            gates=[np.empty((steps, size), np.uint8) for size in sizes],
            membranes=[np.empty((steps, size), np.int32) for size in sizes],
            answer=np.zeros(self.spec.readout.classes, np.int64))
        membranes = [np.zeros(size, np.int32) for size in sizes]
        own = [np.zeros(layer.outputs if layer.synapses.recurrent else 0, np.uint8) for layer in self.spec.layers]
        kept = [np.zeros(0 if layer.current is None else layer.outputs, np.int64) for layer in self.spec.layers]
        logit = np.zeros(self.spec.readout.classes, np.int64)
        levels = Levels.at_rest(self.spec.readout.classes)
        # Without learning, and where the answer is of all steps, nothing happens at the end of a window.
        windowed = learn or windows or self.spec.readout.answer == "last"
        window = self.spec.window if windowed else steps
        for w, start in enumerate(range(0, steps, max(window, 1))):
            stop = min(start + window, steps)
            if self.spec.readout.accumulate == "window":
                logit[:] = 0
            if self.spec.readout.answer == "last":
                passage.answer[:] = 0
            passed = self._forward(events[start:stop], slice(start, stop), passage, membranes, own, kept, levels, logit)
            if windows:
                passage.logits.append(logit.copy())
            unfinished = aborted and stop - start < window
            if learn and not unfinished and self._learns_from(w, stop - start):
                wanted = label_of(label, slice(start, stop))
                if wanted == NONE:
                    passage.windows_unlabelled += 1
                else:
                    self._learn(passed, logit, steps_read(self.spec.readout, levels, start, stop - start), wanted, seed)
        return passage

    def _forward(self, events: NDArray[np.uint8], span: slice, passage: Passage,
                 membranes: list[NDArray[np.int32]], own: list[NDArray[np.uint8]], kept: list[NDArray[np.int64]],
                 levels: Levels, logit: NDArray[np.int64]) -> Window:
        """The steps of ``span``, layer after layer: the layers of a block only look down, so this order is free."""
        flows: list[NDArray[np.int64] | None] = []
        window = Window(span.start)
        for layer, spec in enumerate(self.spec.layers):
            flows.append(self._flow(layer, len(events), flows))
            window.seen.append(pooled(spec.pool, events))
            window.traces.append(passage.layer(layer, span))
            before = own[layer].copy()
            counted = forward(spec, self.stored[layer], window.seen[layer], membranes[layer], window.traces[layer],
                              own[layer], flows[layer], kept[layer])
            window.own.append(np.vstack([before, window.traces[layer].spikes[:-1]]) if spec.synapses.recurrent
                              else np.zeros((len(events), 0), np.uint8))
            self._count(spikes=counted.fired, synaptic_operations=counted.operations,
                        membrane_saturations=counted.saturated,
                        weights_read=counted.operations + (len(events) * spec.outputs if spec.weights.bias else 0))
            events = window.traces[layer].spikes
        readout = self.spec.readout
        window.read = pooled(readout.pool, events)
        read_steps(readout, self.readout, window.read, self.spec.window - self.spec.loss_steps, levels, passage.answer,
                   logit)
        operations = int(window.read.sum()) * readout.classes
        self._count(readout_operations=operations, weights_read=operations if readout.learned else 0)
        return window

    def _flow(self, layer: int, steps: int, flows: list[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
        """What is added to the currents of a layer, (R, outputs), which take its place; None where nobody asks."""
        residual = self.spec.layers[layer].residual
        if residual is not None:
            return flows[layer - residual.below] << residual.shift
        return np.zeros((steps, self.spec.layers[layer].outputs), np.int64) if layer in self.spec.sources else None

    def _learns_from(self, w: int, steps: int) -> bool:
        """Whether window ``w`` of a sample, of ``steps`` steps, is learned from."""
        chosen = w % self.spec.update_interval == self.spec.update_interval - 1
        return chosen and steps > self.spec.window - self.spec.loss_steps

    def _learn(self, window: Window, logit: NDArray[np.int64], until: NDArray[np.int64], label: int,
               seed: int) -> None:
        number = self.window_number
        self.window_number = (number + 1) & 0xFFFFFFFF
        readout = self.spec.readout
        error = errors(logit, label, readout.logit_shift, self.table, readout.dead_zone)
        error[until == 0] = 0
        if not error.any():
            self._count(windows_skipped=1)
            return
        self._count(windows_learned=1)
        # All feedback is computed from the weights as they stand, then all weights are written.
        found, products = credits_of(self.spec, self.stored, self.readout, error, until, window)
        self._count(multiplies=products, weights_read=products)
        self._update(seed, number, error, until, found, window)

    def _update(self, seed: int, number: int, error: NDArray[np.int64], until: NDArray[np.int64],
                found: list[Credit], window: Window) -> None:
        for layer, spec in enumerate(self.spec.layers):
            addend = addends(spec.update, self.rate, spec.rows, seed, number, self.layer_numbers[layer])
            self._count_updates(update_layer(spec, self.stored[layer], spec.weights.stored_bits,
                                             spec.update.rate_shift + self.rate, addend, found[layer], window, layer))
        readout = self.spec.readout
        if readout.learned:
            addend = addends(readout, self.rate, readout.rows, seed, number, self.layer_numbers[-1])
            for active, credit in self._of_rows(error, until, window):
                self._count_updates(update(self.readout, readout.stored_bits, readout_shift(readout) + self.rate,
                                           addend, active, 0, credit))

    def _of_rows(self, error: NDArray[np.int64], until: NDArray[np.int64],
                 window: Window) -> Iterator[tuple[Counts, NDArray[np.int64]]]:
        """What rows of the readout were active by (L, rows), and the credits (L, classes) that they are told."""
        readout = self.spec.readout
        if readout.leak_shift is not None:
            yield from (counted(self.spec, window.read, own, steps) for steps, own in by_steps(error, until))
        else:
            active = window.read[self.spec.window - self.spec.loss_steps:]
            yield active, np.ascontiguousarray(np.broadcast_to(error, (len(active), readout.classes)))

    def _count_updates(self, counts: tuple[int, int, int, int]) -> None:
        updates, written, underflows, saturations = counts
        self._count(updates=updates, weights_read=updates, weights_written=written, underflows=underflows,
                    weight_saturations=saturations)
