"""Counter bank: many counters behind one adder."""

from collections.abc import Mapping

from amaranth.hdl import *
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits

__all__ = ["COUNTER_BITS", "CounterBank"]

COUNTER_BITS = 32


class CounterBank(wiring.Component):
    """Counters that stay at their largest value, each brought up to date when its turn comes.

    What a counter grows by between two turns is kept aside, so that nothing is lost: at its turn ``value`` holds all
    that was counted before the last cycle, in which the counter and what was kept of it were read. Turns go round, one
    a cycle. An adder and a saturation for each counter would take more than twice the LUTs.

    Parameters
    ----------
    largest : Mapping[str, int]
        Each counter's name and the most it grows by in a cycle; of two counters at least.
    bits : int
        Width of a counter; must hold what it grows by in a round.

    Members
    -------
    amounts : In(StructLayout)
        What each counter grows by in this cycle.
    turn : Out(n)
        Whose turn it is, by the place in ``largest``.
    value : Out(bits)
        That counter.
    clear : In(1)
        Set that counter to 0; what it grows by in this cycle and grew by in the last stays.
    """

    def __init__(self, largest: Mapping[str, int], bits: int = COUNTER_BITS) -> None:
        self.largest = dict(largest)
        self.bits = bits
        super().__init__({
            "amounts": In(data.StructLayout({name: index_bits(most + 1) for name, most in self.largest.items()})),
            "turn": Out(range(len(self.largest))),
            "value": Out(bits),
            "clear": In(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = len(self.largest)
        m.submodules.totals = totals = memory.Memory(
            shape=self.bits, depth=count, init=[], attrs={"ram_style": "distributed"})
        write, read = totals.write_port(), totals.read_port(domain="comb")

        # A counter is read a cycle before its turn. The memory outlives a reset; its words count as 0 until each was
        # written once.
        fresh, following = Signal(init=1), Signal.like(self.turn, init=1)
        total, part = Signal(self.bits), Signal(index_bits(max(self.largest.values()) * count + 1))
        m.d.sync += [self.turn.eq(following), following.eq(Mux(following == count - 1, 0, following + 1))]
        with m.If(self.turn == count - 1):
            m.d.sync += fresh.eq(0)

        kept = []
        for number, (name, most) in enumerate(self.largest.items()):
            aside = Signal(index_bits(most * count + 1), name=f"{name.replace('.', '_')}_aside")
            m.d.sync += aside.eq(Mux(following == number, 0, aside) + self.amounts[name])
            kept.append(aside)
        grown = Signal(self.bits + 1)
        m.d.sync += [total.eq(read.data), part.eq(Array(kept)[following])]
        m.d.comb += [
            grown.eq(Mux(fresh, 0, total) + part),
            self.value.eq(grown[:-1] | grown[-1].replicate(self.bits)),
            read.addr.eq(following),
            write.addr.eq(self.turn),
            write.data.eq(Mux(self.clear, 0, self.value)),
            write.en.eq(1),
        ]
        return m
