"""What every engine that changes a block's weights has."""

from abc import abstractmethod
from collections.abc import Sequence

from ...kinds import Part
from ..base import Engine

__all__ = ["Learning"]


class Learning(Part, Engine):
    """An engine that learns; ``Learning.of_kind(block.directives.engine)`` is the class of a block's."""

    @property
    def reset_cycles(self) -> int:
        """Cycles after a reset in which it clears something by itself."""
        return 0

    @abstractmethod
    def cycles(self, rows: int, steps: int, active: int | None = None, credited: Sequence[bool] | None = None) -> int:
        """Cycles of learning from a window of ``steps``, with ``rows`` inputs active in it.

        ``active`` is in how many steps each was, summed over all inputs: without it in one. ``credited`` says which
        words have credit: without it all.
        """
