"""What every engine that changes a block's weights has."""

from abc import abstractmethod

from ...kinds import Part
from ..base import Engine

__all__ = ["Learning"]


class Learning(Part, Engine):
    """An engine that learns; ``Learning.of_kind(block.directives.engine)`` is the class of a block's."""

    @abstractmethod
    def cycles(self, rows: int, steps: int) -> int:
        """Cycles at the end of a window of ``steps``, with ``rows`` inputs active in it and credit in every word."""
