"""The readout as it declares itself: spikes to answers, answers to errors, errors to feedback."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..arithmetic import row_feedback_max, signed_bits
from ..division import pooled_cycles
from ..memories import MemoryDeclaration
from ..plan import SCAN_SHARE, words_of
from .base import Engine
from .refusals import Refusal
from .seen import SeenMemory

__all__ = ["RANDOM_BEHIND", "ClassWalk", "Readout"]

RANDOM_BEHIND = 2               # a random word comes so much later than the weights it rounds, which take as long
ERRORS_LATE = 3                 # cycles in which errors of sums still come as the walk over the rows begins
LEVELS = 3                      # cycles from the last class's level to its error
# Where nothing is said, classes are walked as fast as an update engine takes feedback at this density of events.
DENSITY = 0.05


@dataclass(frozen=True, kw_only=True)
class ClassWalk:
    """How a readout's backward pass goes through the classes of a row.

    Attributes
    ----------
    classes_per_cycle
        Classes of a part.
    parts
        Parts of a row, a cycle each; the last may have places without a class.
    feedback_latency
        Cycles from a row's last part to its neuron's feedback: products, a tree of sums, and the sum of the parts.
    delay
        Cycles that a row waits before its weights are read, for what it counts.
    """

    classes_per_cycle: int
    parts: int
    feedback_latency: int
    delay: int


class Readout(Engine):
    """The classifier of a block."""

    OVERHEAD = 12               # cycles of a window's end: the last spikes' way, decide, hand over
    FEEDBACK_OVERHEAD = 2       # of a row of feedback: fetch, say so

    def refusals(self, index: int) -> Iterator[Refusal]:
        """Why it cannot serve the block."""
        asked = self.block.directives.classes_per_cycle
        if self.by_position and asked not in (None, 1):
            yield Refusal(line="A readout that is read by maximum must, in a block that is to learn on chip, walk 1 "
                               f"class per cycle, not {asked} as block {index}; take 1, or none",
                          what="several classes per cycle of a readout that is read by maximum",
                          places=(f"readout of block {index}",), change="classes_per_cycle 1")

    @property
    def by_position(self) -> bool:
        """Whether each class tells of a position of its own, so that feedback is kept of each: what the largest level
        learns by.
        """
        return self.block.directives.learns and self.block.readout.reading == "maximum"

    @property
    def weights(self) -> MemoryDeclaration:
        """Its weights, a row of all classes for each neuron, or for each square of them that are pooled."""
        readout = self.block.readout
        return MemoryDeclaration("readout", readout.rows, readout.classes * readout.stored_bits)

    @property
    def counts(self) -> MemoryDeclaration:
        """How many events of each row came in the loss steps of the window, for a learned readout's own update.

        Where the readout leaks, at each position of the window.
        """
        readout = self.block.readout
        if readout.leak_shift is not None:
            bits = self.block.window * readout.largest_event.bit_length()
            return MemoryDeclaration("spike_counts", readout.rows, bits, window_state=True)
        most = self.block.loss_steps * readout.largest_event
        return MemoryDeclaration("spike_counts", readout.rows, most.bit_length(), window_state=True)

    @property
    def feedback(self) -> tuple[MemoryDeclaration, ...]:
        """For each word of neurons, or of the squares they are pooled in, the feedback that the backward pass found.

        It is what learning keeps: among the memories of the engine that learns. A word may lie there in parts, whose
        addresses are a part's number below the word's. Where it is kept of each position each
        lane has a memory, whose addresses are a position below a word: classes write it one by one.
        """
        bits, words = signed_bits(row_feedback_max(self.block.readout)), self.plan.readout_words
        parts = (self.feedback_parts - 1).bit_length()
        # Of a convolution they can be very many.
        style = "distributed" if self.plan.flat else "auto"
        if not self.by_position:
            return (MemoryDeclaration("feedback", words << parts, self.feedback_lanes * bits, style),)
        positions = (self.block.window - 1).bit_length()
        return tuple(MemoryDeclaration(f"feedback{lane}", words << positions, bits, style)
                     for lane in range(self.plan.lanes))

    @property
    def feedback_lanes(self) -> int:
        """Neurons whose feedback is kept, and handed on, together.

        In a flat block they are those that a credit scan takes at a time, so that nothing chooses among them, and so
        that the scan of a word begins before all of it is there. Where feedback is kept of each position it is of all.
        """
        return words_of(self.plan.lanes, SCAN_SHARE if self.plan.flat and not self.by_position else 1)

    @property
    def feedback_parts(self) -> int:
        """Parts in which a word of neurons is told its feedback."""
        return words_of(self.plan.lanes, self.feedback_lanes)

    @property
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """Its weights, where they are learned the counts of spikes, and what remembers which squares came."""
        seen = self._seen
        return ((self.weights,) + (self.counts,) * self._counts_spikes + (() if seen is None else (seen.memory,)))

    @property
    def _seen(self) -> SeenMemory | None:
        """Where pooled spikes do not count, which squares of a step had one."""
        pool = self.block.readout.pool
        return SeenMemory(pool.outputs, prefix="readout.") if pool is not None and pool.kind == "or" else None

    @property
    def pooled(self) -> int:
        """Cycles from a spike to the row of its square; 0 where spikes are not pooled."""
        return pooled_cycles(self.block.readout.pool)

    @property
    def reset_cycles(self) -> int:
        """Cycles after a reset in which counts of spikes are cleared, one for each row, and what came of squares."""
        return max(self.block.readout.rows if self._counts_spikes else 0, 0 if self._seen is None else self._seen.words)

    @property
    def _counts_spikes(self) -> bool:
        return self.block.readout.learned and self.block.directives.learns

    @property
    def count_levels(self) -> int:
        """Where the readout leaks, cycles in which what a row came at each position is summed: a tree of pairs.

        Before it one more in which positions are moved, where each class tells of its own.
        """
        leaks = self.block.readout.leak_shift is not None and self._counts_spikes
        return (self.block.window - 1).bit_length() + self.by_position if leaks else 0

    @property
    def cycles(self) -> int:
        """Cycles of a window's end that is not learned from: errors, class by class.

        Levels are read, and not taken over; but what a whole window's positions count is found one by one, where that
        is not the same in all windows.
        """
        classes = self.block.readout.classes
        if self.block.readout.leak_shift is None:
            return classes + self.OVERHEAD
        found = self._counts_spikes and not self.by_position
        return max(classes, self.block.window - LEVELS if found else 0) + self.OVERHEAD - 1

    @property
    def learned_cycles(self) -> int:
        """Cycles of a window's end before its learning begins, where the first class has an error other than 0.

        The last errors of sums come when the walk has begun.
        """
        return self.cycles - (min(ERRORS_LATE, self.block.readout.classes - 1) if self.block.readout.leak_shift is None
                              else 0)

    @property
    def passes_over(self) -> bool:
        """Whether a row whose neuron had no gate in the window and did not fire takes one cycle, and not all its parts.

        It has nothing to learn, and what its neuron is told is never read. So it is of one dense layer; of one lane a
        row comes too soon to be known. Where feedback is kept of each position a row's parts are those that write it.
        """
        return (self.plan.flat and self.plan.lanes > 1 and self.block.directives.learns and self.walk.parts > 1
                and not self.by_position)

    @property
    def gated(self) -> MemoryDeclaration | None:
        """For each word of neurons which of them had a gate or fired; None where no row is passed over.

        It is what learning keeps.
        """
        if not self.passes_over:
            return None
        return MemoryDeclaration("gated", self.plan.readout_words, self.plan.lanes, "distributed", window_state=True)

    def walk_cycles(self, rows: int, gated: Sequence[bool] | None = None) -> int:
        """Cycles in which the backward pass walks the first ``rows``.

        ``gated`` says which neurons had a gate or fired, (rows,); without it all had.
        """
        passed = rows - sum(gated[:rows]) if gated is not None and self.passes_over else 0
        return rows * self.walk.parts - passed * (self.walk.parts - 1)

    def feedback_of(self, word: int, gated: Sequence[bool] | None = None) -> tuple[int, ...]:
        """Cycles as of :meth:`feedback_cycles` for each part of a word; what has no neurons is there with the last."""
        return tuple(self.feedback_cycles(word, gated, part) for part in range(self.feedback_parts))

    def feedback_cycles(self, word: int, gated: Sequence[bool] | None = None, part: int | None = None) -> int:
        """Cycles from the first in which the update engine learns until it can read the feedback of a word of neurons.

        Feedback is found row by row, and each word is there as soon as its last row's is, as is each ``part`` of it.
        ``gated`` as of :meth:`walk_cycles`.
        """
        last, walk = self.plan.layers[-1], self.walk
        place, column_word = divmod(word, last.column_words)
        columns = last.layer.columns
        behind = self.plan.lanes if part is None else min((part + 1) * self.feedback_lanes, self.plan.lanes)
        rows = place * columns + min(column_word * self.plan.lanes + behind, columns)
        return self.walk_cycles(rows, gated) + walk.delay + walk.feedback_latency + self._feedback_overhead

    @property
    def _feedback_overhead(self) -> int:
        """Cycles that a row's feedback takes beside its walk; of each position it is written first, and then read."""
        return self.FEEDBACK_OVERHEAD + (2 if self.by_position else 0)

    def summed_steps(self, max_steps: int) -> int:
        """The most steps whose spikes a class's register holds: a sample's, of which the longest has ``max_steps``.

        Where the block learns they are those of one run of loss steps, or of the steps between two of them.
        """
        block = self.block
        if not block.directives.learns:
            return max_steps
        return min(max_steps, max(block.loss_steps, block.window - block.loss_steps))

    @property
    def walk(self) -> ClassWalk:
        """How its backward pass goes through the classes of a row."""
        readout = self.block.readout
        # Evened out, so that no more are walked in a cycle than as many parts need.
        parts = -(-readout.classes // self._classes_per_cycle)
        per_cycle = -(-readout.classes // parts)
        return ClassWalk(
            classes_per_cycle=per_cycle, parts=parts,
            feedback_latency=self._product_cycles + (per_cycle - 1).bit_length() + (parts > 1),
            # The row comes, and its part is chosen, in two of the cycles in which its count is summed.
            delay=max(0, self.count_levels - 2))

    @property
    def _product_cycles(self) -> int:
        """Cycles of a weight times an error: digits of base 4 are summed pair by pair; a sign is a choice."""
        readout = self.block.readout
        digits = 1 if readout.signs else words_of(readout.weight_bits, 2)
        return max(1, (digits - 1).bit_length())

    @property
    def _classes_per_cycle(self) -> int:
        """As the block's directive says; else the fewest with which a group's feedback is there in time; or one, where
        each class tells of a position of its own.
        """
        block, classes = self.block, self.block.readout.classes
        if self.by_position:
            return 1
        if block.directives.classes_per_cycle is not None:
            return min(block.directives.classes_per_cycle, classes)
        rows = math.ceil(block.inputs * (1 - (1 - DENSITY) ** block.window))    # that are active in a window
        parts = max(1, rows // self.plan.lanes)
        return -(-classes // min(parts, classes))
