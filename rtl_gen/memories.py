"""Memories as components, from what the engines declare."""

from collections.abc import Sequence

from amaranth.lib import memory

from .contract.memories import MemoryDeclaration

__all__ = ["WINDOW_STATE", "declared_memory"]

WINDOW_STATE = "snnfpga_window_state"   # attribute of every memory that holds window state, K steps deep


def declared_memory(declaration: MemoryDeclaration, init: Sequence[int] = ()) -> memory.Memory:
    """A memory of that shape, with the attributes that tell the tools of its style and of window state; of a table
    that nobody writes its words are ``init``.
    """
    attributes: dict[str, str | int] = {}
    if declaration.style != "auto":
        attributes["ram_style"] = declaration.style
    if declaration.window_state:
        attributes[WINDOW_STATE] = 1
    return memory.Memory(shape=declaration.width, depth=declaration.depth, init=init, attrs=attributes)
