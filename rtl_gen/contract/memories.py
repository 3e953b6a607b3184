"""Memories as a design declares them: how many words of how many bits, and whether it minds where they go."""

from dataclasses import dataclass

__all__ = ["FLAT_WEIGHT_LATENCY", "WEIGHT_LATENCY", "MemoryDeclaration"]

WEIGHT_LATENCY = 3          # cycles from the address of a weight word to the word
FLAT_WEIGHT_LATENCY = WEIGHT_LATENCY + 1        # of a flat block's, whose address is in a register first


@dataclass(frozen=True)
class MemoryDeclaration:
    """One memory of a design; where it goes is for the board's device to say.

    Attributes
    ----------
    name
        Block and role.
    depth, width
        Words, and bits of one.
    style
        ``block``: where the part has large memories. ``distributed``: within its logic. ``auto``: where it is cheaper.
    window_state
        Whether it holds what learning needs to know of the last K steps.
    ports
        1: one side reads and the other writes. 2: both read, and one of them writes.
    """

    name: str
    depth: int
    width: int
    style: str = "auto"
    window_state: bool = False
    ports: int = 1

    @property
    def bits(self) -> int:
        """Bits of all words."""
        return self.depth * self.width
