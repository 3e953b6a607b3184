"""Memories as a design declares them: how many words of how many bits, and whether it minds where they go."""

from dataclasses import dataclass, replace

__all__ = ["FLAT_WEIGHT_LATENCY", "ROW_WORDS", "WEIGHT_LATENCY", "MemoryDeclaration", "rows_of"]

WEIGHT_LATENCY = 3          # cycles from the address of a weight word to the word
FLAT_WEIGHT_LATENCY = WEIGHT_LATENCY + 1        # of a flat block's, whose address is in a register first

ROW_WORDS = 2048            # of a row of large memories; deeper ones would leave a block RAM's ninth bits unused
ONE_ROW_WORDS = 4096        # of a row alone: a block RAM of 36 kbit has nine bits of so many, and nothing is chosen
MOST_ROWS = 8               # each has a register for every bit of a word
ROW_BITS = 64               # of a narrower word the rows could take more memories than it takes in one


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


def rows_of(memory: MemoryDeclaration) -> tuple[MemoryDeclaration, ...]:
    """The rows of block RAMs that a deep memory is made of, so that each can have a register of its own behind it.

    All but the last have as many words, a power of two; together they take no more block RAMs than the memory would in
    one. One that is not deep, that is narrow, or that is not to be in block RAM, is a single row.
    """
    if memory.width < ROW_BITS or memory.style == "distributed" or memory.depth <= ONE_ROW_WORDS:
        return (memory,)
    words = ROW_WORDS
    while words * MOST_ROWS < memory.depth:
        words *= 2
    return tuple(replace(memory, name=f"{memory.name}{number}", depth=min(words, memory.depth - first))
                 for number, first in enumerate(range(0, memory.depth, words)))
