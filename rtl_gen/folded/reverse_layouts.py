"""What the parts of a reverse pass hand to each other."""

from amaranth.hdl import *
from amaranth.lib import data

from ..contract.arithmetic import FEEDBACK_BITS, index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.engines.folded.reach import reach_of
from ..contract.plan import plan_of
from .ports import folded_gate_layout

__all__ = ["entry_layout", "place_layout", "reached_layout", "scanned_layout", "sum_layout", "word_layout"]


def reached_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a word of neurons whose ``gated`` lanes are to be walked.

    ``above`` where they reach the layer above: ``row`` is the address of the first weight word of the first lane, and
    ``word`` the first word of credits; ``more_down`` and ``more_across`` are the places they reach beside the first.
    ``own`` where they reach their own layer: ``own_row`` and ``own_word`` likewise. ``more_words`` and
    ``more_own_words`` are the words of columns, or those that are listed, beside the first.
    """
    plan = plan_of(block)
    last, reaches = plan.layers[-1], [reach_of(plan, number) for number in range(block.depth)]
    words = index_bits(max(*(reach.words for reach in reaches), *(layer.column_words for layer in plan.layers)))
    row, word = index_bits(last.weight_base + last.weight_words), index_bits(FoldedCredits(plan).words * block.window)
    return data.StructLayout({
        "gated": plan.lanes, "above": 1, "own": 1, "position": index_bits(block.window), "more_words": words,
        "more_own_words": words, "row": row, "word": word, "own_row": row, "own_word": word,
        "more_down": index_bits(max(line.taps for reach in reaches for line in reach.down)),
        "more_across": index_bits(max(line.taps for reach in reaches for line in reach.across))})


def entry_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of what is walked in a cycle.

    ``adds`` where a word of weights, at ``row``, times the credits at ``credit`` adds to the sum of ``lane``, which
    ``first`` begins and ``last`` ends; ``own`` where they are of the layer's own rows. ``ends`` marks the last of a
    word of neurons, which may have nothing to add.
    """
    engine, last = FoldedCredits(plan_of(block)), plan_of(block).layers[-1]
    return data.StructLayout({
        "valid": 1, "adds": 1, "first": 1, "last": 1, "own": 1, "ends": 1,
        "lane": index_bits(block.directives.lanes),
        "row": index_bits(last.weight_base + last.weight_words),
        "credit": index_bits(engine.words * block.window),
    })


def word_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a word of neurons whose credits are to be found.

    Attributes of it: its ``gates``, 0 in lanes that are no neurons; its number within its layer, ``place``; where its
    credits go, ``credit``; the ``bank`` of its sums. ``above`` where the layer above, or the readout, sees it, and
    ``own`` where its layer's own rows do. ``opens`` marks the last position, to which nothing is carried, ``first``
    the first word of a position. ``feedback`` is its word of the readout's feedback, and ``position`` its
    position, in the loss where ``in_loss``. ``row`` is the distance of its weights from the layer's first.
    """
    plan = plan_of(block)
    engine = FoldedCredits(plan)
    return data.StructLayout({
        "gates": folded_gate_layout(block),
        "place": index_bits(max(layer.words for layer in plan.layers)),
        "credit": index_bits(engine.words * block.window),
        "bank": index_bits(engine.AHEAD),
        "above": 1, "own": 1, "opens": 1, "first": 1,
        "feedback": index_bits(plan.readout_words),
        "in_loss": 1,
        "position": index_bits(block.window),
        "row": index_bits(plan.layers[-1].weight_base + plan.layers[-1].weight_words),
    })


def sum_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a sum that has come: its ``value``, rounded, of a ``lane`` and of its layer's ``own`` rows or not.

    ``ends`` marks the cycle after which no more come of a word of neurons; there may be none in it.
    """
    return data.StructLayout({
        "en": 1, "own": 1, "ends": 1, "lane": index_bits(block.directives.lanes), "value": signed(FEEDBACK_BITS)})


def scanned_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a part of a word whose credits are being found, its ``last`` or another.

    ``place`` is the number of the word within its layer, ``credit`` where its credits go, ``row`` as of a word.
    """
    word = word_layout(block)
    return data.StructLayout({
        "valid": 1, **{name: word[name].shape for name in ("row", "credit", "place", "position")},
        "part": index_bits(FoldedCredits(plan_of(block)).parts), "last": 1})


def place_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a place in the list of words with a credit at a ``position``: of the layer above, or of its ``own``."""
    words = max(layer.words for layer in plan_of(block).layers)
    return data.StructLayout({"number": index_bits(words), "position": index_bits(block.window), "own": 1})
