"""A folded block: one forward engine for all of its layers, and what learns."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring

from ..block_shell import BlockShell, ForwardWay
from ..contract.plan import plan_of
from .by_layer import by_layer
from .forward import FoldedForwardEngine
from .learning import FoldedLearning

__all__ = ["FoldedBlock"]


class FoldedBlock(BlockShell):
    """One block of the network whose layers take turns on one pair of engines.

    Parameters, members and errors are those of a :class:`~rtl_gen.block_shell.BlockShell`.
    """

    def _add_forward(self, m: Module, tokens: stream.Interface) -> ForwardWay:
        """The forward engine, lists and serialiser included."""
        m.submodules.forward = forward = FoldedForwardEngine(self.block)
        wiring.connect(m, tokens, forward.i)
        m.d.comb += forward.host_layer.eq(self._host.layer)
        return ForwardWay(engine=forward, spikes=forward.o, accepted=forward.accepted, dropped=forward.dropped,
                          spike=forward.spike, empty=[forward.idle])

    def _add_learning(self, m: Module, forward: wiring.Component) -> FoldedLearning:
        """Window buffer, credits and update."""
        m.submodules.learning = learning = FoldedLearning(self.block, self.spec.layer_number(self.index, 0))
        wiring.connect(m, forward.recorder, learning.recorder)
        m.d.comb += forward.hold.eq(learning.clearing)
        return learning

    def _weight_address(self) -> Value:
        """The layers' weights lie behind one another."""
        bases = [layer.weight_base for layer in plan_of(self.block).layers]
        return self._host.address + by_layer(self._host.layer, bases)

    def _products(self, learning: FoldedLearning) -> list[Value]:
        """Those of the reverse pass."""
        return [learning.multiplies]
