"""Backward pass of a readout: a window's errors to every neuron's feedback, and to the readout's own new weights."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import DRAW_BITS, feedback_max, index_bits, readout_delta_max, signed_bits
from .contract.engines.learning.reverse import Reverse
from .contract.engines.readout import Readout as ReadoutEngine
from .contract.plan import plan_of
from .contract.spec import NetworkSpec
from .feedback import FeedbackSum, error_layout
from .feedback_rounding import divided
from .memories import declared_memory
from .ports import RATE_SHAPE, FeedbackReader, RandomKey, StoredCounts
from .rounding import RandomDraw, StoredUpdate, row_addend
from .spike_counts import SpikeCounts

__all__ = ["BackwardPass", "row_layout"]


def row_layout(spec: NetworkSpec, index: int) -> data.ArrayLayout:
    """A row of a readout's stored weights: a value for each class, or its sign where the readout is fixed."""
    readout = spec.blocks[index].readout
    return data.ArrayLayout(signed(readout.stored_bits) if readout.learned else unsigned(1), readout.classes)


class BackwardPass(wiring.Component):
    """Walks a readout's rows, each once, for its neuron's feedback and, where the readout is learned, its own update.

    A row a cycle. Where the readout is learned, spikes are counted as they pass, and the walk takes the counts. At the
    start of each window they are 0: what was counted and is not walked is cleared, as is everything after a reset.

    Computes ``feedback`` of :mod:`sim.reference.readout` and :mod:`sim.reference.update` bit for bit.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    index : int
        The block.

    Members
    -------
    start : In(1)
        Walk the rows.
    fired, fired_row, clear : In(1), In, In(1)
        This neuron fired in a loss step of a window that will be learned from; or forget all that did. While ``idle``,
        and only of a learned readout.
    idle : Out(1)
        Nothing is walked; all results are written.
    errors : In(ArrayLayout(error_layout()))
        The classes' errors; constant from ``start`` until ``idle``.
    reading, row, fetched : Out(1), Out, In
        This row of the weights is wanted; it comes one cycle later.
    host_en, host_row, host_data : In
        The host's new weights, while nothing is walked; only of a learned readout.
    w_en, w_row, w_data : Out
        New weights, the host's one cycle later: they share the last register, so that no choice lies behind it.
    feedback_reader : In(FeedbackReader)
        What was found.
    feedback_groups : Out
        Groups whose feedback was written since ``start``, in order.
    key : In(RandomKey)
        Of the random words.
    rate : In
        What is added to the rate shift; constant from ``start`` until ``idle``.
    multiplies, counts : Out, Out(StoredCounts)
        Increments of the counters.
    """

    def __init__(self, spec: NetworkSpec, index: int) -> None:
        self.block = block = spec.blocks[index]
        self.readout = readout = block.readout
        self.layer_number = spec.layer_number(index, block.depth)
        plan = plan_of(block)
        (self._memories,) = Reverse(plan).of_layers
        self.lanes, self.groups = plan.lanes, plan.readout_words
        self._counts = ReadoutEngine(plan).counts
        self.feedback_bits = signed_bits(feedback_max(block, block.depth - 1))
        self.random = readout.learned and readout.rounding == "stochastic"
        self._row_layout = row = row_layout(spec, index)
        super().__init__({
            "start": In(1),
            "fired": In(1),
            "fired_row": In(range(readout.inputs)),
            "clear": In(1),
            "idle": Out(1),
            "errors": In(data.ArrayLayout(error_layout(), readout.classes)),
            "reading": Out(1),
            "row": Out(range(readout.inputs)),
            "fetched": In(row),
            "host_en": In(1),
            "host_row": In(range(readout.inputs)),
            "host_data": In(row),
            "w_en": Out(1),
            "w_row": Out(range(readout.inputs)),
            "w_data": Out(row),
            "feedback_reader": In(FeedbackReader(block, self.feedback_bits)),
            "feedback_groups": Out(range(self.groups + 1)),
            "key": In(RandomKey()),
            "rate": In(RATE_SHAPE),
            "multiplies": Out(index_bits(readout.classes + 1)),
            "counts": Out(StoredCounts(readout.classes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        walked = Signal(data.StructLayout({
            "valid": 1, "row": self.row.shape(), "lane": range(self.lanes), "group": range(self.groups), "closes": 1}))
        self._walk(m, walked)
        count = self._count_spikes(m, walked) if self.readout.learned else None

        # The random word of a row takes longer than its weights.
        m.submodules.sum = self._sum = FeedbackSum(self.readout)
        delay = RandomDraw.LATENCY - 2 if self.random else 0
        stages = [walked]
        for stage in range(delay + 2 + max(self._sum.latency, StoredUpdate.LATENCY)):
            held = Signal.like(walked, name=f"stage{stage}")
            m.d.sync += held.eq(stages[-1])
            stages.append(held)
        for stage in range(delay if self.readout.learned else 0):
            held = Signal.like(count, name=f"count{stage}")
            m.d.sync += held.eq(count)
            count = held
        m.d.comb += [
            self._pipeline_empty.eq(~Cat(entry.valid for entry in stages[1:]).any()),
            self.reading.eq(stages[delay].valid),
            self.row.eq(stages[delay].row),
        ]
        from_weights = stages[delay + 1:]
        self._collect_feedback(m, from_weights)
        if self.readout.learned:
            self._update(m, walked.row, from_weights, count)
        return m

    def _count_spikes(self, m: Module, walked: data.View) -> Signal:
        """How often each row's neuron fired in the loss steps, one cycle after the row is walked."""
        m.submodules.counts = counts = SpikeCounts(self._counts)
        m.d.comb += [
            counts.row.eq(Mux(self.idle, self.fired_row, walked.row)),
            counts.fired.eq(self.fired),
            counts.forget.eq(~self.idle),
        ]
        return counts.count

    def _walk(self, m: Module, walked: data.View) -> None:
        """Row by row; or only for their counts."""
        lanes = self.lanes
        row, group, lane = Signal.like(walked.row), Signal.like(walked.group), Signal.like(walked.lane)
        last = Signal()
        self._pipeline_empty = Signal()
        m.d.comb += [
            last.eq(row == self.readout.inputs - 1),
            walked.row.eq(row),
            walked.lane.eq(lane),
            walked.group.eq(group),
            walked.closes.eq(last | (lane == lanes - 1)),
        ]
        # After a reset the counts are what they were.
        with m.FSM(init="CLEAR" if self.readout.learned else "IDLE") as fsm:
            with m.State("IDLE"):
                m.d.sync += [row.eq(0), group.eq(0), lane.eq(0)]
                with m.If(self.start):
                    m.d.sync += self.feedback_groups.eq(0)
                    m.next = "WALK"
                if self.readout.learned:
                    with m.Elif(self.clear):
                        m.next = "CLEAR"
            with m.State("WALK"):
                m.d.comb += walked.valid.eq(1)
                m.d.sync += [row.eq(row + 1), lane.eq(lane + 1)]
                with m.If(walked.closes):
                    m.d.sync += [group.eq(group + 1), lane.eq(0)]
                with m.If(last):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(self._pipeline_empty):
                    m.next = "IDLE"
            if self.readout.learned:
                with m.State("CLEAR"):
                    m.d.sync += row.eq(row + 1)
                    with m.If(last):
                        m.next = "IDLE"
        m.d.comb += self.idle.eq(fsm.ongoing("IDLE"))

    def _collect_feedback(self, m: Module, stages: list[Signal]) -> None:
        """A row's sum, then its lane's place in its group's word."""
        readout, lanes = self.readout, self.lanes
        m.d.comb += [
            self._sum.errors.eq(self.errors),
            self.multiplies.eq(Mux(stages[0].valid & int(readout.learned), readout.classes, 0)),
        ]
        shadow = readout.shadow_bits if readout.learned else 0
        m.d.comb += [self._sum.weights[c].eq(self.fetched[c] >> shadow) for c in range(readout.classes)]
        placed = stages[self._sum.latency]
        feedback = divided(m, readout, self._sum.feedback)
        word = [Signal(signed(self.feedback_bits), name=f"feedback{n}") for n in range(lanes)]
        for n, value in enumerate(word):
            with m.If(placed.valid & (placed.lane == n)):
                m.d.sync += value.eq(feedback)
            with m.Elif(placed.valid & (placed.lane == 0)):
                m.d.sync += value.eq(0)             # so that padding lanes hold no feedback
        # Written lane by lane, so that the last write, of the group's last neuron, is the whole word.
        written = stages[self._sum.latency + 1]
        m.submodules.feedback = buffer = declared_memory(self._memories.feedback)
        write, read = buffer.write_port(), buffer.read_port()
        m.d.comb += [
            write.addr.eq(written.group),
            write.data.eq(Cat(word)),
            write.en.eq(written.valid),
            read.addr.eq(self.feedback_reader.group),
            self.feedback_reader.feedback.eq(read.data),
        ]
        with m.If(written.valid & written.closes):
            m.d.sync += self.feedback_groups.eq(self.feedback_groups + 1)

    def _update(self, m: Module, walked_row: Value, stages: list[Signal], count: Value) -> None:
        """New weights of the rows walked, and the counts of what happened to them."""
        readout = self.readout
        word = Const(0, DRAW_BITS)
        if self.random:
            m.submodules.random = random = RandomDraw(self.layer_number)
            wiring.connect(m, wiring.flipped(self.key), random.key)
            m.d.comb += random.row.eq(walked_row)
            word = random.word
        addend = row_addend(word=word, rate=self.rate, rate_shift=readout.rate_shift, rounding=readout.rounding)
        bound = readout_delta_max(self.block)
        done = stages[1 + StoredUpdate.LATENCY]
        fired = Signal(1 + StoredUpdate.LATENCY)        # whether the neurons on their way fired at all
        m.d.sync += fired.eq(Cat(count != 0, fired))
        hosted, w_row = Signal(), Signal.like(self.w_row)
        m.d.sync += [
            hosted.eq(self.host_en),
            w_row.eq(Mux(self.host_en, self.host_row, stages[StoredUpdate.LATENCY].row)),
        ]
        changed, underflowed, saturated, active = [], [], [], []
        for c in range(readout.classes):
            error = self.errors[c].value
            delta = Signal(signed(signed_bits(bound)), name=f"delta{c}")
            stored = Signal(signed(readout.stored_bits), name=f"stored{c}")
            m.d.sync += [
                delta.eq(sum(Mux(count[bit], error << bit, 0) for bit in range(len(count)))),
                stored.eq(self.fetched[c]),
            ]
            m.submodules[f"stored_update{c}"] = update = StoredUpdate(
                stored_bits=readout.stored_bits, delta_max=bound, rate_shift=readout.rate_shift)
            m.d.comb += [update.stored.eq(stored), update.delta.eq(delta), update.addend.eq(addend),
                         update.rate.eq(self.rate),
                         update.load.eq(self.host_en), update.loaded.eq(self.host_data[c]),
                         self.w_data[c].eq(update.updated)]
            changed.append(update.changed)
            underflowed.append(update.underflowed)
            saturated.append(update.saturated)
            active.append(error != 0)
        en = Signal()
        m.d.comb += [
            en.eq(done.valid & fired[-1]),
            self.w_row.eq(w_row),
            self.w_en.eq(en | hosted),
            self.counts.updates.eq(Mux(en, sum(active), 0)),
            self.counts.written.eq(Mux(en, sum(changed), 0)),
            self.counts.underflows.eq(Mux(en, sum(underflowed), 0)),
            self.counts.saturations.eq(Mux(en, sum(saturated), 0)),
        ]
