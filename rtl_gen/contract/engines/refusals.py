"""What several engines refuse, each in one line."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..block import BlockSpec

__all__ = ["Refusal", "largest_level"]


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


def largest_level(block: BlockSpec, index: int) -> Iterator[Refusal]:
    """The largest level of each class may be of another step, and no engine takes errors at several steps."""
    if block.readout.reading == "maximum":
        yield Refusal(line="A block that is to learn on chip must have a readout that is not read by maximum, as that "
                           f"of block {index} is; take the reading sum or last, set hardware.learning false for the "
                           "block, or evaluate it on torch or the reference",
                      what="a readout that is read by maximum", places=(f"readout of block {index}",),
                      change="network.reading sum or last, or hardware.learning false")
