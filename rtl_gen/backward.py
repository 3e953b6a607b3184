"""Backward pass of a readout: a window's errors to every neuron's feedback, and to the readout's own new weights."""

from itertools import pairwise

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import ERROR_BITS, index_bits, row_feedback_max, signed_bits
from .contract.engines.readout import RANDOM_BEHIND
from .contract.engines.readout import Readout as ReadoutEngine
from .contract.plan import plan_of
from .contract.spec import NetworkSpec
from .error_parts import ErrorParts
from .feedback import FeedbackSum
from .feedback_rounding import divided
from .level_counts import LevelCounts
from .memories import declared_memory
from .ports import RATE_SHAPE, FeedbackReader, GatedReader, RandomKey, StoredCounts
from .position_feedback import PositionFeedback
from .read_positions import ReadPositions
from .readout_update import ReadoutUpdate
from .spike_counts import SpikeCounts

__all__ = ["BackwardPass", "row_layout"]


def row_layout(spec: NetworkSpec, index: int) -> data.ArrayLayout:
    """A row of a readout's stored weights: a value for each class, or its sign where the readout is fixed."""
    readout = spec.blocks[index].readout
    return data.ArrayLayout(signed(readout.stored_bits) if readout.learned else unsigned(1), readout.classes)


class BackwardPass(wiring.Component):
    """Walks a readout's rows, each once, for its neurons' feedback and, where the readout is learned, its own update.

    A row takes a cycle for each of the parts in which its classes are walked; where it has nothing to do it takes one,
    of its last part alone, and nothing comes of that. Where the readout is learned, spikes are counted as they pass,
    and the walk takes the counts. At the start of each window they are 0: what was counted and is not walked is
    cleared, as is everything after a reset.

    Computes ``feedback`` of :mod:`sim.reference.readout` and :mod:`sim.reference.update` bit for bit.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    index : int
        The block.

    Members
    -------
    error_en, error : In(1), In(8)
        The error of a class, of all in order before each ``start``, while ``idle``; the last up to two cycles after it.
    read_at : In
        With an error the position of the level it is of. Only where the largest level is read.
    start : In(1)
        Walk the rows.
    fired, fired_row, clear : In(1), In, In(1)
        An event of this row came in a loss step of a window that will be learned from; or forget all that did. While
        ``idle``, and only of a learned readout.
    position, ends, settled : In, In(1), Out(1)
        The position of what fires; the window ends with it; and a while later the rows may be walked. Only of a learned
        readout that leaks, of which events count before loss steps too; where the largest level is read the first
        alone.
    idle : Out(1)
        Nothing is walked; all results are written.
    reading, row, fetched : Out(1), Out, In
        This row of the weights is wanted; it comes two cycles later.
    host_en, host_row, host_data : In
        The host's new weights, while nothing is walked; only of a learned readout.
    w_en, w_row, w_data : Out
        New weights, the host's one cycle later.
    feedback_reader : In(FeedbackReader)
        What was found.
    gated_reader : Out(GatedReader)
        Which rows have something to do, where any is passed over.
    feedback_groups, feedback_parts : Out, Out
        Groups whose feedback was written since ``start``, in order; and parts of the next, where groups have several.
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
        self.lanes, self.groups = plan.lanes, plan.readout_words
        # Rows of a place fill words of their own, as its neurons do; those of one place end with the last row of all.
        self._place_rows = plan.layers[-1].layer.columns if plan.readout_places > 1 else None
        self._engine = engine = ReadoutEngine(plan)
        self._counts, self.walk = engine.counts, engine.walk
        self.feedback_bits = signed_bits(row_feedback_max(readout))
        self._row_layout = row = row_layout(spec, index)
        self._leaks = readout.learned and readout.leak_shift is not None
        super().__init__({
            "error_en": In(1),
            "error": In(signed(ERROR_BITS)),
            "start": In(1),
            "fired": In(1),
            "fired_row": In(range(readout.rows)),
            "clear": In(1),
            **({"read_at": In(range(block.window))} if engine.by_position else {}),
            **({"position": In(range(block.window))} if self._leaks else {}),
            **({"ends": In(1), "settled": Out(1)} if self._leaks and not engine.by_position else {}),
            "idle": Out(1),
            "reading": Out(1),
            "row": Out(range(readout.rows)),
            "fetched": In(row),
            "host_en": In(1),
            "host_row": In(range(readout.rows)),
            "host_data": In(row),
            "w_en": Out(1),
            "w_row": Out(range(readout.rows)),
            "w_data": Out(row),
            "feedback_reader": In(FeedbackReader(block, self.feedback_bits)),
            **({"gated_reader": Out(GatedReader(block))} if engine.passes_over else {}),
            "feedback_groups": Out(range(self.groups + 1)),
            **({"feedback_parts": Out(range(engine.feedback_parts))} if engine.feedback_parts > 1 else {}),
            "key": In(RandomKey()),
            "rate": In(RATE_SHAPE),
            "multiplies": Out(index_bits(readout.classes + 1)),
            "counts": Out(StoredCounts(self.walk.classes_per_cycle)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        readout, walk = self.readout, self.walk
        # ``first`` and ``last`` of the row's parts; ``final`` is the last part of all; ``forgets`` the row's count.
        walked = Signal(data.StructLayout({
            "valid": 1, "forgets": 1, "first": 1, "last": 1, "final": 1, "part": range(walk.parts),
            "row": self.row.shape()}))
        self._walk(m, walked)
        stages = [walked]
        for stage in range(walk.delay + 3):
            held = Signal.like(walked, name=f"stage{stage}")
            m.d.sync += held.eq(stages[-1])
            stages.append(held)
        address, _, fetched, chosen = stages[walk.delay:]
        m.submodules.errors = errors = ErrorParts(readout, walk)
        m.d.comb += [
            self.reading.eq(address.valid),
            self.row.eq(address.row),
            errors.en.eq(self.error_en),
            errors.error.eq(self.error),
            errors.part.eq(fetched.part),
        ]
        # The part's weights; there are none where there is no class.
        part = data.ArrayLayout(self._row_layout.elem_shape, walk.classes_per_cycle)
        fetched_parts, stored = Signal(data.ArrayLayout(part, walk.parts)), Signal(part)
        m.d.comb += Value.cast(fetched_parts).eq(Value.cast(self.fetched))
        m.d.sync += Value.cast(stored).eq(
            Array(Value.cast(fetched_parts[number]) for number in range(walk.parts))[fetched.part])
        self._read_at = self._positions(m, stages) if self._engine.by_position else []
        self._collect_feedback(m, chosen, stored, errors.errors)
        if readout.learned:
            self._update(m, stages, stored, errors.errors)
        # Behind ``chosen``: the way to a word of feedback and into its memory, or to new weights and into theirs.
        on_way = Signal(max(walk.feedback_latency, ReadoutUpdate.LATENCY) + 2)
        m.d.sync += on_way.eq(Cat(chosen.valid, on_way))
        m.d.comb += self._pipeline_empty.eq(~Cat(*(entry.valid | entry.forgets for entry in stages[1:]), on_way).any())
        return m

    def _walk(self, m: Module, walked: data.View) -> None:
        """Row by row, part by part; or only each row's count."""
        learned, row, part = self.readout.learned, Signal.like(walked.row), Signal.like(walked.part)
        last_row, first = Signal(), Signal()
        begin = self._passing(m, walked)
        self._pipeline_empty = Signal()
        m.d.comb += [
            last_row.eq(row == self.readout.rows - 1),
            walked.row.eq(row),
            walked.part.eq(part),
            walked.first.eq(first),            # also of the one part of a row that is passed over
            walked.last.eq(part == self.walk.parts - 1),
            walked.final.eq(walked.last & last_row),
        ]
        # After a reset the counts are what they were.
        with m.FSM(init="CLEAR" if learned else "IDLE") as fsm:
            with m.State("IDLE"):
                m.d.sync += [row.eq(0), first.eq(1), part.eq(begin)]
                with m.If(self.start):
                    m.next = "WALK"
                if learned:
                    with m.Elif(self.clear):
                        m.next = "CLEAR"
            with m.State("WALK"):
                m.d.comb += [walked.valid.eq(1), walked.forgets.eq(walked.last)]
                m.d.sync += [part.eq(part + 1), first.eq(walked.last)]
                with m.If(walked.last):
                    m.d.sync += [part.eq(begin), row.eq(row + 1)]
                with m.If(walked.final):
                    m.next = "DRAIN"
            if learned:
                with m.State("CLEAR"):
                    m.d.comb += walked.forgets.eq(1)
                    m.d.sync += row.eq(row + 1)
                    with m.If(last_row):
                        m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(self._pipeline_empty):
                    m.next = "IDLE"
        m.d.comb += self.idle.eq(fsm.ongoing("IDLE"))

    def _passing(self, m: Module, walked: data.View) -> Value:
        """The part that the next row begins with: the last where it has nothing to do."""
        if not self._engine.passes_over:
            return Const(0)
        # Bits of the rows that come, of the group that is walked; the next group's are read meanwhile.
        reader, coming = self.gated_reader, Signal(self.lanes)
        lane, begins, works = Signal(range(self.lanes)), Signal(init=1), Signal()
        m.d.comb += works.eq(Mux(begins, reader.gated[0], coming[0]))
        with m.If(self.idle):
            m.d.sync += reader.group.eq(0)
        with m.If(self.start | (walked.valid & walked.last)):
            m.d.sync += [coming.eq(Mux(begins, reader.gated, coming) >> 1), begins.eq(lane == self.lanes - 1),
                         lane.eq(Mux(lane == self.lanes - 1, 0, lane + 1))]
            with m.If(begins):
                m.d.sync += reader.group.eq(reader.group + 1)
        with m.If(walked.valid & walked.final):
            m.d.sync += [begins.eq(1), lane.eq(0)]
        return Mux(works, 0, self.walk.parts - 1)

    def _positions(self, m: Module, stages: list[data.View]) -> list[Value]:
        """Positions of the levels that classes are read at: from the cycle in which the counts of a part are there,
        cycle by cycle until its product is.
        """
        behind = 1 + self._engine.count_levels
        m.submodules.read_positions = self._levels = levels = ReadPositions(self.block)
        m.d.comb += [
            levels.en.eq(self.error_en),
            levels.read_at.eq(self.read_at),
            levels.number.eq(stages[-1 - behind].part),
        ]
        found = [levels.found, *(Signal.like(levels.found, name=f"read_at{cycle}")
                                 for cycle in range(behind + self.walk.feedback_latency - 2))]
        m.d.sync += [later.eq(before) for before, later in pairwise(found)]
        return found

    def _collect_feedback(self, m: Module, chosen: data.View, stored: data.View, errors: data.View) -> None:
        """A row's sum, then its lane's place in a word: its group's, or that of a part of it."""
        readout, latency = self.readout, self.walk.feedback_latency
        m.submodules.sum = found = FeedbackSum(readout, self.walk, alone=self._engine.by_position)
        m.d.comb += [
            found.first.eq(chosen.first),
            found.errors.eq(errors),
            self.multiplies.eq(Mux(chosen.valid & chosen.last & int(readout.learned), readout.classes, 0)),
        ]
        m.d.comb += [weight.eq(self._read(value)) for weight, value in zip(found.weights, stored, strict=True)]
        # Whole rows on their way, and the last; of a sum they are known a cycle before it.
        ahead = latency if self._engine.by_position else latency - 1
        rows, finals = Signal(ahead), Signal(ahead)
        m.d.sync += [
            rows.eq(Cat(chosen.valid & chosen.last, rows)),
            finals.eq(Cat(chosen.final, finals)),
        ]
        comes = rows[-1] if ahead else chosen.valid & chosen.last
        lanes, parts = self._engine.feedback_lanes, self._engine.feedback_parts
        lane, part = Signal(range(lanes)), Signal(range(parts))
        group_ends, closes = Signal(), Signal()                 # its last row comes; a word's last
        m.d.comb += [
            group_ends.eq(self._ends_place(m, comes, finals[-1] if ahead else chosen.final)
                          | ((part == parts - 1) & (lane == self.lanes - (parts - 1) * lanes - 1))),
            closes.eq(comes & (group_ends | (lane == lanes - 1))),
        ]
        with m.If(comes):
            m.d.sync += lane.eq(Mux(closes, 0, lane + 1))
        with m.If(closes):
            m.d.sync += part.eq(Mux(group_ends, 0, part + 1))
        told, told_group = closes, group_ends                   # from the next cycle on it can be read
        if self._engine.by_position:
            told, told_group = Signal(), Signal()
            m.d.sync += [told.eq(closes), told_group.eq(group_ends)]
            self._keep_by_position(m, chosen, found.feedback, lane)
        else:
            self._keep(m, comes, lane, closes, divided(m, readout, found.feedback))
        with m.If(self.start):
            m.d.sync += self.feedback_groups.eq(0)
        with m.Elif(told & told_group):
            m.d.sync += self.feedback_groups.eq(self.feedback_groups + 1)
        if parts > 1:
            with m.If(told):
                m.d.sync += self.feedback_parts.eq(Mux(told_group, 0, self.feedback_parts + 1))

    def _keep(self, m: Module, comes: Value, lane: Signal, closes: Value, feedback: Value) -> None:
        """A row's feedback, a cycle after the row comes, in its lane's place of a word; a word in memory.

        It can be read in the cycle in which it is written.
        """
        engine, reader = self._engine, self.feedback_reader
        placed, place, written = Signal(), Signal.like(lane), Signal()
        (declaration,) = engine.feedback
        m.submodules.feedback = buffer = declared_memory(declaration)
        write, read = buffer.write_port(), buffer.read_port()
        own = (Cat(self.feedback_parts, self.feedback_groups) if engine.feedback_parts > 1 else self.feedback_groups)
        m.d.sync += [placed.eq(comes), place.eq(lane), written.eq(closes), write.addr.eq(own)]
        begins = placed & (place == 0)                          # so that padding lanes hold no feedback
        word, whole = [], []
        for n in range(engine.feedback_lanes):
            word.append(Signal(signed(self.feedback_bits), name=f"feedback{n}"))
            whole.append(Signal.like(word[-1], name=f"feedback_new{n}"))
            m.d.comb += whole[-1].eq(Mux(placed & (place == n), feedback, Mux(begins, 0, word[-1]) if n else word[-1]))
            m.d.sync += word[-1].eq(whole[-1])
        same = Signal()                                         # what is read is what was written: the word
        m.d.sync += same.eq(written & (write.addr == read.addr))
        m.d.comb += [
            write.data.eq(Cat(whole)),
            write.en.eq(written),
            read.addr.eq(Cat(reader.part, reader.group) if engine.feedback_parts > 1 else reader.group),
            reader.feedback.eq(Mux(same, Cat(word), read.data)),
        ]

    def _keep_by_position(self, m: Module, chosen: data.View, product: Value, lane: Signal) -> None:
        """A class's product at the position of its level, summed for the row and kept in its lane's memory."""
        latency = self.walk.feedback_latency - 1
        m.submodules.feedback = kept = PositionFeedback(self.block)
        valid, first = Signal(latency, name="products"), Signal(latency, name="first_products")
        m.d.sync += [valid.eq(Cat(chosen.valid, valid)), first.eq(Cat(chosen.first, first))]
        m.d.comb += [
            kept.en.eq(valid[-1]),
            kept.first.eq(first[-1]),
            kept.product.eq(product),
            kept.position.eq(self._read_at[-1]),
            kept.lane.eq(lane),
            kept.group.eq(self.feedback_groups),
            kept.there.eq(self._levels.there),
        ]
        wiring.connect(m, wiring.flipped(self.feedback_reader), kept.reader)

    def _read(self, stored: Value) -> Value:
        """The weight that a stored one is read as; of signs 1 for -1."""
        if not self.readout.learned:
            return stored
        return stored < 0 if self.readout.signs else stored >> self.readout.shadow_bits

    def _ends_place(self, m: Module, placed: Value, final: Value) -> Value:
        """Whether the row that is placed is the last of its place."""
        if self._place_rows is None:
            return final
        row, ends = Signal(range(self._place_rows), name="row_of_place"), Signal()
        m.d.comb += ends.eq(row == self._place_rows - 1)
        with m.If(placed):
            m.d.sync += row.eq(Mux(ends, 0, row + 1))
        return ends

    def _update(self, m: Module, stages: list[data.View], stored: data.View, errors: data.View) -> None:
        """New weights of the rows walked, by their counts of spikes."""
        chosen = stages[-1]
        # Random words come RANDOM_BEHIND cycles later than the weights of the row; counts with the part that is chosen.
        drawn = stages[self.walk.delay + 2 - RANDOM_BEHIND]
        if self._leaks:
            m.submodules.counts = counts = LevelCounts(self.block)
            m.d.comb += counts.position.eq(self.position)
            if self._engine.by_position:
                m.d.comb += counts.read_at.eq(self._read_at[0])
            else:
                m.d.comb += [counts.ends.eq(self.ends), self.settled.eq(counts.settled)]
            counted = stages[-1 - counts.latency]
        else:
            m.submodules.counts = counts = SpikeCounts(self._counts, again=self.readout.largest_event > 1)
            counted = stages[-2]
        m.submodules.update = update = ReadoutUpdate(self.block, self.layer_number, self.walk)
        m.d.comb += [
            counts.row.eq(Mux(self.idle, self.fired_row, counted.row)),
            counts.fired.eq(self.fired),
            counts.forget.eq(counted.forgets),
            update.start.eq(self.start),
            update.drawn_row.eq(drawn.row),
            update.valid.eq(chosen.valid),
            update.last.eq(chosen.last),
            update.count.eq(counts.count),
            update.stored.eq(stored),
            update.rate.eq(self.rate),
            update.host_en.eq(self.host_en),
            update.host_row.eq(self.host_row),
            update.host_data.eq(self.host_data),
            self.w_en.eq(update.w_en),
            self.w_row.eq(update.w_row),
            self.w_data.eq(update.w_data),
        ]
        m.d.comb += update.errors.eq(errors)
        wiring.connect(m, wiring.flipped(self.key), update.key)
        wiring.connect(m, wiring.flipped(self.counts), update.counts)
