"""Level counts: what the events of each row count in the window that goes on, where levels that leak are read."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import FACTOR_BITS, level_factors, row_count_max
from .contract.block import BlockSpec
from .contract.engines.readout import Readout
from .contract.plan import plan_of
from .memories import declared_memory

__all__ = ["LevelCounts"]


class LevelCounts(wiring.Component):
    """How often each row came at each position, kept while its events pass, and the sum of what they count.

    At a window's end what a position counts is found from the last to the first, a position a cycle. Where the largest
    level is read it depends on the class alone: how far before the level of that class it lies. A row is read in one
    cycle, and its sum comes :attr:`latency` cycles later. No reset clears the memory: after one, every row is to be
    forgotten.

    Computes ``counted`` of :mod:`sim.reference.level_credit`, summed over the positions, bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A block that learns, with a learned readout that leaks.

    Members
    -------
    row : In(range(rows))
        The row of this cycle.
    fired, position : In(1), In
        Its event came, at this position; the same row may come in the next cycle.
    forget : In(1)
        No event of it came, from the next cycle on.
    ends : In(1)
        The window ends with this position.
    settled : Out(1)
        What positions count is known of the window that ended last.
    read_at : In
        The position of the level that the row is summed for, a cycle after the row. It is there where the largest level
        is read, and the two before it are not.
    count : Out
        What the row counts, in units of 2^-``FACTOR_BITS``.
    """

    def __init__(self, block: BlockSpec) -> None:
        self._block, self._engine = block, Readout(plan_of(block))
        self._bits = block.readout.largest_event.bit_length()
        self._largest = max(level_factors(block, block.window))
        self.latency = 1 + self._engine.count_levels
        of_class = {"read_at": In(range(block.window))}
        super().__init__({
            "row": In(range(block.readout.rows)),
            "fired": In(1),
            "position": In(range(block.window)),
            "forget": In(1),
            **(of_class if self._engine.by_position else {"ends": In(1), "settled": Out(1)}),
            "count": Out(range(row_count_max(block) + 1)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits, window = self._bits, self._block.window
        m.submodules.counts = counts = declared_memory(self._engine.counts)
        write = counts.write_port()
        read = counts.read_port(transparent_for=(write,))
        fired, forget, row, position = Signal(), Signal(), Signal.like(self.row), Signal.like(self.position)
        m.d.sync += [fired.eq(self.fired), forget.eq(self.forget), row.eq(self.row), position.eq(self.position)]
        at = [read.data.word_select(p, bits) for p in range(window)]
        m.d.comb += [
            read.addr.eq(self.row),
            write.addr.eq(row),
            write.data.eq(Mux(forget, 0, Cat((count + (position == p))[:bits] for p, count in enumerate(at)))),
            write.en.eq(fired | forget),
        ]
        if self._engine.by_position:
            at, factors = self._moved(m, read.data), level_factors(self._block, window)
        else:
            factors = self._factors(m)
        addends = [sum(Mux(count[bit], factor << bit, 0) for bit in range(bits))
                   for count, factor in zip(at, factors, strict=True)]
        level = 0
        while len(addends) > 1:
            held = []
            for number in range(0, len(addends), 2):
                exact = sum(addends[number:number + 2], Const(0))
                held.append(Signal(exact.shape(), name=f"counted{level}_{number}"))
                m.d.sync += held[-1].eq(exact)
            addends, level = held, level + 1
        m.d.comb += self.count.eq(addends[0])
        return m

    def _moved(self, m: Module, counts: Value) -> list[Value]:
        """Counts at all positions, moved on so far that those of the level that is read stand last; those behind it are
        no more.
        """
        bits, last = self._bits, self._block.window - 1
        back = Signal(range(self._block.window))
        m.d.comb += back.eq(last - self.read_at)
        for stage, by in enumerate(back):
            counts = Mux(by, (counts << (bits << stage))[:len(counts)], counts)
        moved = Signal(len(counts))
        m.d.sync += moved.eq(counts)
        return [moved.word_select(p, bits) for p in range(last + 1)]

    def _factors(self, m: Module) -> list[Signal]:
        """What each position counts; those behind the window's last stand beside counts of 0."""
        block, leak = self._block, self._block.readout.leak_shift
        factors = [Signal(range(self._largest + 1), name=f"factor{p}") for p in range(block.window)]
        newest, before = Signal(range(self._largest + 1)), Signal(range(self._largest + 1))
        running, first, at = Signal(), Signal(), Signal.like(self.position)
        reads = at >= block.window - block.loss_steps if block.readout.reading == "sum" else first
        m.d.comb += [
            newest.eq(before - ((before + (1 << leak >> 1)) >> leak) + Mux(reads, 1 << FACTOR_BITS, 0)),
            self.settled.eq(~running),
        ]
        with m.If(running):
            m.d.sync += [first.eq(0), before.eq(newest), at.eq(at - 1), running.eq(at != 0)]
            m.d.sync += [later.eq(value) for later, value in zip(factors, [newest, *factors[:-1]], strict=True)]
        with m.If(self.ends):
            m.d.sync += [running.eq(1), first.eq(1), before.eq(0), at.eq(self.position)]
        return factors
