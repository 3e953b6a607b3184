"""Update engine: a window's credits and masks to new weights."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .addends import sum_of
from .contract.arithmetic import DRAW_BITS, delta_max
from .contract.block import BlockSpec
from .contract.engines.learning.reverse import Reverse, summed_cycles
from .contract.engines.readout import Readout
from .contract.memories import FLAT_WEIGHT_LATENCY
from .contract.plan import plan_of
from .credit_store import CreditStore, selection_layout
from .credit_walk import CreditWalk
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
from .rounding import RandomDraw, RoundedUpdate, row_addend
from .row_walk import RowWalk

__all__ = ["UpdateEngine"]


class UpdateEngine(wiring.Component):
    """Updates the weights of one layer at the end of a window, ``lanes`` columns at a time.

    Groups of lanes outside, the window's active rows inside: the group's credits are at hand; one weight word is read
    for a row, the credits at which it was active are summed for each lane, rounded once, and one word is written. A
    group without any credit is passed over, but for the last, whose walk also forgets the masks. While a group's rows
    are walked the credits of the next are found.

    A row takes a cycle for each position at which it was active; unrolled it takes one.

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
        It was dealt with. Its last rows may still be written (:attr:`Reverse.waits_written`), before they are read.
    learn, skip : In(1)
        Of the readout, once for each window not discarded: its backward pass begins; or all errors are 0.
    feedback_groups, feedback_parts : In, In
        Groups whose feedback the backward pass has found: 0 as it begins; and parts of the next, where groups have
        several.
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
        self.lanes, self.groups = plan.lanes, plan.words
        self._credits = CreditWalk(block, gate_layout)
        self._rows = RowWalk(block)
        self._store = CreditStore.of(block)
        # Cycles from a row's last step until its sums are whole, and its word and what rounds it are there.
        self.random = self.layer.update.rounding == "stochastic"
        self._summed = summed_cycles(random=self.random, unrolled=block.directives.unroll)
        super().__init__({
            "window_end": In(stream.Signature(window_end_layout(block))),
            "window_done": Out(1),
            "learn": In(1),
            "skip": In(1),
            "feedback_groups": In(range(self.groups + 1)),
            **({"feedback_parts": In(range(parts))} if (parts := Readout(plan_of(block)).feedback_parts) > 1 else {}),
            "learned": Out(1),
            "reader": Out(RowReader(block)),
            "gate_reader": Out(GateReader(block, gate_layout)),
            "feedback_reader": Out(FeedbackReader(block, self._credits.feedback_bits)),
            "weight_reader": Out(WeightReader(block)),
            "host": In(WeightWriter(block)),
            "writer": Out(WeightWriter(block)),
            "key": In(RandomKey()),
            "rate": In(RATE_SHAPE),
            "idle": Out(1),
            "active": Out(1),
            "counts": Out(StoredCounts(self.lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        credits, rows = self._credits, self._rows
        m.submodules.credits, m.submodules.rows, m.submodules.store = credits, rows, self._store
        for outside, inside in ((self.gate_reader, credits.gate_reader), (self.reader, rows.reader),
                                (self.feedback_reader, credits.feedback_reader)):
            wiring.connect(m, wiring.flipped(outside), inside)
        m.d.comb += [
            credits.feedback_groups.eq(self.feedback_groups),
            *([credits.feedback_parts.eq(self.feedback_parts)] if Readout(plan_of(self.block)).feedback_parts > 1
              else []),
            credits.taken.eq(rows.taken),
            rows.ready.eq(credits.ready),
            rows.credited.eq(credits.alive != 0),
            rows.last.eq(credits.last),
        ]
        self._pipeline_empty, self._settled = Signal(), Signal()
        self._control(m)
        self._walk_credits(m)
        self._pipeline(m)
        return m

    def _control(self, m: Module) -> None:
        """A window's end comes, then the readout's word on it, then its walk."""
        credits, rows, end = self._credits, self._rows, self.window_end
        steps, uses_number = Signal.like(end.p.steps), Signal()
        m.d.comb += [credits.steps.eq(steps), rows.steps.eq(steps)]
        with m.FSM() as fsm:
            with m.State("IDLE"):
                m.d.comb += [end.ready.eq(1), credits.restart.eq(1)]
                m.d.sync += uses_number.eq(0)
                with m.If(end.valid):
                    m.d.sync += steps.eq(end.p.steps)
                    with m.If(end.p.discard):
                        m.next = "FORGET"
                    with m.Else():
                        m.next = "WAIT"
            with m.State("WAIT"):
                m.d.comb += rows.en.eq(1)
                with m.If(self.skip):
                    m.d.sync += uses_number.eq(1)
                    m.next = "FORGET"
                with m.Elif(self.learn):
                    m.d.sync += uses_number.eq(1)
                    m.next = "LEARN"
            with m.State("FORGET"):
                # Nothing to learn: the last group is walked, without credit, only to forget the masks.
                m.d.comb += [rows.en.eq(1), credits.last_only.eq(~rows.done)]
                with m.If(rows.done):
                    m.next = "DRAIN"
            with m.State("LEARN"):
                m.d.comb += [rows.en.eq(1), credits.en.eq(1)]
                with m.If(rows.done):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(self._settled):
                    m.d.comb += [self.reader.forget.eq(1), self.window_done.eq(1), self.learned.eq(uses_number)]
                    m.next = "IDLE"
        m.d.comb += [
            self.idle.eq(fsm.ongoing("IDLE") & ~end.valid & self._pipeline_empty),
            self.active.eq(~fsm.ongoing("IDLE") & ~fsm.ongoing("WAIT")),
        ]

    def _walk_credits(self, m: Module) -> None:
        """One half of the store is walked while the other is loaded; sums are made some cycles behind the walk."""
        store, step = self._store, self._rows.step
        loading = Signal()
        with m.If(self._rows.taken):
            m.d.sync += loading.eq(~loading)
        selected = Signal(selection_layout(self.block))
        m.d.comb += [
            store.load.eq(self._credits.load),
            store.load_half.eq(loading),
            selected.opens.eq(self._rows.taken),
            selected.first.eq(step.first),
            selected.half.eq(~loading),
            selected.position.eq(step.position),
            selected.mask.eq(step.mask),
            store.select.eq(delayed(m, selected, self._summed - 1 - store.ADDED, "selected")[-1]),
        ]

    def _pipeline(self, m: Module) -> None:
        """A row's way from its last step on: address, weights and random word, sums, rounding, write."""
        step, alive = self._rows.step, Signal.like(self._credits.alive)
        ends = Signal()
        base, address = Signal.like(self._credits.base), Signal.like(self.weight_reader.address)
        m.d.comb += ends.eq(step.valid & step.last)
        m.d.sync += address.eq(base + step.row)
        with m.If(self._rows.taken):
            m.d.sync += [base.eq(self._credits.base), alive.eq(self._credits.alive)]
        # A weight is wanted a cycle after its sum is whole.
        addressed = delayed(m, address, self._summed - FLAT_WEIGHT_LATENCY, "address")[-1]
        m.d.comb += self.weight_reader.address.eq(addressed)

        word = Const(0, DRAW_BITS)
        if self.random:
            m.submodules.random = random = RandomDraw(self.layer_number)
            wiring.connect(m, wiring.flipped(self.key), random.key)
            m.d.comb += random.row.eq(step.row)
            word = random.word
        # With the row's first step, or unrolled with its only one.
        addend = delayed(m, row_addend(word=word, rate=self.rate, rate_shift=self.layer.update.rate_shift,
                                       rounding=self.layer.update.rounding),
                         self._summed - 1 - RandomDraw.LATENCY if self.random else 0, "addend")[-1]
        m.d.comb += self._store.addend.eq(addend)
        updates = self._update_lanes(m, addend)

        inside = delayed(m, ends, self._summed + RoundedUpdate.LATENCY, "inside")
        settled = Reverse(plan_of(self.block)).settled(random=self.random, unrolled=self.block.directives.unroll)
        written, writes = inside[-1], Signal()
        m.d.sync += writes.eq(inside[-2] | self.host.en)
        w_address = delayed(m, addressed, FLAT_WEIGHT_LATENCY + RoundedUpdate.LATENCY - 1, "w_address")[-1]
        with m.If(self.host.en):
            m.d.sync += w_address.eq(self.host.address)
        m.d.comb += [
            self.writer.en.eq(writes),
            self.writer.address.eq(w_address),
            self._pipeline_empty.eq(~Cat(inside[1:]).any()),
            self._settled.eq(~Cat(inside[1:settled]).any()),
            self.counts.updates.eq(Mux(ends, alive, 0)),
        ]
        # In a lane without any credit the sum is 0: nothing is changed, lost or saturated.
        for port, flags in ((self.counts.written, (u.changed for u in updates)),
                            (self.counts.underflows, (u.underflowed for u in updates)),
                            (self.counts.saturations, (u.saturated for u in updates))):
            m.d.comb += port.eq(Mux(written, sum_of(flags), 0))

    def _update_lanes(self, m: Module, addend: Value) -> list[RoundedUpdate]:
        """Each lane's sum is rounded and taken from its weight."""
        layer, bound = self.layer, delta_max(self.block, 0)
        # What a sum was begun with; by nearest rounding it is the same for all rows.
        added, updates = delayed(m, addend, int(self.random), "added")[-1], []
        for lane in range(self.lanes):
            m.submodules[f"update{lane}"] = update = RoundedUpdate(
                stored_bits=layer.weights.stored_bits, delta_max=bound, rate_shift=layer.update.rate_shift)
            m.d.comb += [
                update.stored.eq(self.weight_reader.weights[lane]),
                update.summed.eq(self._store.sums[lane]),
                update.not_zero.eq(self._store.sums[lane][:len(added)] != added),
                update.rate.eq(self.rate),
                update.load.eq(self.host.en),
                update.loaded.eq(self.host.weights[lane]),
                self.writer.weights[lane].eq(update.updated),
            ]
            updates.append(update)
        return updates


def delayed(m: Module, value: Value, stages: int, name: str) -> list[Value]:
    """The value now, and 1 .. ``stages`` cycles later."""
    found = [value]
    for stage in range(stages):
        held = Signal.like(value, name=f"{name}{stage}")
        m.d.sync += held.eq(found[-1])
        found.append(held)
    return found
