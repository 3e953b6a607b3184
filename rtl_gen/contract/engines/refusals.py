"""What several engines refuse, each in one line."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..block import BlockSpec

__all__ = ["Refusal", "leaky_readout"]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why an engine cannot serve a block.

    Attributes
    ----------
    line
        For an error, whole: the thing, the rule, the offender, what to do.
    what
        What stands in the way, without its place: ``a convolution``.
    places
        Where it is, as ``block 1 layer 0``; none where it is the network as a whole.
    change
        What the network would need in its place.
    """

    line: str
    what: str
    places: tuple[str, ...]
    change: str


def leaky_readout(block: BlockSpec, index: int) -> Iterator[Refusal]:
    """A readout that leaks runs in hardware, and no engine learns from its errors."""
    if block.readout.leak_shift is not None:
        yield Refusal(line=f"A block that is to learn on chip must have a readout without a leak, and that of block "
                           f"{index} leaks; set hardware.learning false for the block, or evaluate it on torch or the "
                           "reference",
                      what="a readout that leaks", places=(f"readout of block {index}",),
                      change="network.readout_leak_shift null, or hardware.learning false")
