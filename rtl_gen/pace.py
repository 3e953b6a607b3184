"""How long samples take in a core whose blocks work at the same time, step by step and by formula.

A block gathers the events of one step while it computes the one before, and words of spikes wait to leave it. So a step
begins when its events are there and the step before is done. A flat block begins it with room for all its words, a
folded one waits for room word by word. The block above may hold them up, whose next list is not free and in front of
which no more may wait, or the readout, which is busy with a window.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .contract.declared import Engines, engines_of
from .contract.spec import NetworkSpec

__all__ = ["LayerTime", "Pace", "StepTime"]


@dataclass(frozen=True, kw_only=True)
class LayerTime:
    """A step in one layer.

    Attributes
    ----------
    events
        Events that come to it, its own spikes not among them.
    cycles
        From the layer's beginning to that of the next layer, or of the next step, where nothing is waited for.
    fed
        From the last spike of the layer before until all events are known to be there, at least.
    begun
        In which there is something to do before that must be known.
    leaves
        For each word of neurons, the cycle after the layer's beginning in which its spikes leave the engine.
    spikes
        How many each word has.
    """

    events: int
    cycles: int
    fed: int
    begun: int
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
    walked
        Cycles in which the readout walks its rows meanwhile, where it is learning.
    """

    layers: Sequence[LayerTime]
    ends: bool
    dealt_with: int | None = None
    learns: bool = False
    walked: int = 0


class Pace:
    """A core that is given samples as fast as it takes them, from when it begins with the first.

    Parameters
    ----------
    spec
        The network.

    Attributes
    ----------
    out
        The cycle in which the last result is out. Blocks before the last may still learn.
    end
        The same, and what the sample says is learned in all blocks.
    """

    ENTERS = 6                  # from what the host sends to its first token

    def __init__(self, spec: NetworkSpec) -> None:
        ahead = [block.directives.ahead for block in spec.blocks]
        engines = [engines_of(block) for block in spec.blocks]
        entered = [0 if found.forward.plan.flat else found.forward.entered_cycles for found in engines]
        above = [_Queue(waiting, longer) for waiting, longer in zip(ahead[1:], entered[1:], strict=True)]
        self._blocks = [_Block(*given) for given in zip(engines, [*above, _Queue()], strict=True)]
        # When the first block has taken what the host has sent.
        self._host = self.ENTERS + entered[0]
        self.out = self.end = 0

    def sample(self, steps: Sequence[Sequence[StepTime]]) -> None:
        """A sample follows, [block][step]."""
        at = self._host = max(self._host + 1, self._blocks[0].opens)
        for block, above in zip(self._blocks, [*self._blocks[1:], None], strict=True):
            at = block.start(at, above)
        for number, of_blocks in enumerate(zip(*steps, strict=True)):
            first = self._blocks[0]
            at = self._host = max(max(self._host, first.free) + of_blocks[0].layers[0].events + 1, first.opens)
            for block, above, step in zip(self._blocks, [*self._blocks[1:], None], of_blocks, strict=True):
                at = block.step(step, at, above, last=number == len(steps[0]) - 1)
        self.out = self._blocks[-1].over
        self.end = max(block.over for block in self._blocks)


class _Queue:
    """A few tokens on their way to whoever takes one a cycle, once it is willing, and those that wait ``ahead`` of it.

    ``longer`` is for how many cycles more each of them is on it.
    """

    DEPTH = 4

    def __init__(self, ahead: int = 0, longer: int = 0) -> None:
        # One more of those is in a register.
        depth = self.DEPTH + (ahead + 1 if ahead else 0) + longer
        self._taken, self._longer = deque([0] * depth, maxlen=depth), longer

    @property
    def room(self) -> int:
        """When another token may enter."""
        return self._taken[0]

    def enter(self, at: int, willing: int) -> int:
        """A token enters in the cycle ``at``; gives when it is taken."""
        self._taken.append(max(at + self._longer, self._taken[-1], willing) + 1)
        return self._taken[-1]


