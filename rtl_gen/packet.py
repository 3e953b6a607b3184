"""Packets: what leaves the core for the host."""

from amaranth.lib import data

__all__ = ["packet_layout"]


def packet_layout() -> data.StructLayout:
    """Layout of a beat of an output packet."""
    return data.StructLayout({"data": 32, "last": 1})
