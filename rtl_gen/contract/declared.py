"""What the engines of a network declare, put together."""

from dataclasses import dataclass

from .block import BlockSpec
from .engines.ahead import ahead_memory
from .engines.base import Engine
from .engines.folded.forward import FoldedForward
from .engines.folded.reverse import FoldedReverse
from .engines.forward import Forward
from .engines.learning.base import Learning
from .engines.readout import Readout
from .memories import MemoryDeclaration
from .plan import plan_of
from .spec import NetworkSpec

__all__ = ["Engines", "engines_of", "state_buffer_bits"]


@dataclass(frozen=True, kw_only=True)
class Engines:
    """The engines of a block.

    Attributes
    ----------
    forward, readout, learning
        What runs it, what classifies, and what learns, which may be nothing.
    """

    forward: Forward | FoldedForward
    readout: Readout
    learning: Learning

    @property
    def all(self) -> tuple[Engine, ...]:
        """All of them, in the order in which an event passes through."""
        return (self.forward, self.readout, self.learning)

    @property
    def memories(self) -> tuple[MemoryDeclaration, ...]:
        """Memories of the block, named within it."""
        ahead = ahead_memory(self.forward.block)
        return (*(() if ahead is None else (ahead,)), *(memory for engine in self.all for memory in engine.memories))


def engines_of(block: BlockSpec) -> Engines:
    """The engines that serve a block."""
    plan = plan_of(block)
    folds = not plan.flat and block.directives.learns
    return Engines(forward=Forward(plan) if plan.flat else FoldedForward(plan), readout=Readout(plan),
                   learning=(FoldedReverse if folds else Learning.of_kind(block.directives.engine))(plan))


def state_buffer_bits(spec: NetworkSpec, block: int) -> int:
    """Bits of the memories that hold a block's window state; no term of them holds T.

    A block that does not learn keeps none.
    """
    return sum(memory.bits for memory in engines_of(spec.blocks[block]).memories if memory.window_state)
