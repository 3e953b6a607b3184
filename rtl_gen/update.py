"""Update engine: a window's credits and masks to new weights."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .addresses import WeightAddress
from .contract.arithmetic import DRAW_BITS, delta_max, index_bits, signed_bits
from .contract.block import BlockSpec
from .contract.plan import plan_of
from .credit import CreditScan
from .forward_layouts import window_end_layout
from .ports import FeedbackReader, GateReader, RandomKey, RowReader, StoredCounts, WeightReader, WeightWriter
from .rounding import RandomDraw, StoredUpdate

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
        Of the readout, once for each window not discarded: the feedback is ready; or all errors are 0.
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
            "learned": Out(1),
            "reader": Out(RowReader(block)),
            "gate_reader": Out(GateReader(block, gate_layout)),
            "feedback_reader": Out(FeedbackReader(block, self._scan.feedback_bits)),
            "weight_reader": Out(WeightReader(block)),
            "host": In(WeightWriter(block)),
            "writer": Out(WeightWriter(block)),
            "key": In(RandomKey()),
            "idle": Out(1),
            "active": Out(1),
            "counts": Out(StoredCounts(lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.scan = self._scan
        m.submodules.walk = self._walk = WeightAddress(self.layer.rows, self.groups)
        issued = self._control(m)
        self._pipeline(m, issued)
        return m

    def _entry_layout(self) -> data.StructLayout:
        return data.StructLayout({"valid": 1, "bias": 1, "clears": 1})

    def _control(self, m: Module) -> Signal:
        """Sequence of groups: read the gates backwards, then walk the rows."""
        block, layer, scan, walk = self.block, self.layer, self._scan, self._walk
        steps, uses_number = Signal(range(block.window + 1)), Signal()
        group, entry = Signal(range(self.groups)), Signal(range(layer.rows + 1))
        fetched, fetched_position = Signal(), Signal(range(block.window))
        fetching = Signal(range(block.window + 1))      # positions still to be read
        group_last = Signal()
        issued = Signal(self._entry_layout())
        self.pipeline_empty = Signal()                  # no row is on its way
        self.steps = steps
        m.d.comb += [
            group_last.eq(group == self.groups - 1),
            self.gate_reader.group.eq(group),
            self.feedback_reader.group.eq(group),
            self.gate_reader.position.eq(fetching - 1),
            scan.gates.eq(self.gate_reader.gates),
            scan.feedback.eq(self.feedback_reader.feedback),
            scan.position.eq(fetched_position),
            scan.en.eq(fetched),
            issued.bias.eq((entry == 0) if layer.weights.bias else 0),
            issued.clears.eq(group_last),
            self.reader.list_position.eq(entry - layer.weights.bias),
        ]
        m.d.sync += [fetched.eq(0), fetched_position.eq(self.gate_reader.position)]

        with m.FSM() as fsm:
            with m.State("IDLE"):
                m.d.comb += [self.window_end.ready.eq(1), scan.clear.eq(1), walk.restart.eq(1)]
                m.d.sync += [steps.eq(self.window_end.p.steps), group.eq(0), uses_number.eq(0)]
                with m.If(self.window_end.valid):
                    with m.If(self.window_end.p.discard):
                        m.next = "LAST"
                    with m.Else():
                        m.next = "WAIT"
            with m.State("WAIT"):
                with m.If(self.skip):
                    m.d.sync += uses_number.eq(1)
                    m.next = "LAST"
                with m.Elif(self.learn):
                    m.d.sync += uses_number.eq(1)
                    m.next = "CLEAR"
            with m.State("LAST"):
                # Nothing to learn: walk the last group, with credits of 0, only to forget the masks.
                m.d.sync += group.eq(self.groups - 1)
                m.next = "WALK"
            with m.State("CLEAR"):
                with m.If(self.pipeline_empty):
                    m.d.comb += scan.clear.eq(1)
                    m.d.sync += fetching.eq(steps)
                    m.next = "FETCH"
            with m.State("FETCH"):
                m.d.sync += [fetched.eq(1), fetching.eq(fetching - 1)]
                with m.If(fetching == 1):
                    m.next = "SCAN"
            with m.State("SCAN"):
                m.next = "CHECK"
            with m.State("CHECK"):
                with m.If(scan.active.any() | group_last):
                    m.next = "WALK"
                with m.Else():
                    m.d.comb += walk.advance.eq(1)
                    m.d.sync += group.eq(group + 1)
                    m.next = "CLEAR"
            with m.State("WALK"):
                with m.If(entry == self.reader.rows + layer.weights.bias):
                    with m.If(group_last):
                        m.next = "DRAIN"
                    with m.Elif(self.pipeline_empty):
                        m.d.comb += walk.advance.eq(1)
                        m.d.sync += [group.eq(group + 1), entry.eq(0)]
                        m.next = "CLEAR"
                with m.Else():
                    m.d.comb += issued.valid.eq(1)
                    m.d.sync += entry.eq(entry + 1)
            with m.State("DRAIN"):
                m.d.sync += entry.eq(0)
                with m.If(self.pipeline_empty):
                    m.d.comb += [self.reader.forget.eq(1), self.window_done.eq(1), self.learned.eq(uses_number)]
                    m.next = "IDLE"
        m.d.comb += [
            self.idle.eq(fsm.ongoing("IDLE") & ~self.window_end.valid),
            self.active.eq(~fsm.ongoing("IDLE") & ~fsm.ongoing("WAIT")),
        ]
        return issued

    def _pipeline(self, m: Module, issued: Signal) -> None:
        """A row's way: list, random word, weights and mask, sum, rounding, write."""
        layer, lanes, scan = self.layer, self.lanes, self._scan
        stochastic = layer.update.rounding == "stochastic"
        row_bits = index_bits(layer.rows)

        def delay(entry: Signal, row: Value, stages: int, name: str) -> tuple[Signal, Value]:
            for stage in range(stages):
                held, held_row = Signal.like(entry, name=f"{name}{stage}"), Signal(row_bits, name=f"{name}_row{stage}")
                m.d.sync += [held.eq(entry), held_row.eq(row)]
                inside.append(held.valid)
                entry, row = held, held_row
            return entry, row

        inside = [issued.valid]
        listed, _ = delay(issued, Const(0), 1, "listed")
        row = Signal(row_bits)
        m.d.comb += row.eq(Mux(listed.bias, layer.inputs, self.reader.row))
        addressed, addressed_row = listed, row
        word = Const(0, DRAW_BITS)
        if stochastic:
            m.submodules.random = random = RandomDraw(self.layer_number)
            wiring.connect(m, wiring.flipped(self.key), random.key)
            m.d.comb += random.row.eq(row)
            addressed, addressed_row = delay(listed, row, RandomDraw.LATENCY - 2, "mixed")
            word = random.word
        m.d.comb += [
            self._walk.row.eq(addressed_row),
            self.weight_reader.address.eq(self._walk.address),
            self.reader.mask_row.eq(addressed_row),
            self.reader.clear_en.eq(addressed.valid & addressed.clears & ~addressed.bias),
            self.reader.clear_row.eq(addressed_row),
        ]

        read, _ = delay(addressed, addressed_row, 1, "read")
        address = self.weight_reader.address
        addresses = []
        for stage in range(2 + StoredUpdate.LATENCY):
            held = Signal.like(self.weight_reader.address, name=f"address{stage}")
            m.d.sync += held.eq(address)
            addresses.append(held)
            address = held
        hosted = Signal()
        m.d.sync += hosted.eq(self.host.en)
        with m.If(self.host.en):
            m.d.sync += addresses[-1].eq(self.host.address)

        # A bias is active in every step of the window.
        mask = Signal(self.block.window)
        m.d.comb += mask.eq(Mux(read.bias, (1 << self.steps) - 1, self.reader.mask))
        summed, _ = delay(read, Const(0), 1, "summed")
        bound = delta_max(self.block, 0)
        effects = []
        for lane in range(lanes):
            delta = Signal(signed(signed_bits(bound)), name=f"delta{lane}")
            stored = Signal(signed(layer.weights.stored_bits), name=f"stored{lane}")
            m.d.sync += [
                delta.eq(self._masked_sum(mask, lane)),
                stored.eq(self.weight_reader.weights[lane]),
            ]
            m.submodules[f"stored_update{lane}"] = update = StoredUpdate(
                stored_bits=layer.weights.stored_bits, delta_max=bound,
                rate_shift=layer.update.rate_shift, rounding=layer.update.rounding)
            m.d.comb += [
                update.stored.eq(stored),
                update.delta.eq(delta),
                update.word.eq(word),
                update.load.eq(self.host.en),
                update.loaded.eq(self.host.weights[lane]),
                self.writer.weights[lane].eq(update.updated),
            ]
            effects.append(update)
        written, _ = delay(summed, Const(0), StoredUpdate.LATENCY, "written")

        active = scan.active
        en = Signal()
        m.d.comb += [
            en.eq(written.valid & active.any()),
            self.writer.en.eq(en | hosted),
            self.writer.address.eq(addresses[-1]),
            self.pipeline_empty.eq(~Cat(inside).any()),
        ]
        for port, bits in ((self.counts.updates, active),
                           (self.counts.written, Cat(e.changed for e in effects) & active),
                           (self.counts.underflows, Cat(e.underflowed for e in effects) & active),
                           (self.counts.saturations, Cat(e.saturated for e in effects) & active)):
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
