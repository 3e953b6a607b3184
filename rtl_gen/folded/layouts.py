"""Layouts of what travels through the folded forward engine and of what leaves it."""

from amaranth.hdl import *
from amaranth.lib import data

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.forward import FoldedForward
from ..contract.plan import plan_of
from ..token import TokenKind, label_bits, token_layout

__all__ = ["entry_layout", "list_layout", "spikes_layout", "step_layout", "tagged_layout"]


def _value_bits(block: BlockSpec) -> int:
    """Bits of a START's value, which are more than those of a STEP's."""
    return index_bits(block.readout.classes) + 3


def list_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of which list of events: a layer's, and of two the ``bank``."""
    return data.StructLayout({"layer": index_bits(block.depth), "bank": 1})


def step_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of what the engine is told: a START, or a step (or its abort) whose events lie in ``bank``."""
    return data.StructLayout({"kind": TokenKind, "last": 1, "value": _value_bits(block), "bank": 1})


def entry_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of an entry of the pipeline: a word of weights, and what is done with it.

    ``event`` and ``bias`` say of what the weights are, ``threshold`` that they are added to the thresholds and not to
    the sum; of none of the three they are nothing. The sum goes on, or begins ``fresh`` at 0, or with what was
    ``loaded`` of the word ``current``; it is ``stored`` there, and 0 is where it ``closes``: then the neurons of
    ``word`` fire. ``place_ends`` with the words that may have lanes to spare, ``layer_ends`` with the step's last.
    """
    plan = plan_of(block)
    engine = FoldedForward(plan)
    return data.StructLayout({
        "event": 1, "bias": 1, "threshold": 1, "fresh": 1, "loaded": 1, "stored": 1, "closes": 1,
        "place_ends": 1, "layer_ends": 1,
        "current": index_bits(max(layer.words for layer in plan.layers)),
        "word": index_bits(engine.words),
        "address": index_bits(engine.weight_words),
    })


def spikes_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of what leaves the pipeline: a START, the spikes of a word of a layer (a STEP), or an ABORT.

    ``place_ends`` with a place's last word and ``layer_ends`` with the layer's in this step; ``last`` is of the
    sample's last step, and ``label`` the step's, as its token's value. ``payload`` is the spikes, of which there are
    ``count``, or a START's value.
    """
    return data.StructLayout({
        "kind": TokenKind, "layer": index_bits(block.depth), "place_ends": 1, "layer_ends": 1, "last": 1,
        "label": label_bits(block.readout.classes), "payload": max(block.directives.lanes, _value_bits(block)),
        "count": index_bits(block.directives.lanes + 1),
    })


def tagged_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a token of one of the layers; ``last`` is of every token of a sample's last step."""
    most = max(layer.outputs for layer in block.layers)
    token = token_layout(most, block.readout.classes)
    return data.StructLayout({
        "kind": TokenKind, "layer": index_bits(block.depth), "last": 1, "value": token["value"].shape})
