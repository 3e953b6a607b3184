"""What each step and window of a sample asks of a core's engines, by the reference, and the cycles that takes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.declared import engines_of
from rtl_gen.contract.engines.folded.reach import Taps, taps_of
from rtl_gen.contract.network import Network
from rtl_gen.contract.plan import LayerPlan, plan_of
from rtl_gen.pace import LayerTime, Pace, StepTime

from .reference.backward import Credit
from .reference.block import Block
from .reference.labels import Label
from .reference.network import Reference
from .reference.window import Window
from .window_work import WindowWork, by_word

__all__ = ["WorkReference", "cycles_of", "pace_of"]

LEFT = 6                    # cycles before a folded layer's end in which its last word leaves the engine


def cycles_of(network: Network, samples: Sequence[NDArray[np.uint8]], labels: Sequence[Label], *, learn: bool) -> int:
    """Cycles until the last result of ``samples`` is out, (T, inputs) each, that come as fast as a core takes them.

    A label is of a sample, or (T,) of its steps. What blocks before the last still learn then is not in it.
    """
    return pace_of(network, samples, labels, learn=learn).out


def pace_of(network: Network, samples: Sequence[NDArray[np.uint8]], labels: Sequence[Label], *, learn: bool) -> Pace:
    """The core after these samples, as :func:`cycles_of` has them."""
    reference, pace = WorkReference(network), Pace(network.spec)
    for spikes, label in zip(samples, labels, strict=True):
        pace.sample(reference.times(spikes, label, learn=learn))
    return pace


class WorkReference(Reference):
    """A reference that says what a sample asks of the hardware, step by step."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self._blocks = [_WorkBlock(network, index) for index in range(len(network.spec.blocks))]
        self._works = [_StepWork(block) for block in network.spec.blocks]

    def times(self, spikes: NDArray[np.uint8], label: Label, *, learn: bool) -> list[list[StepTime]]:
        """Run a sample, learning from it or not; gives what its steps take, [block][step]."""
        for block in self._blocks:
            block.passed = []
        self.run(spikes, label, learn)
        return [[step for passed in block.passed for step in work.of(passed)]
                for block, work in zip(self._blocks, self._works, strict=True)]


@dataclass
class _Passed:
    """A run of steps that ends with a window or a sample.

    Attributes
    ----------
    window
        What happened in its steps.
    recorded
        Whether the hardware records it, to be learned from or forgotten.
    credits
        Of each layer, where it was learned from.
    """

    window: Window
    recorded: bool = False
    credits: list[Credit] | None = None


class _WorkBlock(Block):
    """A block of the reference that keeps its windows."""

    def __init__(self, network: Network, index: int) -> None:
        super().__init__(network, index)
        self.passed: list[_Passed] = []

    def _forward(self, *given: object) -> Window:
        self.passed.append(_Passed(super()._forward(*given)))
        return self.passed[-1].window

    def _learns_from(self, w: int, steps: int) -> bool:
        self.passed[-1].recorded = w % self.spec.update_interval == self.spec.update_interval - 1
        return super()._learns_from(w, steps)

    def _update(self, seed: int, number: int, error: NDArray[np.int64], until: NDArray[np.int64],
                found: list[Credit], window: Window) -> None:
        self.passed[-1].credits = found
        super()._update(seed, number, error, until, found, window)


class _StepWork:
    """What steps take in a block."""

    def __init__(self, block: BlockSpec) -> None:
        self._block, self._plan, self._engines = block, plan_of(block), engines_of(block)
        self._windows = WindowWork(self._plan)
        self._seeing = [_words_seeing(layer) for layer in self._plan.layers]

    def of(self, passed: _Passed) -> list[StepTime]:
        window, found = passed.window, []
        layers = [self._layer(number, window) for number in range(self._block.depth)]
        steps = len(window.read)
        dealt_with, walked = None, 0
        if passed.recorded:
            dealt_with = self._windows.cycles(window, passed.credits)
            walked = 0 if passed.credits is None else self._windows.walked(window)
        for step in range(steps):
            last = step == steps - 1
            found.append(StepTime(
                layers=[layer[step] for layer in layers], ends=last or (step + 1) % self._block.window == 0,
                dealt_with=dealt_with if last else None, learns=last and passed.credits is not None,
                walked=walked if last else 0))
        return found

    def _layer(self, number: int, window: Window) -> list[LayerTime]:
        """The steps of a window in a layer."""
        plan, forward, found = self._plan.layers[number], self._engines.forward, []
        fired = by_word(plan, window.traces[number].spikes).sum(axis=2)
        words = np.arange(1, plan.words + 1)
        for step, spikes in enumerate(fired):
            counts = window.seen[number][step]
            events = int(counts.sum()) + int(window.own[number][step].sum())
            if self._plan.flat:
                cycles, fed, begun = forward.cycles(events), 0, 0
                each = -(-max(1, plan.layer.weights.bias + events) // forward.reads)
                leaves = forward.latency + each * words
            else:
                conv = plan.layer.synapses.kind == "conv"
                reached = self._reached(number, counts) if conv else []
                cycles = forward.layer_cycles(number, events, reached)
                leaves = cycles - LEFT - max(1, forward.heads(plan) + (0 if conv else events)) * (plan.words - words)
                cycles += forward.between_steps if number == self._block.depth - 1 else 0
                fed, begun = forward.fed_cycles(number), forward.begun_cycles(number, events, reached)
            found.append(LayerTime(events=int(counts.sum()), cycles=cycles, fed=fed, begun=begun,
                                   leaves=leaves.tolist(), spikes=spikes.tolist()))
        return found

    def _reached(self, number: int, counts: NDArray[np.uint8]) -> list[int | None]:
        """Words of a convolution that the events of a step reach, in the order in which they are walked."""
        seeing, found = self._seeing[number], []
        for source in np.flatnonzero(counts).tolist():
            found += seeing[source] * int(counts[source])
        return found


def _words_seeing(layer: LayerPlan) -> list[list[int | None]]:
    """For each source of a convolution the words that weigh it: last place first; of none, that it takes a cycle."""
    synapses = layer.layer.synapses
    if synapses.kind != "conv":
        return []
    down, across = ([taps_of(pixel, places=places, kernel=synapses.kernel, stride=synapses.stride,
                             padding=synapses.padding) for pixel in range(side)]
                    for side, places in ((synapses.height, synapses.out_height), (synapses.width, synapses.out_width)))

    def places(taps: Taps) -> range:
        return range(taps.place, taps.place - taps.count, -1)

    found: list[list[int | None]] = []
    for y in range(synapses.height):
        for x in range(synapses.width):
            words = [(oy * synapses.out_width + ox) * layer.column_words + column for oy in places(down[y])
                     for ox in places(across[x]) for column in range(layer.column_words)]
            found += [words or [None]] * synapses.channels
    return found
