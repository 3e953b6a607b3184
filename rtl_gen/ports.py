"""Bundles of ports between the parts of a block, each said once and connected as a whole.

A direction is that of the part that asks: who has a bundle as ``Out`` asks, who has it as ``In`` serves.
"""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits
from .contract.block import BlockSpec
from .contract.engines.readout import Readout
from .contract.network import MAX_RATE
from .contract.plan import plan_of

__all__ = [
    "RATE_SHAPE",
    "BlockRate",
    "Clearing",
    "EventReader",
    "FeedbackReader",
    "GateReader",
    "GatedReader",
    "RandomKey",
    "Recorder",
    "RowReader",
    "StoredCounts",
    "WeightReader",
    "WeightWriter",
]

RATE_SHAPE = range(MAX_RATE + 1)       # of a block's rate, where it learns


class EventReader(wiring.Signature):
    """Reading side of an event list of indices below ``inputs``, ``reads`` of them in a cycle.

    Members
    -------
    bank, position : Out(1), Out(n)
        Which event to read, or which pair.
    index, second : In(n), In(n)
        Its index, two cycles later; ``second`` is there of pairs only.
    clear_en, clear_bank, clear_index : Out
        The index in this bank was taken: it may come again.
    release : Out(2)
        A bank's step is done: it may be filled again.
    """

    def __init__(self, inputs: int, *, reads: int = 1, first: int = 0) -> None:
        super().__init__({
            "bank": Out(1), "position": Out(range(-(-(inputs + first) // reads))), "index": In(range(inputs)),
            **({"second": In(range(inputs))} if reads > 1 else {}),
            "clear_en": Out(1), "clear_bank": Out(1), "clear_index": Out(range(inputs)), "release": Out(2),
        })


class Clearing(wiring.Signature):
    """What goes through the inputs once after a reset, which no memory minds, so that nothing is left of a sample.

    Members
    -------
    en, row : Out(1), Out(n)
        In this cycle all that is kept of the input ``row`` becomes 0.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__({"en": Out(1), "row": Out(range(inputs))})


class Recorder(wiring.Signature):
    """What a window buffer records.

    Members
    -------
    touch_en, touch_row, touch_position : Out
        The input is active at the position. The same input comes again after three cycles at the earliest.
    gate_en, gate_first, gates : Out
        Append a group's gates and spikes; ``gate_first`` makes it the window's first.
    """

    def __init__(self, block: BlockSpec, gate_layout: data.ArrayLayout) -> None:
        super().__init__({
            "touch_en": Out(1), "touch_row": Out(range(block.inputs)), "touch_position": Out(range(block.window)),
            "gate_en": Out(1), "gate_first": Out(1), "gates": Out(gate_layout),
        })


class RowReader(wiring.Signature):
    """Rows of a window buffer: which inputs were active, and when.

    Members
    -------
    rows : In(n)
        Length of the row list.
    advance : Out(1)
        List and masks are read; without it ``row`` and ``mask`` stay.
    list_position, row : Out, In
        A row of the list, one cycle later.
    mask_row, mask : Out, In
        A row's mask, one cycle later: bit p is the position p.
    clear_en, clear_row : Out
        Forget a row's mask.
    forget : Out(1)
        Forget the row list; every mask was cleared.
    """

    def __init__(self, block: BlockSpec) -> None:
        rows = range(block.inputs)
        super().__init__({
            "rows": In(range(block.inputs + 1)), "advance": Out(1), "list_position": Out(rows), "row": In(rows),
            "mask_row": Out(rows), "mask": In(block.window),
            "clear_en": Out(1), "clear_row": Out(rows), "forget": Out(1),
        })


class GateReader(wiring.Signature):
    """Gates and spikes of a window buffer.

    Members
    -------
    position, group : Out
        A group of lanes at a position of the window.
    gates : In
        Its gates and spikes, one cycle later.
    """

    def __init__(self, block: BlockSpec, gate_layout: data.ArrayLayout) -> None:
        super().__init__({"position": Out(range(block.window)), "group": Out(range(plan_of(block).readout_words)),
                          "gates": In(gate_layout)})


class GatedReader(wiring.Signature):
    """Which neurons of a window had a gate or fired.

    Members
    -------
    group, gated : Out, In
        A group of lanes, and a bit for each one cycle later.
    """

    def __init__(self, block: BlockSpec) -> None:
        plan = plan_of(block)
        super().__init__({"group": Out(range(plan.readout_words)), "gated": In(plan.lanes)})


class FeedbackReader(wiring.Signature):
    """A readout's feedback, ``bits`` for a neuron.

    Members
    -------
    group, part, feedback : Out, Out, In
        A group of lanes, a part of it where it has several, and its feedback one cycle later.
    position, read : Out, In(1)
        Of which position; and with the feedback whether a class is read at it, or there is none. Only where feedback is
        kept of each position; else it is the same at all that logits read.
    """

    def __init__(self, block: BlockSpec, bits: int) -> None:
        plan = plan_of(block)
        readout = Readout(plan)
        position = {"position": Out(range(block.window)), "read": In(1)} if readout.by_position else {}
        part = {"part": Out(range(readout.feedback_parts))} if readout.feedback_parts > 1 else {}
        super().__init__({"group": Out(range(plan.readout_words)), **part, **position,
                          "feedback": In(data.ArrayLayout(signed(bits), readout.feedback_lanes))})


class RandomKey(wiring.Signature):
    """What the random words of a window depend on, beside layer and row; constant while it is learned from.

    Members
    -------
    seed, window_number : Out(32)
        Of the network, and of the block.
    """

    def __init__(self) -> None:
        super().__init__({"seed": Out(32), "window_number": Out(32)})


class BlockRate(wiring.Signature):
    """How a block learns; constant while a sample is in it.

    Members
    -------
    shift : Out(2)
        What is added to its rate shifts.
    off : Out(1)
        It learns from no sample.
    """

    def __init__(self) -> None:
        super().__init__({"shift": Out(RATE_SHAPE), "off": Out(1)})


class StoredCounts(wiring.Signature):
    """Increments of the counters of updates, at most ``most`` in a cycle.

    Members
    -------
    updates, written, underflows, saturations : Out
        Weights that were updated; that changed; that should have and did not; that were saturated.
    """

    def __init__(self, most: int) -> None:
        bits = index_bits(most + 1)
        super().__init__(dict.fromkeys(("updates", "written", "underflows", "saturations"), Out(bits)))


class WeightReader(wiring.Signature):
    """Reading side of a block's weight memory.

    Members
    -------
    address, weights : Out, In
        The address of a word, and its stored weights :data:`~rtl_gen.contract.memories.WEIGHT_LATENCY` cycles later.
    """

    def __init__(self, block: BlockSpec) -> None:
        address, word = _weight_word(block)
        super().__init__({"address": Out(address), "weights": In(word)})


class WeightWriter(wiring.Signature):
    """Writing side of a block's weight memory.

    Members
    -------
    en, address, weights : Out
        Whether a word is written, where, and its stored weights.
    """

    def __init__(self, block: BlockSpec) -> None:
        address, word = _weight_word(block)
        super().__init__({"en": Out(1), "address": Out(address), "weights": Out(word)})


def _weight_word(block: BlockSpec) -> tuple[int, data.ArrayLayout]:
    """Bits of an address, and a word: a stored weight for each lane."""
    last = plan_of(block).layers[-1]
    word = data.ArrayLayout(signed(last.layer.weights.stored_bits), last.lanes)
    return index_bits(last.weight_base + last.weight_words), word
