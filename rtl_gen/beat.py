"""A beat of the input stream, with what is found about it before it is held."""

from amaranth.hdl import *
from amaranth.lib import data

from .contract.protocol import INDEX_BITS, LABEL_BITS
from .contract.spec import NetworkSpec
from .packet import packet_layout

__all__ = ["beat_layout", "looked_at"]


def beat_layout() -> data.StructLayout:
    """Layout of a beat: ``packet`` as it came, and whether an event's index, and a label, is one that there is none of.

    Numbers are compared before the beat is in a register, so that what is done with it waits for no comparison.
    """
    return data.StructLayout({"packet": packet_layout(), "no_input": 1, "no_class": 1})


def looked_at(spec: NetworkSpec, packet: data.View) -> list[Value]:
    """The fields of :func:`beat_layout` for a beat that comes to a core."""
    index, label = packet.data[:INDEX_BITS], packet.data[:LABEL_BITS]
    return [packet.as_value(), index >= spec.inputs, label >= spec.blocks[0].readout.classes]
