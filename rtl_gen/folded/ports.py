"""Bundles of ports between the parts of a folded block, each said once and connected as a whole.

A direction is that of the part that asks: who has a bundle as ``Out`` asks, who has it as ``In`` serves. Words and
sources are numbered through all layers of the block, as :mod:`rtl_gen.contract.plan` says.
"""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits, signed_bits, weighed_credit_max
from ..contract.block import BlockSpec
from ..contract.engines.folded.credit_memories import has_thresholds, injected_bits
from ..contract.plan import plan_of

__all__ = ["CreditPort", "FoldedGateReader", "FoldedRecorder", "credit_layout", "folded_gate_layout", "injected_layout"]


def folded_gate_layout(block: BlockSpec) -> data.ArrayLayout:
    """Layout of a word's gates and spikes in one step, lane by lane: gates as wide as the widest of the layers."""
    bits = max(layer.surrogate.gate_bits for layer in block.layers)
    return data.ArrayLayout(data.StructLayout({"spike": 1, "gate": bits}), block.directives.lanes)


class FoldedRecorder(wiring.Signature):
    """What a folded window buffer records.

    Members
    -------
    touch_en, touch_layer, touch_source, touch_pixel, touch_channel, touch_position : Out
        This source of a layer is active, once more, at the position. Its pixel and channel are those of the grid that
        a convolution reads, and else 0. The same source may come again in the next cycle.
    gate_en, gate_word, gate_position, gates : Out
        Gates and spikes of a word at a position.
    """

    def __init__(self, block: BlockSpec) -> None:
        plan = plan_of(block)
        last = plan.layers[-1]
        grids = [layer.layer.synapses for layer in plan.layers if layer.layer.synapses.kind == "conv"]
        super().__init__({
            "touch_en": Out(1),
            "touch_layer": Out(index_bits(block.depth)),
            "touch_source": Out(index_bits(last.source_base + last.sources)),
            "touch_pixel": Out(index_bits(max([1, *(grid.height * grid.width for grid in grids)]))),
            "touch_channel": Out(index_bits(max([1, *(grid.channels for grid in grids)]))),
            "touch_position": Out(index_bits(block.window)),
            "gate_en": Out(1),
            "gate_word": Out(index_bits(last.word_base + last.words)),
            "gate_position": Out(index_bits(block.window)),
            "gates": Out(folded_gate_layout(block)),
        })


class FoldedGateReader(wiring.Signature):
    """Gates and spikes of a folded window buffer.

    Members
    -------
    position, word : Out
        A word at a position of the window.
    gates : In
        Its gates and spikes, one cycle later.
    """

    def __init__(self, block: BlockSpec) -> None:
        last = plan_of(block).layers[-1]
        super().__init__({
            "position": Out(index_bits(block.window)),
            "word": Out(index_bits(last.word_base + last.words)),
            "gates": In(folded_gate_layout(block)),
        })


def injected_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of what a neuron was given: the ``sum``, and whether it was ``told`` anything but 0 at some position."""
    return data.StructLayout({"told": 1, "sum": signed(injected_bits(block))})


def credit_layout(block: BlockSpec, lanes: int) -> data.StructLayout:
    """Layout of credits that come in a cycle: of ``lanes`` lanes of a word, which are its ``part``, at a ``position``.

    ``ends`` marks the last that comes of the word's last part. Credits are those that deltas are made of, as wide
    as the widest of the layers. Where a layer has learned thresholds, ``injected`` is what the lanes were
    given, before any was carried from a position to the one before, at the positions that have come; it is whole with
    a part's last.
    """
    bits = max(signed_bits(weighed_credit_max(block, layer)) for layer in range(block.depth))
    injected = {"injected": data.ArrayLayout(injected_layout(block), lanes)} if has_thresholds(block) else {}
    return data.StructLayout({
        "valid": 1, "ends": 1, "part": index_bits(-(-block.directives.lanes // lanes)),
        "position": index_bits(block.window), "credits": data.ArrayLayout(signed(bits), lanes), **injected,
    })


class CreditPort(wiring.Signature):
    """Credits of one word after another, for who walks rows; from a scan of gates, or from a memory of credits.

    Members
    -------
    steps : Out
        Steps of the window; constant while words are asked for.
    word : Out(stream of words)
        Word and layer whose credits are wanted. The next is taken once the credits of the one before have all come.
    load : In(credit_layout)
        Its credits, part by part; of each all positions of the window's steps, in any order.
    alive : In
        Lanes of the word with a credit other than 0, from the cycle after ``load.ends`` until the next word is taken.
    """

    def __init__(self, block: BlockSpec, lanes: int) -> None:
        last = plan_of(block).layers[-1]
        word = data.StructLayout({"layer": index_bits(block.depth), "word": index_bits(last.word_base + last.words)})
        super().__init__({
            "steps": Out(range(block.window + 1)),
            "word": Out(stream.Signature(word)),
            "load": In(credit_layout(block, lanes)),
            "alive": In(index_bits(block.directives.lanes + 1)),
        })
