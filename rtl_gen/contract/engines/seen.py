"""Which indices came in a step, as the memory declares itself that remembers them."""

from dataclasses import dataclass

from ..memories import MemoryDeclaration

__all__ = ["SeenMemory"]


@dataclass(frozen=True)
class SeenMemory:
    """Bits of indices, many in a word, each word with the number of the step that it is of.

    A word of another step counts as empty, so that a step begins at once. Numbers come round: before one does, every
    word was cleared, a few of them at the end of each step.

    Attributes
    ----------
    indices
        They are below it.
    prefix
        What its name begins with.
    """

    indices: int
    prefix: str = ""

    WIDTH = 32                  # bits of a word
    NUMBER_BITS = 4             # of a step's number

    @property
    def words(self) -> int:
        """Words of bits."""
        return -(-self.indices // self.WIDTH)

    @property
    def cleared(self) -> int:
        """Words that are cleared at the end of a step, a cycle each."""
        return -(-self.words // ((1 << self.NUMBER_BITS) - 1))

    @property
    def memory(self) -> MemoryDeclaration:
        """The memory; it is read in the cycle of an event, which block RAM cannot do."""
        return MemoryDeclaration(f"{self.prefix}seen", self.words, min(self.WIDTH, self.indices) + self.NUMBER_BITS,
                                 "distributed")
