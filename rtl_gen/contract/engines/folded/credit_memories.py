"""What the reverse pass of a folded block keeps, and how wide it is."""

from functools import cached_property

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
from ...plan import words_of
from ..base import Engine
from ..learning.reverse import SCAN_SHARE
from .reach import LayerReach, reach_of

__all__ = ["DIGIT", "CreditMemories", "has_thresholds", "injected_bits"]

LISTED = 512                # words that lists of words with credit have at most
DIGIT = 24                  # bits of a credit that one multiplier of a part takes, beside a weight and a sign


def has_thresholds(block: BlockSpec) -> bool:
    """Whether a layer of a block has learned thresholds."""
    return any(layer.neuron.threshold_shift is not None for layer in block.layers)


def injected_bits(block: BlockSpec) -> int:
    """Bits of the sum over a window of what a neuron is given, before any is carried from a step to the one before."""
    return max(signed_bits(inject_max(block, layer) * block.window) for layer in range(block.depth))


class CreditMemories(Engine):
    """The memories of a reverse pass, and the widths and latencies of what fills them."""

    AHEAD = 8               # words on their way from their gates to their credits

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

    def flow_rank(self, number: int) -> int | None:
        """Which of those that add the same layer's currents the layer ``number`` is; None where it adds none."""
        residual = self.block.layers[number].residual
        return None if residual is None else self.added_to(number - residual.below).index(number)

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
    def multiplies(self) -> bool:
        """Whether credits are handed down through weights; else there are no products, and nothing that makes them."""
        return self.block.depth > 1 or self.block.layers[0].synapses.recurrent

    @property
    def digits(self) -> int:
        """Digits of :data:`DIGIT` bits that a credit is multiplied by, a multiplier each; the highest has the sign."""
        return words_of(self.credit_bits - 1, DIGIT)

    @property
    def product_latency(self) -> int:
        """Cycles from a word of weights to what it adds to being in a sum that is rounded."""
        # Product, its second register, tree; sum, shift, saturation.
        return 2 + (self.plan.lanes * self.digits - 1).bit_length() + 3

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
    def flow_memories(self) -> tuple[MemoryDeclaration, ...]:
        """Credits of the currents of layers that add those of others, for these: a memory for each rank, so that all
        that goes back to a layer is read at once; none without any."""
        return tuple(MemoryDeclaration(
            f"flow_credits{rank}", self._flow_words(rank, self.block.depth) << self.flow_shift,
            self.scan_lanes * self.flow_bits)
            for rank in range(max(len(self.added_to(number)) for number in range(self.block.depth))))

    @property
    def flow_shift(self) -> int:
        """Bits of position and part, which lie below the word in an address of these memories."""
        return self.part_bits + index_bits(self.block.window)

    def flow_base(self, number: int) -> int:
        """Number of a layer's first word in the memory of its rank; 0 of a layer without a residual current."""
        rank = self.flow_rank(number)
        return 0 if rank is None else self._flow_words(rank, number)

    def _flow_words(self, rank: int, before: int) -> int:
        """Words of the layers of a rank that lie ``before`` a layer."""
        return sum(plan.words for number, plan in enumerate(self.plan.layers[:before])
                   if self.flow_rank(number) == rank)

    @cached_property
    def reaches(self) -> tuple[LayerReach, ...]:
        """How the feedback of each layer is walked."""
        return tuple(reach_of(self.plan, number) for number in range(self.block.depth))

    def reach_bits(self, way: str) -> tuple[int, int, int]:
        """Bits of a weight's address, of the number of a word of credits, and of how many places are walked: what a
        line of the layers' places says, ``down`` or ``across``."""
        last = self.plan.layers[-1]
        taps = max(line.taps for reach in self.reaches for line in getattr(reach, way))
        return (index_bits(last.weight_base + last.weight_words), index_bits(self.words * self.block.window),
                index_bits(1 + taps))

    def reach_memory(self, way: str) -> MemoryDeclaration:
        """The table of the lines of all layers, one of its two."""
        return MemoryDeclaration(f"reach_{way}", sum(len(getattr(reach, way)) for reach in self.reaches),
                                 sum(self.reach_bits(way)))

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
        more = (memory for memory in (self.lasting_memory, self.level_memory) if memory is not None)
        return (*self.credit_memories, self.count_memory, self.carried_memory, *more, *self.flow_memories,
                *self.injected_memories, *self.list_memories, *self.feedback_memories, self.reach_memory("down"),
                self.reach_memory("across"))

    @property
    def _part(self) -> int:
        """Bits of a part of a word of credits."""
        return self.scan_lanes * self.credit_bits