class _Block:
    """A block, and when what of it is free."""

    TAKEN = 2                   # from the token that closes a step until its first weight may be addressed
    RELEASED = 1                # from a step's last weight until its list may be filled again
    LEFT = 5                    # of a folded block from its last word's spikes until then
    OPENS = 2                   # cycles before a folded block's next step in which it may be closed
    SERIALISED = 2              # from a word of spikes to its first token
    BEFORE = 5                  # of the readout's cycles at the end of a window, before it takes the step's last token
    ANSWERS = 2                 # of a result, beside what chooses a class and its beats
    LISTED = 2                  # in which a flat block reads rows before it forgets a window without the readout's word
    SOONER = 5                  # than from the readout's word a folded block begins to forget a window without it
    DEALT_WITH = 1              # from a window that is dealt with to the next step

    def __init__(self, engines: Engines, above: _Queue) -> None:
        self._engines = engines
        self._forward, self._block = engines.forward, engines.forward.block
        self._readout, self._above = _Queue(longer=engines.readout.pooled), above
        self._ready = 0             # for another step
        self._drained = 0           # when the last step had left the engine, and its window was dealt with
        self._sent = 0              # when the last token had left
        self._position = 0          # of the next step in its window
        self._listens = 0           # when the readout takes tokens again
        self._releases = deque([0, 0], maxlen=2)
        self.opens = 0              # when it takes what opens a sample, or closes a step
        # When the last words had left: the first of them must have before another step begins, or of a folded block
        # before another word closes, behind which others are in the pipeline.
        forward = self._forward
        waiting = forward.waiting_words + 1 + (0 if forward.plan.flat else forward.latency + 2)
        self._left = deque([0] * waiting, maxlen=waiting)
        self.over = 0               # when the last result was out

    @property
    def free(self) -> int:
        """When the next step's events may be gathered."""
        return self._releases[0]

    def start(self, at: int, above: "_Block | None") -> int:
        """A sample begins, whose token is there in the cycle ``at``; gives when the block ``above`` has it."""
        self._position = 0
        self._ready = max(at + self.TAKEN, self._ready, self._drained) + 1
        self._sent = max(self._sent, self._ready + self.SERIALISED)
        return self._send(0 if above is None else above.opens - 1)

    def _send(self, willing: int) -> int:
        """A token leaves, to the readout and to the block above once that is ``willing``, which gives when it has it.
        """
        self._sent = max(self._sent + 1, self._readout.room, self._above.room)
        self._took = self._readout.enter(self._sent, self._listens)
        return self._above.enter(self._sent, willing)

    def step(self, step: StepTime, gathered: int, above: "_Block | None", *, last: bool) -> int:
        """Compute a step whose events are there in the cycle ``gathered``; gives when its spikes are ``above``."""
        flat = self._forward.plan.flat
        begins, there = max(gathered + self.TAKEN, self._ready, self._left[0] * flat), 0
        willing = 0 if above is None else above.free
        backlog = 0                 # of the spikes that the next layer waits for
        for number, layer in enumerate(step.layers):
            inner = number < len(step.layers) - 1
            begins += max(0, layer.fed + backlog - layer.begun)
            for word, (leaves, spikes) in enumerate(zip(layer.leaves, layer.spikes, strict=True)):
                if not flat:
                    begins += max(0, self._left[0] - begins - leaves + self._forward.latency)
                self._sent = max(self._sent, begins + leaves + self.SERIALISED)
                if inner:
                    self._sent += max(1, spikes)
                else:
                    closes = word == len(layer.spikes) - 1
                    for _ in range(spikes):
                        there = self._send(willing)
                    if closes:
                        there = self._send(willing if above is None else max(willing, above.opens - 1))
                    self._sent += not (spikes or closes)
                self._left.append(self._sent)
            left = begins + layer.leaves[-1]
            if number == 0:
                self._releases.append(left - self._forward.latency + self.RELEASED if flat else left + self.LEFT)
            begins += layer.cycles
            backlog = max(0, self._sent - left - self.SERIALISED - 1)
        if self._block.layers[-1].synapses.recurrent:
            begins += backlog       # the next step needs these spikes
        self._ready, self._drained = begins, max(begins, left)
        if not flat:
            self.opens = begins - self.OPENS        # only one step waits
        self._readout_takes(step)
        if last:
            self._listens = max(self._listens, self._took) + 2 * self._block.readout.classes + self.ANSWERS
        self.over = max(self._drained, self._listens)
        return there

    def _readout_takes(self, step: StepTime) -> None:
        """The readout takes the last token of a step, and where it learns sums over as loss steps begin and end."""
        block, position = self._block, self._position
        before = block.window - block.loss_steps
        self._position = 0 if step.ends else position + 1
        if not block.directives.learns:
            self._listens = self._took + step.ends
        elif step.ends:
            self._end_window(step, discarded=position < before)
        elif position == before - 1 and block.readout.leak_shift is None:
            self._listens = self._took + self._engines.readout.cycles - self.BEFORE - 1

    def _end_window(self, step: StepTime, *, discarded: bool) -> None:
        """The window is dealt with, if it is recorded, and the next step waits for that.

        One that ends before its loss steps is forgotten at once; of others the readout has to say what becomes of them.
        """
        readout = self._engines.readout
        known = self._took + (readout.learned_cycles if step.learns else readout.cycles) - self.BEFORE
        self._listens = known
        if step.dealt_with is None:
            return
        begins = max(known, self._drained)
        if discarded:
            begins = self._drained + (self.LISTED if self._forward.plan.flat else -self.SOONER)
        done = begins + step.dealt_with
        self._ready = self._drained = max(self._ready, done + self.DEALT_WITH)
        if not discarded:
            self._listens = max(done, known + step.walked) + 1
