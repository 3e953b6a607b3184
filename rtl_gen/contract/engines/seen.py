"""How often indices came in a step, as the memory declares itself that remembers it."""

from dataclasses import dataclass

from ..memories import MemoryDeclaration

__all__ = ["SeenMemory"]


@dataclass(frozen=True)
class SeenMemory:
    """Counts of indices, of a bit where only one event counts, many in a word, each word with the number of the step
    that it is of.

    A word of another step counts as empty, so that a step begins at once. Numbers come round: before one does, every
    word was cleared, a few of them at the end of each step.

    Attributes
    ----------
    indices
        They are below it.
    prefix
        What its name begins with.
    most
        Events of an index that count in a step.
    """

    indices: int
    prefix: str = ""
    most: int = 1

    WIDTH = 32                  # bits of a word
    NUMBER_BITS = 4             # of a step's number

    @property
    def count_bits(self) -> int:
        """Bits of a count: 1, 2, 4 or 8, so that a word holds a power of two of them."""
        return 1 << (self.most.bit_length() - 1).bit_length()

    @property
    def counts(self) -> int:
        """Counts in a word."""
        return self.WIDTH // self.count_bits

    @property
    def words(self) -> int:
        """Words of counts."""
        return -(-self.indices // self.counts)

    @property
    def cleared(self) -> int:
        """Words that are cleared at the end of a step, a cycle each."""
        return -(-self.words // ((1 << self.NUMBER_BITS) - 1))

    @property
    def memory(self) -> MemoryDeclaration:
        """The memory; it is read in the cycle of an event, which block RAM cannot do."""
        return MemoryDeclaration(f"{self.prefix}seen", self.words, min(self.counts, self.indices) * self.count_bits
                                 + self.NUMBER_BITS,
                                 "distributed")
