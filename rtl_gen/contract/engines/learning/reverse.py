"""The truncated window: credits run back through the last K steps, and each active row is updated once."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from ...arithmetic import index_bits, lasting_credit_max, signed_bits
from ...memories import FLAT_WEIGHT_LATENCY, MemoryDeclaration
from ...plan import SCAN_SHARE, LayerPlan, words_of
from .. import refusals
from ..readout import Readout
from .base import Learning

RANDOM_CYCLES = 4           # from a row to its random word
ROUNDING_CYCLES = 2         # from a sum to the new weight; a cycle before that the old one is wanted
FORWARD_READS = 3           # cycles from a window that is dealt with to the next step's first address, at least


def summed_cycles(*, random: bool, unrolled: bool) -> int:
    """Cycles from the last step of a row to its sum.

    That takes two, and unrolled one more where rows round at random; the weight's address and word take longer, and a
    random word longer still.
    """
    return max(3 if unrolled else 2, 1 + RANDOM_CYCLES if random else 0, FLAT_WEIGHT_LATENCY)


class ReverseMemories(NamedTuple):
    """Memories of one layer.

    Attributes
    ----------
    masks, row_list
        For each input, the positions of the window at which it was active; and the inputs that were at all.
    gates
        For each position and word of neurons their gates and spikes.
    feedback
        For each word of neurons the readout's feedback; where it is of each position a memory for each lane.
    credits
        For each part of the lanes the credits of two words, at each position; none where they are in registers.
    """

    masks: MemoryDeclaration
    row_list: MemoryDeclaration
    gates: MemoryDeclaration
    feedback: tuple[MemoryDeclaration, ...]
    credits: tuple[MemoryDeclaration, ...]


class Reverse(Learning):
    """The update engine of a block, with the window buffer that records for it."""

    def refusals(self, index: int) -> Iterator[refusals.Refusal]:
        """It serves every flat block."""
        return iter(())

    @property
    def scan_latency(self) -> int:
        """Cycles from the gates of a position to its credits: choice of the part, product and sum, and the sum of
        currents that linger.
        """
        return 3 + (self.block.layers[0].current is not None)

    @property
    def scan(self) -> int:
        """Cycles from the last position that is read of a word until its rows can be walked."""
        return self.scan_latency + 2

    @property
    def waits_written(self) -> bool:
        """Whether a window is dealt with only when its last row is written, and not when its old weights are addressed.

        The next step comes to the last word of neurons a cycle for each word before it after its first address, or
        more; of few words it would read what is still to be written. Two words are read by the port that writes.
        """
        last_write = FLAT_WEIGHT_LATENCY + ROUNDING_CYCLES - 1
        return self.block.directives.reads > 1 or FORWARD_READS + self.plan.layers[0].words - 1 <= last_write

    def settled(self, *, random: bool, unrolled: bool) -> int:
        """Cycles from the last step of the last row until the window is dealt with."""
        summed = summed_cycles(random=random, unrolled=unrolled)
        return 1 + summed + (ROUNDING_CYCLES if self.waits_written else -FLAT_WEIGHT_LATENCY)

    @property
    def scan_lanes(self) -> int:
        """Lanes whose credits are found at a time: a part of a word."""
        return words_of(self.plan.lanes, SCAN_SHARE)

    @property
    def parts(self) -> int:
        """Parts of a word, the last of which may have fewer lanes."""
        return words_of(self.plan.lanes, self.scan_lanes)

    @property
    def of_layers(self) -> tuple[ReverseMemories, ...]:
        """Memories of each layer."""
        return tuple(self._of_layer(number, layer) for number, layer in enumerate(self.plan.layers))

    def _of_layer(self, number: int, layer: LayerPlan) -> ReverseMemories:
        window, inputs, gate_bits = self.block.window, layer.inputs, layer.layer.surrogate.gate_bits

        def state(kind: str, depth: int, width: int) -> MemoryDeclaration:
            return MemoryDeclaration(self.plan.name_of(number, kind), depth, width, window_state=True)

        credit_bits, positions = signed_bits(lasting_credit_max(self.block, number)), 1 << (window - 1).bit_length()
        credits = () if self.block.directives.unroll else tuple(
            MemoryDeclaration(self.plan.name_of(number, f"credits{part}"), 2 * positions,
                              self.scan_lanes * credit_bits, "distributed") for part in range(self.parts))
        return ReverseMemories(
            masks=state("masks", inputs, window),
            row_list=state("row_list", inputs, index_bits(inputs)),
            gates=state("gates", layer.words * window, layer.lanes * (gate_bits + 1)),
            feedback=Readout(self.plan).feedback,
            credits=credits)

    @property
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """Window state, feedback and credits, layer by layer, and which neurons had a gate."""
        gated = Readout(self.plan).gated
        return (*chain.from_iterable((own.masks, own.row_list, own.gates, *own.feedback, *own.credits)
                                       for own in self.of_layers),
                *(() if gated is None else (gated,)))

    def cycles(self, rows: int, steps: int, active: int | None = None, credited: Sequence[bool] | None = None,
               feedback: Sequence[Sequence[int]] | None = None) -> int:
        """Cycles of learning from a window of ``steps``, from when the errors are known.

        Parameters
        ----------
        rows
            Inputs that were active.
        steps
            Steps of the window.
        active
            How many of the window's steps each input was active in, summed over all inputs; without it each row has
            one. Unrolled it does not matter.
        credited
            Whether a neuron of each word has a credit; without it all words have.
        feedback
            Cycles until the feedback of each word is there, part by part as :meth:`.Readout.feedback_of` says; without
            it those that the readout takes.
        """
        (layer,) = self.plan.layers
        bias, random = layer.layer.weights.bias, layer.layer.update.rounding == "stochastic"
        unrolled = self.block.directives.unroll
        walk = rows + bias if unrolled else (rows if active is None else active) + bias * steps
        credited = [True] * layer.words if credited is None else credited
        readout = Readout(self.plan)
        feedback = list(map(readout.feedback_of, range(layer.words))) if feedback is None else feedback
        read = free = settled = 0
        for number, (has, parts) in enumerate(zip(credited, feedback, strict=True)):
            for there in parts:
                read = max(read, there) + steps * (self.parts // len(parts))
            if has or number == layer.words - 1:
                # Its rows are walked once its credits are known and those of the word before are done.
                read = max(read + self.scan, free)
                free = read + max(1, walk if has else rows + bias)
            if has and walk:
                settled = free + self.settled(random=random, unrolled=unrolled)
        return max(free + 1, settled)


SPEC = Reverse
