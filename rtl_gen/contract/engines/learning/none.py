"""No engine: the block runs, and never learns."""

from collections.abc import Iterator, Sequence

from ...memories import MemoryDeclaration
from ..refusals import Refusal
from .base import Learning


class NoLearning(Learning):
    """Nothing at all."""


    def refusals(self, index: int) -> Iterator[Refusal]:
        """Nothing is refused."""
        return iter(())

    @property
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """No memory."""
        return ()

    def cycles(self, rows: int, steps: int, active: int | None = None, credited: Sequence[bool] | None = None) -> int:
        """No cycle."""
        return 0


SPEC = NoLearning
