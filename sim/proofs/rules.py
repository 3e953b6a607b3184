"""What proofs are put together from: masters that keep to the rules of a stream, and rules that are checked."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring

__all__ = ["MOST_RULES", "Rules", "drive"]

MOST_RULES = 32


def drive(m: Module, target: wiring.PureInterface, name: str, *, may: ValueLike = 1) -> Signal:
    """Offer on the stream ``target`` whatever a solver likes, and let it stay until it is taken.

    An offer begins only in a cycle after one in which ``may`` was 1. Gives what the next offer is, a free input that
    the caller connects.
    """
    free = Signal(1 + len(Value.cast(target.payload)), name=f"{name}_free")
    with m.If(~target.valid | target.ready):
        m.d.sync += [target.valid.eq(free[0] & may), Value.cast(target.payload).eq(free[1:])]
    return free


class Rules:
    """Rules of one harness, each a condition that has to hold in every cycle."""

    def __init__(self, m: Module) -> None:
        self.m, self.broken = m, []

    def hold(self, condition: ValueLike) -> None:
        """``condition`` has to hold."""
        self.broken.append(~(Value.cast(condition).bool()))

    def follows(self, given: ValueLike, condition: ValueLike) -> None:
        """Where ``given`` does, ``condition`` has to hold."""
        self.broken.append(Value.cast(given).bool() & ~Value.cast(condition).bool())

    def stays(self, source: stream.Interface) -> None:
        """What a stream offers stays as it is until it is taken."""
        waited, before = Signal(), Signal(len(Value.cast(source.payload)))
        self.m.d.sync += [waited.eq(source.valid & ~source.ready), before.eq(Value.cast(source.payload))]
        self.follows(waited, source.valid & (Value.cast(source.payload) == before))

    def within(self, cycles: int, waiting: ValueLike) -> None:
        """``waiting`` lasts no longer than so many cycles."""
        for_so_long = Signal(range(cycles + 2))
        self.m.d.sync += for_so_long.eq(Mux(waiting, for_so_long + (for_so_long <= cycles), 0))
        self.hold(for_so_long <= cycles)

    def bits(self) -> Value:
        """A bit a rule, in their order: whether it is broken in this cycle."""
        assert len(self.broken) <= MOST_RULES
        return Cat(*self.broken)
