"""Credits of a group's lanes: one half is walked while the other is loaded; and their sums over a row's positions."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import delta_max, lasting_credit_max, signed_bits
from .contract.block import BlockSpec
from .contract.engines.learning.reverse import Reverse
from .contract.plan import plan_of
from .credit import load_layout
from .memories import declared_memory
from .rounding import addend_bits, summed_shape

__all__ = ["CreditStore", "SteppedStore", "UnrolledStore", "selection_layout"]


def selection_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of what is added in a cycle: a row's credits at the positions of ``mask``, or the one at ``position``.

    ``first`` begins a row; ``half`` is the half that is walked; behind ``opens`` the next group's rows come.
    """
    return data.StructLayout({
        "opens": 1, "first": 1, "half": 1, "position": range(block.window), "mask": block.window})


class CreditStore(wiring.Component):
    """Credits of a group, and a row's sum of some of them.

    Parameters
    ----------
    block : BlockSpec
        A block of one layer.

    Members
    -------
    load, load_half : In(load_layout), In(1)
        Credits to be held in this half.
    select : In(selection_layout)
        What is added to the sums.
    addend : In
        What a row adds to the sums to be rounded, :attr:`ADDED` cycles after its credits are selected.
    sums : Out
        The lanes' sums, one cycle after that.
    """

    ADDED: int

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self.lanes = block.directives.lanes
        self.reverse = Reverse(plan_of(block))
        (self.layer,) = block.layers
        self.delta = signed(signed_bits(delta_max(block, 0)))
        rate_shift = self.layer.update.rate_shift
        summed = summed_shape(delta_max=delta_max(block, 0), rate_shift=rate_shift)
        super().__init__({
            "load": In(load_layout(block)),
            "load_half": In(1),
            "select": In(selection_layout(block)),
            "addend": In(addend_bits(rate_shift)),
            "sums": Out(data.ArrayLayout(summed, self.lanes)),
        })

    @staticmethod
    def of(block: BlockSpec) -> "CreditStore":
        """The store that a block's directives ask for."""
        return (UnrolledStore if block.directives.unroll else SteppedStore)(block)

    def _part_of(self, lane: int) -> tuple[int, int]:
        """The part of a lane, and its place in it."""
        return divmod(lane, self.reverse.scan_lanes)


class SteppedStore(CreditStore):
    """Credits in distributed RAM: one position is added a cycle, and sums are whole with a row's last.

    A row's first is added to the addend.
    """

    ADDED = 0

    def elaborate(self, platform: object) -> Module:
        m = Module()
        (memories,) = self.reverse.of_layers
        load, select, selected = self.load, self.select, []
        for part, declaration in enumerate(memories.credits):
            m.submodules[f"credits{part}"] = credits = declared_memory(declaration)
            write, read = credits.write_port(), credits.read_port(domain="comb")
            m.d.comb += [
                write.addr.eq(Cat(load.position, self.load_half)),
                write.data.eq(load.credits),
                write.en.eq(load.valid & (load.part == part)),
                read.addr.eq(Cat(select.position, select.half)),
            ]
            selected.append(data.View(load.credits.shape(), read.data))
        for lane in range(self.lanes):
            part, place = self._part_of(lane)
            m.d.sync += self.sums[lane].eq(selected[part][place] + Mux(select.first, self.addend, self.sums[lane]))
        return m


class UnrolledStore(CreditStore):
    """Credits in registers: all positions of a mask are added in one cycle.

    The sums of positions 0 and 1, 2 and 3, ... are made as the credits come, once for a whole walk and by one adder for
    all pairs. What was loaded is copied to be walked as a group opens, whatever the half.

    By nearest rounding the addend is the same for all rows of a window: it is in what the lanes choose from for
    positions 0 and 1, and in place of their 0, so that no lane adds it.
    """

    def __init__(self, block: BlockSpec) -> None:
        super().__init__(block)
        self._same_addend = self.layer.update.rounding == "nearest"
        self.ADDED = 0 if self._same_addend else 1

    def elaborate(self, platform: object) -> Module:
        m = Module()
        window, loaded, singles, both = self.block.window, *self._paired(m)
        for lane in range(self.lanes):
            part, place = self._part_of(lane)
            mine = loaded.valid & (loaded.part == part)
            walked = [self._held(m, mine & (loaded.position == position),
                                 singles[place] if position < 2 else loaded.credits[place], f"credit{lane}_{position}")
                      for position in range(window)]
            pairs = [self._held(m, mine & (loaded.position == 2 * number), both[place], f"pair{lane}_{number}")
                     for number in range(window // 2)]
            if self._same_addend:
                m.d.sync += self.sums[lane].eq(self._masked_sum(walked, pairs, self.addend))
                continue
            delta = Signal(self.delta, name=f"delta{lane}")
            m.d.sync += [
                delta.eq(self._masked_sum(walked, pairs, Const(0))),
                self.sums[lane].eq(delta + self.addend),
            ]
        return m

    def _paired(self, m: Module) -> tuple[data.View, list[Signal], list[Signal]]:
        """A cycle after a credit comes: what came, the credit with what is added to it, and both of its pair."""
        largest, half = lasting_credit_max(self.block, 0), 1 << addend_bits(self.layer.update.rate_shift) >> 1
        adds, added_max = (Mux(self.load.position < 2, self.addend, 0), half) if self._same_addend else (Const(0), 0)
        loaded, singles, both = Signal.like(self.load), [], []
        m.d.sync += loaded.eq(self.load)
        for place in range(self.reverse.scan_lanes):
            singles.append(Signal(signed(signed_bits(largest + added_max)), name=f"single{place}"))
            before = Signal(signed(signed_bits(largest)), name=f"before{place}")    # credit of the position behind
            both.append(Signal(signed(signed_bits(2 * largest + added_max)), name=f"both{place}"))
            m.d.sync += singles[-1].eq(self.load.credits[place] + adds)
            with m.If(loaded.valid):
                m.d.sync += before.eq(loaded.credits[place])
            m.d.comb += both[-1].eq(singles[-1] + before)
        return loaded, singles, both

    def _held(self, m: Module, en: Value, value: Value, name: str) -> Signal:
        """What is walked of a value, which is loaded with ``en`` and copied as a group opens."""
        shadow, walked = Signal(value.shape(), name=f"{name}_next"), Signal(value.shape(), name=name)
        with m.If(en):
            m.d.sync += shadow.eq(value)
        with m.If(self.select.opens):
            m.d.sync += walked.eq(shadow)
        return walked

    def _masked_sum(self, credits: list[Signal], pairs: list[Signal], none: Value) -> Value:
        """Sum of a lane's credits at the positions where the row was active; ``none`` where it was at neither 0 nor 1.

        None, either or both of a pair is a choice of four, which takes less than to mask two credits and add them.
        """
        parts, mask = [], self.select.mask
        for number, both in enumerate(pairs):
            low, high = mask[2 * number], mask[2 * number + 1]
            parts.append(Mux(low, Mux(high, both, credits[2 * number]),
                             Mux(high, credits[2 * number + 1], 0 if parts else none)))
        if len(credits) % 2:
            parts.append(Mux(mask[-1], credits[-1], 0 if parts else none))
        return sum(parts)
