"""The reverse pass of a folded block: credits of all its layers, from the last to the first, before any is learned."""

from collections.abc import Iterator, Sequence

from ...arithmetic import (
    FEEDBACK_BITS,
    credit_max,
    current_credit_max,
    feedback_max,
    index_bits,
    inject_max,
    lasting_credit_max,
    row_feedback_max,
    signed_bits,
    weighed_credit_max,
)
from ...block import BlockSpec
from ...memories import WEIGHT_LATENCY, MemoryDeclaration
from ...plan import BlockPlan, words_of
from ..base import Engine
from ..learning.reverse import SCAN_SHARE
from ..refusals import Refusal
from .reach import aligned

__all__ = ["FoldedCredits", "has_thresholds", "injected_bits", "misread"]

LISTED = 512                # words that lists of words with credit have at most
MULTIPLIER = (18, 25)       # bits that one multiplier of a part takes


def has_thresholds(block: BlockSpec) -> bool:
    """Whether a layer of a block has learned thresholds."""
    return any(layer.neuron.threshold_shift is not None for layer in block.layers)


def injected_bits(block: BlockSpec) -> int:
    """Bits of the sum over a window of what a neuron is given, before any is carried from a step to the one before."""
    return max(signed_bits(inject_max(block, layer) * block.window) for layer in range(block.depth))


