"""How long samples take in a core whose blocks work at the same time, step by step and by formula.

A block gathers the events of one step while it computes the one before, and has room for the spikes of two. So a step
begins when its events are there, the step before is done, and what the step two before it fired has left: which the
block above may hold up, whose next list is not free, or the readout, which is busy with a window.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .contract.declared import Engines, engines_of
from .contract.spec import NetworkSpec

__all__ = ["LayerTime", "StepTime", "Timeline"]


@dataclass(frozen=True, kw_only=True)
class LayerTime:
    """A step in one layer.

    Attributes
    ----------
    events
        Events that come to it.
    cycles
        From the layer's beginning to that of the next layer, or of the next step, where nothing is waited for.
    leaves
        For each word of neurons, the cycle after the layer's beginning in which its spikes leave the engine.
    spikes
        How many each word has.
    """

    events: int
    cycles: int
    leaves: Sequence[int]
    spikes: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class StepTime:
    """A step in a block.

    Attributes
    ----------
    layers
        What its layers do.
    ends
        Whether a window ends with it.
    dealt_with
        Cycles that the window is dealt with in once its errors are known, where the step ends one that is recorded.
    learns
        Whether that is learning; else it is only forgotten.
    """

    layers: Sequence[LayerTime]
    ends: bool
    dealt_with: int | None = None
    learns: bool = False


class Timeline:
    """A core that is given samples as fast as it takes them, from when it begins with the first.

    Parameters
    ----------
    spec
        The network.
    """

    # Cycles between what a list has gathered and the first weight, and from the host's beat to a token.
    TAKEN, INGESTED = 3, 4
    # From the last weight of a step until its list may be filled again; from a word of spikes to its first token.
    RELEASED, SERIALISED = 3, 2
    # Of a sample: between its last step and the next sample's first; the result's beats and what chooses them.
    STARTS, ANSWERED = 4, 6
    # From a step's token in the readout until errors are taken one a cycle, and from the last to what learns.
    TAKES = 7

    def __init__(self, spec: NetworkSpec) -> None:
        self._blocks = [_Block(engines_of(block)) for block in spec.blocks]
        self._host = 0
        self.end = 0

    def sample(self, steps: Sequence[Sequence[StepTime]]) -> None:
        """A sample follows, [block][step]."""
        for block in self._blocks:
            block.ready = max(block.ready, block.drained + self.STARTS)
        self._host += 1
        for number, of_blocks in enumerate(zip(*steps, strict=True)):
            last = number == len(steps[0]) - 1
            first, at = self._blocks[0], self._host
            at = max(at, first.free) + of_blocks[0].layers[0].events + 1
            self._host = at
            gathered = at + self.INGESTED
            for index, (block, step) in enumerate(zip(self._blocks, of_blocks, strict=True)):
                above = self._blocks[index + 1] if index + 1 < len(self._blocks) else None
                gathered = block.step(step, gathered, above, last=last)
        self.end = max(block.over for block in self._blocks)


class _Block:
    """When what of a block is free."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._readout = engines.readout
        self.ready = 0              # for another step
        self.drained = 0            # when the last step had left the engine, and its window was dealt with
        self.over = 0               # when the last result was out
        self._serialised = 0        # when the last token has left
        self._listens = 0           # when the readout takes tokens again
        self._releases = deque([0, 0], maxlen=2)
        self._left = deque([0, 0], maxlen=2)

    @property
    def free(self) -> int:
        """When the next step's events may be gathered."""
        return self._releases[0]

    def step(self, step: StepTime, gathered: int, above: "_Block | None", *, last: bool) -> int:
        """Compute a step whose events are there in the cycle ``gathered``; gives when the spikes are for ``above``."""
        begins = max(gathered + Timeline.TAKEN, self.ready, self._left[0])
        tokens = max(self._serialised, self._listens, 0 if above is None else above.free)
        for number, layer in enumerate(step.layers):
            inner = number < len(step.layers) - 1
            sent = self._serialised if inner else tokens
            for leaves, spikes in zip(layer.leaves, layer.spikes, strict=True):
                sent = max(sent, begins + leaves + Timeline.SERIALISED) + max(1, spikes)
            sent += bool(layer.spikes[-1])
            alone = begins + layer.leaves[-1] + Timeline.SERIALISED + 1
            if number == 0:
                self._releases.append(begins + layer.cycles + Timeline.RELEASED)
            begins += layer.cycles
            drained = alone
            if inner:
                begins += max(0, sent - alone - 1)
                self._serialised = sent
                tokens = max(tokens, sent)
        self._serialised = sent
        self._left.append(sent)
        self.ready, self.drained = begins, max(begins, drained)
        classes = self._engines.forward.block.readout.classes
        if step.ends and self._engines.forward.block.directives.learns:
            self._listens = sent + classes + Timeline.TAKES
            if step.dealt_with is not None:
                done = max(self._listens, drained) + step.dealt_with
                self.ready = self.drained = max(self.ready, done + 1)
                rows = self._readout.weights.depth
                walked = rows * self._readout.walk.parts if step.learns else 0
                self._listens = max(done, self._listens + walked) + 1
        if last:
            self._listens = max(self._listens, sent) + 2 * classes + Timeline.ANSWERED
        self.over = max(self.drained, self._listens)
        return sent + 1
