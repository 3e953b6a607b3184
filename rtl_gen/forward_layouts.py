"""Layouts of what travels through the forward engine and of what leaves it."""

from amaranth.hdl import *
from amaranth.lib import data

from .contract.arithmetic import index_bits
from .contract.block import BlockSpec
from .contract.plan import plan_of
from .event_list import step_layout
from .token import TokenKind, label_bits

__all__ = ["entry_layout", "gate_layout", "group_layout", "window_end_layout"]


def group_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of what leaves the engine: a START, the spikes of a group of lanes (a STEP), or an ABORT.

    ``last_group`` closes the step, ``last`` the sample; ``label`` is the step's, as its token's value. ``payload`` is
    the spikes, of which there are ``count``, or a START's value.
    """
    start_bits = step_layout(block.inputs, block.readout.classes)["value"].shape
    return data.StructLayout({
        "kind": TokenKind,
        "last_group": 1,
        "last": 1,
        "label": label_bits(block.readout.classes),
        "payload": max(block.directives.lanes, Shape.cast(start_bits).width),
        "count": index_bits(block.directives.lanes + 1),
    })


def gate_layout(block: BlockSpec) -> data.ArrayLayout:
    """Layout of a group's gates and spikes in one step, lane by lane."""
    (layer,) = block.layers
    return data.ArrayLayout(data.StructLayout({"spike": 1, "gate": layer.surrogate.gate_bits}), block.directives.lanes)


def window_end_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a window's end: its ``steps``, and whether what was recorded is only to be ``discarded``."""
    return data.StructLayout({"steps": range(block.window + 1), "discard": 1})


def entry_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of what travels down the pipeline with each weight address."""
    (plan,) = plan_of(block).layers
    return data.StructLayout({
        "valid": 1,
        "discard": 1,           # an aborted step: take an event off the list and nothing else
        "event": 1,
        "bias": 1,
        "second": 1,            # an event is read beside it
        "first": 1,             # of its group
        "last": 1,
        "group": index_bits(plan.words),
        "group_last": 1,
        "position": range(block.window),
        "first_step": 1,
        "sample_last": 1,
        "label": label_bits(block.readout.classes),
        "record": 1,
        "bank": 1,
    })
