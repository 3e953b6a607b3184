"""Tokens: what travels from the ingest to the first block, and from block to block."""

from amaranth.hdl import *
from amaranth.lib import data, enum

from .contract.arithmetic import index_bits

__all__ = ["TokenKind", "start_value", "token_layout"]


class TokenKind(enum.Enum, shape=2):
    """What a token says.

    START: a sample begins; ``value`` is the label with the learn flag above it. EVENT: ``value`` is an index. STEP: the
    step is complete; ``last`` where it is the sample's last. ABORT: the sample ends here, unfinished; it stands in the
    place of a STEP.
    """

    START = 0
    EVENT = 1
    STEP = 2
    ABORT = 3


def token_layout(indices: int, classes: int) -> data.StructLayout:
    """Layout of a token whose events have an index below ``indices``."""
    return data.StructLayout({
        "kind": TokenKind,
        "last": 1,
        "value": max(index_bits(indices), index_bits(classes) + 1),
    })


def start_value(label: ValueLike, learn: ValueLike, classes: int) -> Value:
    """The value of a START token."""
    return Cat(Value.cast(label)[:index_bits(classes)], learn)
