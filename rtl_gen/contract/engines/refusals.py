"""What several engines refuse, each in one line."""

from dataclasses import dataclass

__all__ = ["Refusal"]


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
