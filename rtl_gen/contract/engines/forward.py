"""The forward engine as it declares itself: events and weights to membranes and spikes."""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from ..arithmetic import index_bits
from ..memories import FLAT_WEIGHT_LATENCY, MemoryDeclaration
from ..plan import LayerPlan
from ..spec import MAX_INPUTS
from . import refusals
from .base import Engine

__all__ = ["EventMemories", "Forward", "ForwardMemories", "event_memories"]


class EventMemories(NamedTuple):
    """Memories of an event list.

    Attributes
    ----------
    events
        Indices of both steps, the one that is gathered and the one that is computed; of two that are read in a cycle,
        the first in one memory and the second in another.
    seen0, seen1
        Of each bank, a bit for each input: whether its event came.
    """

    events: tuple[MemoryDeclaration, ...]
    seen0: MemoryDeclaration
    seen1: MemoryDeclaration


class ForwardMemories(NamedTuple):
    """Memories of one layer in the forward engine.

    Attributes
    ----------
    weights, membranes, spikes
        Words of stored weights, of membranes, and of the last step's spikes.
    currents
        Words of currents, where they linger; none else.
    """

    weights: MemoryDeclaration
    membranes: MemoryDeclaration
    spikes: MemoryDeclaration
    currents: MemoryDeclaration | None


def event_memories(inputs: int, *, reads: int = 1, first: int = 0, prefix: str = "") -> EventMemories:
    """The memories of a list of events whose index is below ``inputs``; ``prefix`` begins their names.

    ``reads`` events lie at a place, and those of a step begin with the number ``first`` of its first place.
    """
    index, place = index_bits(inputs), index_bits(-(-(inputs + first) // reads))
    events = tuple(MemoryDeclaration(f"{prefix}events{number if reads > 1 else ''}", 2 << place, index)
                   for number in range(reads))
    # A seen bit is read in the cycle in which it is asked for, which block RAM cannot do.
    seen0, seen1 = (MemoryDeclaration(f"{prefix}seen{bank}", inputs, 1, "distributed") for bank in range(2))
    return EventMemories(events, seen0, seen1)


class Forward(Engine):
    """The forward engine of a block."""

    LEAST_WORDS = 5             # of fewer, a membrane would be read again before it is written

    def refusals(self, index: int) -> Iterator[refusals.Refusal]:
        """Why it cannot serve the block, which is flat: its size, and two reads of one word."""
        block = self.block
        if max(block.inputs, block.outputs) > MAX_INPUTS:
            size = max(block.inputs, block.outputs)
            yield refusals.Refusal(
                line=f"A block in hardware must have at most {MAX_INPUTS} inputs and neurons, not {size} as block "
                     f"{index} has; make it smaller",
                what=f"{size} inputs or neurons", places=(f"block {index}",),
                change=f"at most {MAX_INPUTS} inputs and neurons in a block")

        if self.reads > 1 and self.plan.layers[0].words < self.reads:
            yield refusals.Refusal(
                line="A block that reads 2 weight words in a cycle must have 2 words of neurons, not 1 as block "
                     f"{index} has with {self.plan.lanes} lanes for {block.outputs} neurons; take fewer lanes, or 1 "
                     "read",
                what="two reads of one word of neurons", places=(f"block {index}",), change="fewer lanes, or reads 1")

    @property
    def reads(self) -> int:
        """Weight words that are read in a cycle."""
        return self.block.directives.reads

    @property
    def of_layers(self) -> tuple[ForwardMemories, ...]:
        """Memories of each layer."""
        return tuple(self._of_layer(number, layer) for number, layer in enumerate(self.plan.layers))

    @property
    def weights(self) -> MemoryDeclaration:
        """The weights of the block."""
        return self.of_layers[0].weights

    def _of_layer(self, number: int, layer: LayerPlan) -> ForwardMemories:
        weights, neuron = layer.layer.weights, layer.layer.neuron
        return ForwardMemories(
            weights=MemoryDeclaration(self.plan.name_of(number, "weights"), layer.weight_words,
                                      layer.lanes * weights.stored_bits, self.block.directives.memory,
                                      ports=self.reads),
            membranes=MemoryDeclaration(self.plan.name_of(number, "membranes"), layer.words,
                                        layer.lanes * neuron.membrane_bits),
            spikes=MemoryDeclaration(self.plan.name_of(number, "spikes"), layer.words, layer.lanes),
            currents=None if layer.layer.current is None else MemoryDeclaration(
                self.plan.name_of(number, "currents"), layer.words, layer.lanes * layer.layer.current.bits))

    @property
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """Its memories, and those of the event list before it, layer by layer."""
        return tuple(chain.from_iterable(
            (*(memory for memory in own if memory is not None), *self._event_memories(number, layer))
            for number, (own, layer) in enumerate(zip(self.of_layers, self.plan.layers, strict=True))))

    def _event_memories(self, number: int, layer: LayerPlan) -> tuple[MemoryDeclaration, ...]:
        events, *seen = event_memories(layer.inputs, reads=self.reads, first=self.first_event(layer),
                                       prefix=self.plan.name_of(number, ""))
        return (*events, *seen)

    def first_event(self, layer: LayerPlan) -> int:
        """Where in its list a step's events begin: behind the bias, where two words are read in a cycle."""
        return layer.layer.weights.bias if self.reads > 1 else 0

    @property
    def reset_cycles(self) -> int:
        """Cycles after a reset in which the bits of seen events, and masks, are cleared: one for each input."""
        return self.block.inputs

    @property
    def latency(self) -> int:
        """Cycles from taking a step to the spikes of its last group, and before a window can be learned from."""
        # Index, words, their sum where several come at once, the group's sum, the charge by what lingers, fire.
        return 3 + FLAT_WEIGHT_LATENCY + self.reads + self._lingers

    @property
    def waiting_words(self) -> int:
        """Words of spikes that may wait to leave as a step begins: a whole step, and what was in the pipeline and not
        yet in the level of a cycle ago."""
        return self.plan.layers[0].words + self.latency + 1

    def cycles(self, events: int) -> int:
        """Cycles of a step with ``events`` distinct input events: a weight word each, for each word of neurons."""
        rows = self.plan.layers[0].layer.weights.bias + events
        return self.plan.layers[0].words * max(1, -(-rows // self.reads)) + self._gap

    def mean_cycles(self, events: float) -> float:
        """Mean cycles of steps with ``events`` in the mean; every other of them is taken to end with half a pair."""
        rows = self.plan.layers[0].layer.weights.bias + events
        return self.plan.layers[0].words * max(1, (rows + (self.reads - 1) / 2) / self.reads) + self._gap

    @property
    def least_words(self) -> int:
        """With fewer words of neurons a step waits for its membranes."""
        return self.LEAST_WORDS + self._lingers

    @property
    def _lingers(self) -> bool:
        """Whether currents do; a sum is then a current first, and charges its membrane a cycle later."""
        return self.plan.layers[0].layer.current is not None

    @property
    def _gap(self) -> int:
        """Cycles that a step waits for its membranes."""
        return max(0, self.least_words - self.plan.layers[0].words)
