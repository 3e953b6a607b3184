"""Backward pass of a readout: a window's errors to every neuron's feedback, and to the readout's own new weights."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import DRAW_BITS, feedback_max, index_bits, readout_delta_max, signed_bits
from .contract.engines.learning.reverse import Reverse
from .contract.plan import plan_of
from .contract.spec import NetworkSpec
from .feedback import FeedbackSum, error_layout
from .feedback_rounding import divided
from .memories import declared_memory
from .ports import RATE_SHAPE, FeedbackReader, GateReader, RandomKey, StoredCounts
from .rounding import RandomDraw, StoredUpdate, row_addend

__all__ = ["BackwardPass", "row_layout"]


def row_layout(spec: NetworkSpec, index: int) -> data.ArrayLayout:
    """A row of a readout's stored weights: a value for each class, or its sign where the readout is fixed."""
    readout = spec.blocks[index].readout
    return data.ArrayLayout(signed(readout.stored_bits) if readout.learned else unsigned(1), readout.classes)


class BackwardPass(wiring.Component):
    """Walks a readout's rows, each once, for its neuron's feedback and, where the readout is learned, its own update.

    A row a cycle; before a group's rows its spikes are counted, a position a cycle, if the readout is learned.

    Computes ``feedback`` of :mod:`sim.reference.readout` and :mod:`sim.reference.update` bit for bit.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    index : int
        The block.
    gate_layout : ArrayLayout
        A group's gates and spikes in one step.

    Members
    -------
    start, done : In(1), Out(1)
        Walk the rows; they were walked, all results are written.
    position, errors : In, In(ArrayLayout(error_layout()))
        The window's last position, and the classes' errors; constant from ``start`` to ``done``.
    reading, row, fetched : Out(1), Out, In
        This row of the weights is wanted; it comes one cycle later.
    host_en, host_row, host_data : In
        The host's new weights, while nothing is walked; only of a learned readout.
    w_en, w_row, w_data : Out
        New weights, the host's one cycle later: they share the last register, so that no choice lies behind it.
    gate_reader : Out(GateReader)
        Spikes of the window.
    feedback_reader : In(FeedbackReader)
        What was found.
    key : In(RandomKey)
        Of the random words.
    rate : In
        What is added to the rate shift; constant from ``start`` to ``done``.
    multiplies, counts : Out, Out(StoredCounts)
        Increments of the counters.
    """

    def __init__(self, spec: NetworkSpec, index: int, gate_layout: data.ArrayLayout) -> None:
        self.block = block = spec.blocks[index]
        self.readout = readout = block.readout
        self.layer_number = spec.layer_number(index, block.depth)
        plan = plan_of(block)
        (self._memories,) = Reverse(plan).of_layers
        self.lanes = plan.lanes
        self.feedback_bits = signed_bits(feedback_max(block, block.depth - 1))
        self.random = readout.learned and readout.rounding == "stochastic"
        self._row_layout = row = row_layout(spec, index)
        super().__init__({
            "start": In(1),
            "done": Out(1),
            "position": In(range(block.window)),
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
            "gate_reader": Out(GateReader(block, gate_layout)),
            "feedback_reader": In(FeedbackReader(block, self.feedback_bits)),
            "key": In(RandomKey()),
            "rate": In(RATE_SHAPE),
            "multiplies": Out(index_bits(readout.classes + 1)),
            "counts": Out(StoredCounts(readout.classes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        counts = self._count_spikes(m)
        walked = Signal(data.StructLayout({
            "valid": 1, "row": self.row.shape(), "lane": range(self.lanes), "group": self.gate_reader.group.shape(),
            "count": counts[0].shape()}))
        m.d.comb += walked.count.eq(Array(counts)[walked.lane])
        self._walk(m, walked)

        # The random word of a row takes longer than its weights.
        m.submodules.sum = self._sum = FeedbackSum(self.readout)
        delay = RandomDraw.LATENCY - 2 if self.random else 0
        stages = [walked]
        for stage in range(delay + 2 + max(self._sum.latency, StoredUpdate.LATENCY)):
            held = Signal.like(walked, name=f"stage{stage}")
            m.d.sync += held.eq(stages[-1])
            stages.append(held)
        m.d.comb += [
            self._pipeline_empty.eq(~Cat(entry.valid for entry in stages[1:]).any()),
            self.reading.eq(stages[delay].valid),
            self.row.eq(stages[delay].row),
        ]
        from_weights = stages[delay + 1:]
        self._collect_feedback(m, from_weights)
        if self.readout.learned:
            self._update(m, walked.row, from_weights)
        return m

    def _count_spikes(self, m: Module) -> list[Signal]:
        """How often each lane of the group fired in the loss window."""
        self._clear_counts, self._counted = Signal(), Signal()
        counts = [Signal(range(self.block.loss_steps + 1), name=f"count{n}") for n in range(self.lanes)]
        with m.If(self._clear_counts):
            m.d.sync += [count.eq(0) for count in counts]
        with m.Elif(self._counted):
            m.d.sync += [count.eq(count + gates.spike)
                         for count, gates in zip(counts, self.gate_reader.gates, strict=True)]
        return counts

    def _walk(self, m: Module, walked: data.View) -> None:
        """Group by group: count its spikes where the readout is learned, then its rows."""
        block, lanes = self.block, self.lanes
        row, group, lane = Signal.like(walked.row), Signal.like(walked.group), Signal.like(walked.lane)
        fetching = Signal(range(block.window + 1))      # positions still to be read
        self._pipeline_empty = Signal()
        m.d.comb += [
            self.gate_reader.group.eq(group),
            self.gate_reader.position.eq(fetching - 1),
            walked.row.eq(row),
            walked.lane.eq(lane),
            walked.group.eq(group),
        ]
        m.d.sync += self._counted.eq(0)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [row.eq(0), group.eq(0), lane.eq(0)]
                with m.If(self.start):
                    m.next = "COUNT" if self.readout.learned else "WALK"
            with m.State("COUNT"):
                m.d.comb += self._clear_counts.eq(1)
                m.d.sync += fetching.eq(self.position + 1)
                m.next = "FETCH"
            with m.State("FETCH"):
                # Positions of the loss window only.
                with m.If(fetching > block.window - block.loss_steps):
                    m.d.sync += [self._counted.eq(1), fetching.eq(fetching - 1)]
                with m.Else():
                    m.next = "WALK"
            with m.State("WALK"):
                m.d.comb += walked.valid.eq(1)
                m.d.sync += [row.eq(row + 1), lane.eq(lane + 1)]
                with m.If(row == self.readout.inputs - 1):
                    m.next = "DRAIN"
                with m.Elif(lane == lanes - 1):
                    m.d.sync += [group.eq(group + 1), lane.eq(0)]
                    if self.readout.learned:
                        m.next = "COUNT"
            with m.State("DRAIN"):
                with m.If(self._pipeline_empty):
                    m.d.comb += self.done.eq(1)
                    m.next = "IDLE"

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

    def _update(self, m: Module, walked_row: Value, stages: list[Signal]) -> None:
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
        read, done = stages[0], stages[1 + StoredUpdate.LATENCY]
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
                delta.eq(sum(Mux(read.count[bit], error << bit, 0) for bit in range(len(read.count)))),
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
            en.eq(done.valid & (done.count != 0)),
            self.w_row.eq(w_row),
            self.w_en.eq(en | hosted),
            self.counts.updates.eq(Mux(en, sum(active), 0)),
            self.counts.written.eq(Mux(en, sum(changed), 0)),
            self.counts.underflows.eq(Mux(en, sum(underflowed), 0)),
            self.counts.saturations.eq(Mux(en, sum(saturated), 0)),
        ]
