"""What every engine says of itself before any of it is made."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from ..block import BlockSpec
from ..memories import MemoryDeclaration
from ..plan import BlockPlan
from .refusals import Refusal

__all__ = ["Engine"]


class Engine(ABC):
    """An engine of a block: what it serves and the memories it has; its subclasses say how many cycles it takes.

    Parameters
    ----------
    plan
        The block, and where everything of it lies.
    """

    def __init__(self, plan: BlockPlan) -> None:
        self.plan = plan

    @property
    def block(self) -> BlockSpec:
        """The block it serves."""
        return self.plan.block

    @abstractmethod
    def refusals(self, index: int) -> Iterator[Refusal]:
        """Why it cannot serve the block, which is the network's number ``index``; nothing where it can."""

    @property
    @abstractmethod
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """Its memories, named within the block; queues of a few words are not among them."""
