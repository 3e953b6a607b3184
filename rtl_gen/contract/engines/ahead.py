"""What waits in front of a block that works longer at a window than the one before it."""

from ..arithmetic import index_bits
from ..block import BlockSpec
from ..memories import MemoryDeclaration

__all__ = ["TOKEN_MARKS", "ahead_memory"]

TOKEN_MARKS = 3             # bits of a token beside its value: its kind, and whether a sample ends


def ahead_memory(block: BlockSpec) -> MemoryDeclaration | None:
    """The queue of tokens in front of a block, one of which is in a register beside it; None where nothing waits."""
    if not block.directives.ahead:
        return None
    value = max(index_bits(block.inputs), index_bits(block.readout.classes) + 1)
    return MemoryDeclaration("ahead", block.directives.ahead, TOKEN_MARKS + value)
