"""A beat of 32 bits with its TLAST."""

from amaranth.lib import data

from .protocol import KIND_SHIFT

__all__ = ["KIND", "beat_layout"]

KIND = slice(KIND_SHIFT, KIND_SHIFT + 2)


def beat_layout() -> data.StructLayout:
    """Layout of a beat, of the streams outside and of the packets inside."""
    return data.StructLayout({"data": 32, "last": 1})
