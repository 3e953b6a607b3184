"""Tokens: what travels from the ingest to the first block, and from block to block."""

from amaranth.hdl import *
from amaranth.lib import data, enum

from .contract.arithmetic import index_bits

__all__ = ["TokenKind", "label_bits", "start_value", "step_value", "token_layout"]


class TokenKind(enum.Enum, shape=2):
    """What a token says.

    START: a sample begins; ``value`` is that of :func:`start_value`. EVENT: ``value`` is an index. STEP: the step is
    complete; ``last`` where it is the sample's last, and ``value`` is that of :func:`step_value`. ABORT: the sample
    ends here, unfinished; it stands in the place of a STEP.
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
        "value": max(index_bits(indices), index_bits(classes) + 3),
    })


def label_bits(classes: int) -> int:
    """Bits of a step's label, with the one above them that says that it has one."""
    return index_bits(classes) + 1


def start_value(label: ValueLike, learn: ValueLike, of_steps: ValueLike, tells: ValueLike, classes: int) -> Value:
    """The value of a START token: the label; above it whether to learn, whether labels come with the steps in its
    place, and whether the answers are told within the sample.
    """
    return Cat(Value.cast(label)[:index_bits(classes)], learn, of_steps, tells)


def step_value(label: ValueLike, known: ValueLike, classes: int) -> Value:
    """The value of a STEP token: the step's label, and above it whether it has one."""
    return Cat(Value.cast(label)[:index_bits(classes)], known)