class FoldedCredits(Engine):
    """The reverse pass, with the memories of what it finds."""

    AHEAD = 8               # words on their way from their gates to their credits
    FETCH = 3               # cycles from a word to the next, at least
    OPENS = 5               # from there to the first word of what had to wait for it

    @property
    def scan_lanes(self) -> int:
        """Lanes whose credits are found at a time: a part of a word."""
        return words_of(self.plan.lanes, SCAN_SHARE)

    @property
    def parts(self) -> int:
        """Parts of a word, the last of which may have fewer lanes."""
        return words_of(self.plan.lanes, self.scan_lanes)

    @property
    def words(self) -> int:
        """Words of all layers."""
        return sum(layer.words for layer in self.plan.layers)

    @property
    def credit_bits(self) -> int:
        """Bits of what weights are told, as wide as the widest of the layers."""
        return max(signed_bits(weighed_credit_max(self.block, layer)) for layer in range(self.block.depth))

    @property
    def carried_bits(self) -> int:
        """Bits of the credits of membranes."""
        return max(signed_bits(credit_max(self.block, layer)) for layer in range(self.block.depth))

    @property
    def lasting_bits(self) -> int:
        """Bits of the credits of layers' own currents."""
        return max(signed_bits(lasting_credit_max(self.block, layer)) for layer in range(self.block.depth))

    @property
    def lasts(self) -> bool:
        """Whether currents of a layer linger, so that their credits are carried on beside those of membranes."""
        return any(layer.current is not None for layer in self.block.layers)

    @property
    def flow_bits(self) -> int:
        """Bits of the credits of currents."""
        return max(signed_bits(current_credit_max(self.block, layer)) for layer in range(self.block.depth))

    @property
    def flows(self) -> bool:
        """Whether currents of one layer are added to those of another, so that credits of currents go back."""
        return bool(self.block.sources)

    def added_to(self, number: int) -> list[int]:
        """Layers that add the currents of the layer ``number`` to their own."""
        return [above for above, layer in enumerate(self.block.layers)
                if layer.residual is not None and above - layer.residual.below == number]

    @property
    def scan_cycles(self) -> int:
        """Cycles from the last part of a word to all of its credits in memory."""
        return 4 + self.lasts + self.flows

    @property
    def feedback_bits(self) -> int:
        """Bits of the readout's feedback."""
        return signed_bits(row_feedback_max(self.block.readout))

    @property
    def sum_max(self) -> int:
        """The largest sum of products of weights and credits, the half that rounds it among them."""
        largest = [0]
        for number, layer in enumerate(self.plan.layers):
            if number or layer.layer.synapses.recurrent:
                synapses = layer.layer.synapses
                terms = synapses.outputs if synapses.kind == "dense" else synapses.kernel ** 2 * synapses.filters
                weight = 1 << (layer.layer.weights.bits - 1)
                largest.append(terms * weight * weighed_credit_max(self.block, number)
                               + (1 << layer.layer.update.feedback_shift >> 1))
        return max(largest)

    @property
    def product_latency(self) -> int:
        """Cycles from a word of weights to what it adds to being in a sum that is rounded."""
        # Product, its second register, tree; sum, shift, saturation.
        return 2 + (self.plan.lanes - 1).bit_length() + 3

    @property
    def latency(self) -> int:
        """Cycles from the address of a word of weights to the rounded sum."""
        return WEIGHT_LATENCY + self.product_latency

    @property
    def part_bits(self) -> int:
        """Bits of the number of a part, none where there is one."""
        return (self.parts - 1).bit_length()

    @property
    def credit_memories(self) -> tuple[MemoryDeclaration, ...]:
        """Credits of all words at all positions, a memory for each part."""
        return tuple(MemoryDeclaration(f"reverse_credits{number}", self.words * self.block.window, self._part)
                     for number in range(self.parts))

    @property
    def count_memory(self) -> MemoryDeclaration:
        """How many credits are not 0 in each word at each position."""
        return MemoryDeclaration("credit_counts", self.words * self.block.window, index_bits(self.plan.lanes + 1))

    @property
    def carried_memory(self) -> MemoryDeclaration:
        """What a layer's credits were at the position behind, part by part."""
        words = max(layer.words for layer in self.plan.layers)
        return MemoryDeclaration("carried_credits", words << self.part_bits, self.scan_lanes * self.carried_bits)

    @property
    def lasting_memory(self) -> MemoryDeclaration | None:
        """What the credits of currents that linger were at the position behind, part by part; None without any."""
        if not self.lasts:
            return None
        words = max(layer.words for layer in self.plan.layers if layer.layer.current is not None)
        return MemoryDeclaration("lasting_credits", words << self.part_bits, self.scan_lanes * self.lasting_bits)

    @property
    def level_bits(self) -> int:
        """Bits of what levels of a leaky readout tell a neuron."""
        return signed_bits(feedback_max(self.block, self.block.depth - 1))

    @property
    def level_memory(self) -> MemoryDeclaration | None:
        """What levels at the position behind told neurons of the last layer, part by part; None without a leak."""
        if self.block.readout.leak_shift is None:
            return None
        return MemoryDeclaration("level_feedback", self.plan.layers[-1].words << self.part_bits,
                                 self.scan_lanes * self.level_bits)

    def is_listed(self, number: int) -> bool:
        """Whether the words of a layer that have a credit are listed, so that only these are walked for feedback.

        Those of dense layers that tell others, or themselves: of a convolution hardly any is without.
        """
        synapses = self.block.layers[number].synapses
        return synapses.kind == "dense" and bool(number or synapses.recurrent) and self._lists_fit

    @property
    def listed_words(self) -> int:
        """The most words of a dense layer; 0 where none are listed."""
        return max((layer.words for number, layer in enumerate(self.plan.layers) if self.is_listed(number)), default=0)

    @property
    def _lists_fit(self) -> bool:
        """Whether lists are short enough for registers and LUTs."""
        words = max((layer.words for layer in self.plan.layers if layer.layer.synapses.kind == "dense"), default=1)
        return 2 << index_bits(self.block.window) + index_bits(words) <= LISTED

    @property
    def list_memories(self) -> tuple[MemoryDeclaration, ...]:
        """Words with a credit at each position in each of two layers, and how many; none where they are not listed."""
        if not self.listed_words:
            return ()
        last, positions = self.plan.layers[-1], 2 << index_bits(self.block.window)
        entry = index_bits(self.listed_words) + index_bits(last.weight_base + last.weight_words)
        return (MemoryDeclaration("alive_words", positions << index_bits(self.listed_words), entry, "distributed"),
                MemoryDeclaration("alive_counts", positions, index_bits(self.listed_words + 1), "distributed"))

    @property
    def injected_memories(self) -> tuple[MemoryDeclaration, ...]:
        """What each neuron was given in the window, a memory for each part; none without learned thresholds."""
        parts = self.parts if has_thresholds(self.block) else 0
        return tuple(MemoryDeclaration(f"injected_credits{number}", self.words,
                                       self.scan_lanes * (1 + injected_bits(self.block))) for number in range(parts))

    @property
    def flow_memory(self) -> MemoryDeclaration | None:
        """Credits of the currents of layers that add those of others, for these; None without any."""
        if not self.flows:
            return None
        return MemoryDeclaration("flow_credits", self.flow_words << self.flow_shift, self.scan_lanes * self.flow_bits)

    @property
    def flow_shift(self) -> int:
        """Bits of position and part, which lie below the word in an address of that memory."""
        return self.part_bits + index_bits(self.block.window)

    def flow_base(self, number: int) -> int:
        """Number of a layer's first word there; a layer without a residual current has none."""
        return sum(plan.words for plan in self.plan.layers[:number] if plan.layer.residual is not None)

    @property
    def flow_words(self) -> int:
        """Words of all layers there."""
        return self.flow_base(self.block.depth)

    @property
    def feedback_memories(self) -> tuple[MemoryDeclaration, ...]:
        """Sums of the words inside: of the layer above, and of own rows where a layer has some."""
        recurrent = any(layer.synapses.recurrent for layer in self.block.layers)
        return tuple(MemoryDeclaration(name, self.AHEAD << self.part_bits, self.scan_lanes * FEEDBACK_BITS,
                                       "distributed")
                     for name in ("reverse_feedback", "own_feedback")[:1 + recurrent])

    @property
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """Credits, their counts, what is carried and given, and sums on their way to them."""
        more = (memory for memory in (self.lasting_memory, self.level_memory, self.flow_memory)
                if memory is not None)
        return (*self.credit_memories, self.count_memory, self.carried_memory, *more, *self.injected_memories,
                *self.list_memories, *self.feedback_memories)

    @property
    def _part(self) -> int:
        """Bits of a part of a word of credits."""
        return self.scan_lanes * self.credit_bits

    def refusals(self, index: int) -> Iterator[Refusal]:
        """Why it cannot serve the block."""
        weight_bits = max(layer.weights.bits for layer in self.block.layers)
        if weight_bits > MULTIPLIER[0] or self.credit_bits > MULTIPLIER[1]:
            yield Refusal(
                line=f"Credits that layers of a block hand down must have at most {MULTIPLIER[1]} bits, and those of "
                     f"block {index} have {self.credit_bits}; take a shorter window, a lower surrogate, a larger leak, "
                     "or a feedback shift of the readout",
                what="wide credits", places=(f"block {index}",), change=f"credits of at most {MULTIPLIER[1]} bits")
        for number in range(self.block.depth):
            yield from misread(self.plan, number, index)
            above = self.added_to(number)
            columns = self.block.layers[number].columns
            if len(above) > 1 or any(self.block.layers[other].columns != columns for other in above):
                others = "another's" if len(above) == 1 else f"those of {len(above)} layers"
                yield Refusal(
                    line="Currents of a layer of a block that is to learn on chip must be added to those of one layer "
                         f"with as many filters, and those of layer {number} of block {index} are added to {others}; "
                         "take one, or evaluate it on torch or the reference",
                    what="residual currents", places=(f"block {index} layer {number}",),
                    change="currents that are added to one layer of the same filters")

    def cycles(self, entries: Sequence[Sequence[Sequence[int]]], steps: int) -> int:
        """Cycles from the start until all credits are in memory.

        Parameters
        ----------
        entries
            Words of weights that are read for each word of neurons: [layer][position][word], of the window's ``steps``
            positions. What the block's own benches hold it to, by the cycle, is with all feedback there at the start.
        steps
            Steps of the window.
        """
        take, entries_before = 2, self.FETCH    # cycles of the words, and what the one before was walked for
        scanned = -self.parts - self.scan_cycles
        through: list[int] = []
        for number in reversed(range(self.block.depth)):
            recurrent = self.block.layers[number].synapses.recurrent
            for position in reversed(range(steps)):
                if through and (recurrent or position == steps - 1):
                    take, entries_before = through[-1] + self.OPENS - self.FETCH, self.FETCH
                for word, walked in enumerate(entries[number][position]):
                    take = max(take + max(entries_before, self.FETCH), through[-self.AHEAD] + 1
                               if len(through) >= self.AHEAD else 0)
                    entries_before = max(1, walked)
                    # Its sums have come; then a part a cycle.
                    scanned = max(take + entries_before + 2 + self.latency + 1,
                                  scanned + self.parts + (0 if word else self.scan_cycles))
                    through.append(scanned + self.parts + self.scan_cycles)
        return through[-1] + 1


def misread(plan: BlockPlan, number: int, index: int) -> Iterator[Refusal]:
    """Why nothing learns where what reads the layer ``number`` takes it for another grid; nothing where it does not."""
    if not aligned(plan, number):
        yield Refusal(
            line="What reads a layer as a grid must, in a block that is to learn on chip, read the grid that the layer "
                 f"is, and what reads layer {number} of block {index} has another; cut the block there, or evaluate it "
                 "on torch or the reference",
            what="a layer read as another grid", places=(f"block {index} layer {number}",),
            change="grids that are the layers' own")
