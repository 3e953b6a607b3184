"""A readout's own update: some classes of a row a cycle, and the row's new weights together."""

from itertools import pairwise

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .addends import sum_of
from .contract.arithmetic import DRAW_BITS, readout_delta_max, readout_shift, row_count_max, signed_bits
from .contract.block import BlockSpec
from .contract.engines.readout import ClassWalk, Readout
from .contract.plan import plan_of
from .feedback import error_layout
from .ports import RATE_SHAPE, RandomKey, StoredCounts
from .rounding import RandomDraw, StoredUpdate, row_addend

__all__ = ["ReadoutUpdate"]


class ReadoutUpdate(wiring.Component):
    """Stored weights of a learned readout less their rounded ``error * count of events``.

    The parts of a row come one after another and without a pause; its new weights are written with the last. Where no
    event of it came, nothing is, but where each class counts for itself: then what was there is written again.

    Computes :func:`sim.reference.update.update` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A block with a learned readout.
    layer_number : int
        The readout's number among the layers of the network, for the random words.
    walk : ClassWalk
        The parts in which a row's classes come.

    Members
    -------
    start : In(1)
        The next row is the first.
    drawn_row : In
        A row's number, three cycles before its parts where it draws a random word.
    valid, last : In(1)
        There is a part; it is a row's last.
    count, stored, errors : In
        Events of the row, where the largest level is read as they count for the part's class; stored weights and
        errors of the part. Where there is no class, 0.
    host_en, host_row, host_data : In
        The host's new weights, while nothing else comes.
    w_en, w_row, w_data : Out
        New weights of a row, the host's one cycle later: they share the last registers, so that no choice lies behind.
    key, rate : In(RandomKey), In
        Of the random words; and what is added to the rate shift, constant while rows come.
    counts : Out(StoredCounts)
        Increments of the counters.
    """

    LATENCY = 1 + StoredUpdate.LATENCY

    def __init__(self, block: BlockSpec, layer_number: int, walk: ClassWalk) -> None:
        self.block, self.readout, self.walk = block, block.readout, walk
        self._by_position = Readout(plan_of(block)).by_position
        self._layer_number = layer_number
        readout, most = block.readout, walk.classes_per_cycle
        super().__init__({
            "start": In(1),
            "drawn_row": In(range(readout.rows)),
            "valid": In(1),
            "last": In(1),
            "count": In(range(row_count_max(block) + 1)),
            "stored": In(data.ArrayLayout(signed(readout.stored_bits), most)),
            "errors": In(data.ArrayLayout(error_layout(readout), most)),
            "host_en": In(1),
            "host_row": In(range(readout.rows)),
            "host_data": In(data.ArrayLayout(signed(readout.stored_bits), readout.classes)),
            "w_en": Out(1),
            "w_row": Out(range(readout.rows)),
            "w_data": Out(data.ArrayLayout(signed(readout.stored_bits), readout.classes)),
            "key": In(RandomKey()),
            "rate": In(RATE_SHAPE),
            "counts": Out(StoredCounts(most)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        readout, per_cycle = self.readout, self.walk.classes_per_cycle
        word = Const(0, DRAW_BITS)
        if readout.rounding == "stochastic":
            m.submodules.random = random = RandomDraw(self._layer_number)
            wiring.connect(m, wiring.flipped(self.key), random.key)
            m.d.comb += random.row.eq(self.drawn_row)
            word = random.word
        addend = row_addend(word=word, rate=self.rate, rate_shift=readout_shift(readout), rounding=readout.rounding)
        # The host's row in as many parts, each class of a part where an update has it.
        hosted_parts = Signal(data.ArrayLayout(data.ArrayLayout(signed(readout.stored_bits), per_cycle),
                                               self.walk.parts))
        m.d.comb += Value.cast(hosted_parts).eq(Value.cast(self.host_data))
        updates = [self._update(m, k, addend, hosted_parts[-1][k]) for k in range(per_cycle)]
        self._assemble(m, Cat(update.updated for update in updates), hosted_parts)
        self._count(m, updates)
        return m

    def _update(self, m: Module, k: int, addend: Value, loaded: Value) -> StoredUpdate:
        """The part's class ``k``."""
        readout, bound = self.readout, readout_delta_max(self.block)
        delta = Signal(signed(signed_bits(bound)), name=f"delta{k}")
        stored = Signal(signed(readout.stored_bits), name=f"stored{k}")
        error = self.errors[k]
        # A digit of base 4 is a choice of four.
        digits = []
        for low in range(0, len(self.count), 2):
            digit = Mux(self.count[low], error.value, 0)
            if low + 1 < len(self.count):
                digit = Mux(self.count[low + 1], Mux(self.count[low], error.thrice, error.value << 1), digit)
            digits.append(digit << low)
        m.d.sync += [delta.eq(sum(digits)), stored.eq(self.stored[k])]
        m.submodules[f"stored_update{k}"] = update = StoredUpdate(
            stored_bits=readout.stored_bits, delta_max=bound, rate_shift=readout_shift(readout))
        m.d.comb += [update.stored.eq(stored), update.delta.eq(delta), update.addend.eq(addend),
                     update.rate.eq(self.rate), update.load.eq(self.host_en), update.loaded.eq(loaded)]
        return update

    def _assemble(self, m: Module, newest: Value, hosted_parts: data.View) -> None:
        """The row: its parts move on by one each cycle until the last has come."""
        fires, last, hosted = Signal(self.LATENCY), Signal(self.LATENCY), Signal()
        m.d.sync += [
            fires.eq(Cat(self.valid & (self.count != 0), fires)),
            last.eq(Cat(self.valid & self.last, last)),
            hosted.eq(self.host_en),
        ]
        self._en = fires[-1]
        parts = [Signal(len(newest), name=f"part{number}") for number in range(self.walk.parts - 1)]
        for number, (part, after) in enumerate(pairwise([*parts, newest])):
            m.d.sync += part.eq(Mux(self.host_en, Value.cast(hosted_parts[number]), after))
        m.d.comb += [
            Value.cast(self.w_data).eq(Cat(*parts, newest)),
            # Where each class counts for itself a row is written whatever its last one does.
            self.w_en.eq((last[-1] if self._by_position else fires[-1] & last[-1]) | hosted),
        ]
        # Rows come in order.
        with m.If(self.host_en):
            m.d.sync += self.w_row.eq(self.host_row)
        with m.Elif(self.start):
            m.d.sync += self.w_row.eq(0)
        with m.Elif(last[-1]):
            m.d.sync += self.w_row.eq(self.w_row + 1)

    def _count(self, m: Module, updates: list[StoredUpdate]) -> None:
        active, of_part = Cat(error.value != 0 for error in self.errors), []
        for stage in range(self.LATENCY):
            of_part.append(Signal(len(active), name=f"active{stage}"))
            m.d.sync += of_part[-1].eq(active)
            active = of_part[-1]
        for port, bits in ((self.counts.updates, active), (self.counts.written, Cat(u.changed for u in updates)),
                           (self.counts.underflows, Cat(u.underflowed for u in updates)),
                           (self.counts.saturations, Cat(u.saturated for u in updates))):
            m.d.comb += port.eq(Mux(self._en, sum_of(bits), 0))
