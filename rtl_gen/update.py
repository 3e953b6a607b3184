"""Update engine: a window's credits and masks to new weights."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .addresses import WeightAddress
from .contract.arithmetic import DRAW_BITS, delta_max, index_bits, signed_bits
from .contract.block import BlockSpec
from .contract.memories import WEIGHT_LATENCY
from .contract.plan import plan_of
from .credit import CreditScan
from .forward_layouts import window_end_layout
from .ports import (
    RATE_SHAPE,
    FeedbackReader,
    GateReader,
    RandomKey,
    RowReader,
    StoredCounts,
    WeightReader,
    WeightWriter,
)
from .rounding import RandomDraw, StoredUpdate, row_addend
from .update_walk import UpdateWalk

__all__ = ["UpdateEngine"]


class UpdateEngine(wiring.Component):
    """Updates the weights of one layer at the end of a window, ``lanes`` columns at a time.

    Groups of lanes outside, the window's active rows inside: the group's K credits stay in registers; one weight word
    is read, K masked credits are summed for each lane, rounded once, and one word is written, every cycle. A group
    without any credit is passed over, but for the last, whose walk also forgets the masks.

    Computes :mod:`sim.reference.update` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A block of one layer.
    layer_number : int
        The layer's number in the network, for the random words.
    gate_layout : ArrayLayout
        A group's gates and spikes in one step.

    Members
    -------
    window_end : In(stream of window_end_layout)
        A window was recorded.
    window_done : Out(1)
        It was dealt with.
    learn, skip : In(1)
        Of the readout, once for each window not discarded: its feedback begins to come; or all errors are 0.
    feedback_groups : In
        Groups whose feedback can be read, in order; 0 from the cycle after ``learn`` until the first.
    learned : Out(1)
        A window was learned from: with this cycle its number is used up.
    reader, gate_reader : Out(RowReader), Out(GateReader)
        The window buffer's reading sides.
    feedback_reader : Out(FeedbackReader)
        The readout's feedback.
    weight_reader : Out(WeightReader)
        The weight memory's reading side.
    host : In(WeightWriter)
        The host's new weights, while idle.
    writer : Out(WeightWriter)
        New weights, the host's one cycle later: they share the last register, so that no choice lies behind it.
    key : In(RandomKey)
        Of the random words.
    rate : In
        What is added to the rate shift; constant while weights are walked.
    idle, active : Out(1)
        Nothing is inside; weights are being walked.
    counts : Out(StoredCounts)
        Increments of the counters.
    """

    def __init__(self, block: BlockSpec, layer_number: int, gate_layout: data.ArrayLayout) -> None:
        self.block = block
        (plan,) = plan_of(block).layers
        self.layer = plan.layer
        self.layer_number = layer_number
        self.lanes, self.groups = lanes, _ = plan.lanes, plan.words
        self._scan = CreditScan(block, gate_layout)
        super().__init__({
            "window_end": In(stream.Signature(window_end_layout(block))),
            "window_done": Out(1),
            "learn": In(1),
            "skip": In(1),
            "feedback_groups": In(range(self.groups + 1)),
            "learned": Out(1),
            "reader": Out(RowReader(block)),
            "gate_reader": Out(GateReader(block, gate_layout)),
            "feedback_reader": Out(FeedbackReader(block, self._scan.feedback_bits)),
            "weight_reader": Out(WeightReader(block)),
            "host": In(WeightWriter(block)),
            "writer": Out(WeightWriter(block)),
            "key": In(RandomKey()),
            "rate": In(RATE_SHAPE),
            "idle": Out(1),
            "active": Out(1),
            "counts": Out(StoredCounts(lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.scan = self._scan
        m.submodules.walk = self._addresses = addresses = WeightAddress(self.layer.rows, self.groups)
        self._walk = UpdateWalk(self, self._scan, addresses)
        self._walk.add_control(m)
        self._pipeline(m, self._walk.issued)
        return m

    def _pipeline(self, m: Module, issued: Signal) -> None:
        """A row's way: list, random word, weights and mask, sum, rounding, write."""
        layer = self.layer
        self._inside = [issued.valid]                   # whether an entry is in each stage
        listed, _ = self._delay(m, issued, Const(0), 1, "listed")
        row = Signal(index_bits(layer.rows))
        m.d.comb += row.eq(Mux(listed.bias, layer.inputs, self.reader.row))
        addressed, addressed_row = listed, row
        word = Const(0, DRAW_BITS)
        if layer.update.rounding == "stochastic":
            m.submodules.random = random = RandomDraw(self.layer_number)
            wiring.connect(m, wiring.flipped(self.key), random.key)
            m.d.comb += random.row.eq(row)
            addressed, addressed_row = self._delay(m, listed, row, RandomDraw.LATENCY - 1 - WEIGHT_LATENCY, "mixed")
            word = random.word
        m.d.comb += [
            self._addresses.row.eq(addressed_row),
            self.weight_reader.address.eq(self._addresses.address),
        ]
        # A mask comes one cycle after its row.
        masked, masked_row = self._delay(m, addressed, addressed_row, WEIGHT_LATENCY - 1, "masked")
        m.d.comb += [
            self.reader.mask_row.eq(masked_row),
            self.reader.clear_en.eq(masked.valid & masked.clears & ~masked.bias),
            self.reader.clear_row.eq(masked_row),
        ]
        read, _ = self._delay(m, masked, Const(0), 1, "read")
        w_address, hosted = self._delay_address(m)
        # A bias is active in every step of the window.
        mask = Signal(self.block.window)
        m.d.comb += mask.eq(Mux(read.bias, (1 << self._walk.steps) - 1, self.reader.mask))
        summed, _ = self._delay(m, read, Const(0), 1, "summed")
        updates = self._update_lanes(m, mask, word)
        written, _ = self._delay(m, summed, Const(0), StoredUpdate.LATENCY, "written")

        en = Signal()
        m.d.comb += [
            en.eq(written.valid & self._scan.active.any()),
            self.writer.en.eq(en | hosted),
            self.writer.address.eq(w_address),
            self._walk.pipeline_empty.eq(~Cat(self._inside).any()),
        ]
        self._count(m, en, updates)

    def _delay(self, m: Module, entry: Signal, row: Value, stages: int, name: str) -> tuple[Signal, Value]:
        """The entry and its row as many stages later."""
        for stage in range(stages):
            held = Signal.like(entry, name=f"{name}{stage}")
            held_row = Signal(index_bits(self.layer.rows), name=f"{name}_row{stage}")
            m.d.sync += [held.eq(entry), held_row.eq(row)]
            self._inside.append(held.valid)
            entry, row = held, held_row
        return entry, row

    def _delay_address(self, m: Module) -> tuple[Signal, Signal]:
        """Where the weights read are written back, or the host's are; and whether it is the host's turn."""
        address = self.weight_reader.address
        for stage in range(1 + WEIGHT_LATENCY + StoredUpdate.LATENCY):
            held = Signal.like(self.weight_reader.address, name=f"address{stage}")
            m.d.sync += held.eq(address)
            address = held
        hosted = Signal()
        m.d.sync += hosted.eq(self.host.en)
        with m.If(self.host.en):
            m.d.sync += address.eq(self.host.address)
        return address, hosted

    def _update_lanes(self, m: Module, mask: Value, word: Value) -> list[StoredUpdate]:
        """Each lane's masked credits are summed, rounded, and added to its weight."""
        layer, bound = self.layer, delta_max(self.block, 0)
        rate_shift, updates = layer.update.rate_shift, []
        addend = row_addend(word=word, rate=self.rate, rate_shift=rate_shift, rounding=layer.update.rounding)
        for lane in range(self.lanes):
            delta = Signal(signed(signed_bits(bound)), name=f"delta{lane}")
            stored = Signal(signed(layer.weights.stored_bits), name=f"stored{lane}")
            m.d.sync += [
                delta.eq(self._masked_sum(mask, lane)),
                stored.eq(self.weight_reader.weights[lane]),
            ]
            m.submodules[f"stored_update{lane}"] = update = StoredUpdate(
                stored_bits=layer.weights.stored_bits, delta_max=bound, rate_shift=rate_shift)
            m.d.comb += [
                update.stored.eq(stored),
                update.delta.eq(delta),
                update.addend.eq(addend),
                update.rate.eq(self.rate),
                update.load.eq(self.host.en),
                update.loaded.eq(self.host.weights[lane]),
                self.writer.weights[lane].eq(update.updated),
            ]
            updates.append(update)
        return updates

    def _count(self, m: Module, en: Signal, updates: list[StoredUpdate]) -> None:
        active = self._scan.active
        for port, bits in ((self.counts.updates, active),
                           (self.counts.written, Cat(u.changed for u in updates) & active),
                           (self.counts.underflows, Cat(u.underflowed for u in updates) & active),
                           (self.counts.saturations, Cat(u.saturated for u in updates) & active)):
            m.d.comb += port.eq(Mux(en, sum(bits), 0))

    def _masked_sum(self, mask: Value, lane: int) -> Value:
        """Sum of the lane's credits at the positions where the row was active.

        None, either or both of a pair is a choice of four, which takes less than to mask two credits and add them.
        """
        credits, window = self._scan.credits[lane], self.block.window
        parts = []
        for number, both in enumerate(self._scan.pairs[lane]):
            low, high = mask[2 * number], mask[2 * number + 1]
            parts.append(Mux(low, Mux(high, both, credits[2 * number]), Mux(high, credits[2 * number + 1], 0)))
        if window % 2:
            parts.append(Mux(mask[-1], credits[window - 1], 0))
        return sum(parts)
