"""The way of a reverse pass through layers, positions and words of a block, and through what each neuron reaches."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import *
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.engines.folded.reach import Reach, reach_of
from ..contract.plan import plan_of
from .ports import FoldedGateReader, folded_gate_layout
from .reverse_layouts import entry_layout, word_layout

__all__ = ["ReverseWalk"]


class ReverseWalk(wiring.Component):
    """Walks the layers from the last to the first, their positions from the last, their words, and the lanes of each.

    Of each lane with a gate, one word of weights a cycle, lane behind lane and word behind word. A word takes at least
    :attr:`FoldedCredits.FETCH` cycles, and :attr:`FoldedCredits.AHEAD` of them at most are inside. A layer begins when
    all words before it are through; so does each position of a recurrent layer.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    start, steps, feedback_words : In
        As of a :class:`~.reverse_pass.ReversePass`.
    busy, done : Out(1)
        It goes on; once, as the last word is through.
    layer : Out
        The layer that is walked; it stays until all its words are through.
    gate_reader : Out(FoldedGateReader)
        Where gates are read.
    word_en, word : Out(1), Out(word_layout)
        A word of neurons, as its lanes begin to be walked.
    through : In(1)
        The credits of a word, the next in order, are in memory from the next cycle on.
    entry : Out(entry_layout)
        What is walked.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self.plan = plan_of(block)
        self.engine = FoldedCredits(self.plan)
        self._reaches = [reach_of(self.plan, number) for number in range(block.depth)]
        super().__init__({
            "start": In(1),
            "steps": In(range(block.window + 1)),
            "feedback_words": In(range(self.plan.readout_words + 1)),
            "busy": Out(1),
            "done": Out(1),
            "layer": Out(index_bits(block.depth)),
            "gate_reader": Out(FoldedGateReader(block)),
            "word_en": Out(1),
            "word": Out(word_layout(block)),
            "through": In(1),
            "entry": Out(entry_layout(block)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # A word is ``taken`` from what was fetched to be walked; the last of a position, ``leaves`` it.
        self._taken, self._leaves, self._opens = Signal(), Signal(), Signal()
        self._position = Signal(range(self.block.window))
        self._here = Signal(index_bits(self.engine.words * self.block.window))    # where the position's credits begin
        self._free = Signal()           # no word is walked in the next cycle but the one that is taken
        self._waits = Signal()          # after the position's last word, until all are through
        self._recurrent = self._of_layer(m, "recurrent", [
            int(layer.layer.synapses.recurrent) for layer in self.plan.layers])
        self._sequence(m)
        self._fetch(m)
        self._walk(m)
        return m

    def _of_layer(self, m: Module, name: str, values: Sequence[int]) -> Signal:
        """What of a constant is the layer's that is walked; what is negative in two's complement, to be added."""
        bits = max(1, *(value.bit_length() + (value < 0) for value in values))
        found = Signal(signed(bits + 1) if min(values) < 0 else bits, name=name)
        with m.Switch(self.layer):
            for number, value in enumerate(values):
                with m.Case(number):
                    m.d.comb += found.eq(value)
        return found

    def _sequence(self, m: Module) -> None:
        """Layer by layer, position by position."""
        words, depth = self.engine.words, self.block.depth
        inside, top = Signal(range(self.engine.AHEAD + 1)), Signal.like(self._here)
        last_step = Signal.like(self._position)
        m.d.comb += [
            last_step.eq(self.steps - 1),
            self._waits.eq((self._position == 0) | self._recurrent),
            self.done.eq(0),
        ]
        m.d.sync += [
            top.eq(last_step * words),
            inside.eq(inside + self._taken - self.through),
        ]
        self._room = inside != self.engine.AHEAD
        self._last_step = last_step
        before = [self._position.eq(self._position - 1), self._here.eq(self._here - words)]
        with m.FSM() as fsm:
            with m.State("IDLE"):
                m.d.sync += [self.layer.eq(depth - 1), self._position.eq(last_step)]
                with m.If(self.start):
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.sync += self._here.eq(top)
                m.next = "OPEN"
            with m.State("OPEN"):
                m.d.comb += self._opens.eq(1)
                m.next = "WALK"
            with m.State("WALK"):
                with m.If(self._leaves):
                    with m.If(self._waits):
                        m.next = "LEAVE"
                    with m.Else():
                        m.d.sync += before
            with m.State("LEAVE"):
                with m.If(inside == 0):
                    m.next = "OPEN"
                    with m.If(self._position != 0):
                        m.d.sync += before
                    with m.Elif(self.layer != 0):
                        m.d.sync += [self.layer.eq(self.layer - 1), self._position.eq(last_step), self._here.eq(top)]
                    with m.Else():
                        m.d.comb += self.done.eq(1)
                        m.next = "IDLE"
        m.d.comb += self.busy.eq(~fsm.ongoing("IDLE"))

    def _fetch(self, m: Module) -> None:
        """The next word: its gates, and where what it reaches begins, three cycles after the word before was taken."""
        layers, reaches, position = self.plan.layers, self._reaches, self._position
        down = self._lines(m, "down", [reach.down for reach in reaches])
        across = self._lines(m, "across", [reach.across for reach in reaches])
        place = Signal.like(self.word.place)            # the word's number within its layer
        number = Signal.like(self.gate_reader.word)     # and within the block
        column = Signal(range(max(layer.column_words for layer in layers)))
        lane = Signal(index_bits(max(layer.column_words for layer in layers) * self.plan.lanes))   # its first, in place
        last_column, last_across, last = Signal(), Signal(), Signal()
        m.d.comb += [
            last_column.eq(column == self._of_layer(m, "columns", [layer.column_words - 1 for layer in layers])),
            last_across.eq(across.line == across.last),
            last.eq(last_column & last_across & (down.line == down.last)),
            self._leaves.eq(self._taken & last),
            self.gate_reader.word.eq(number),
            self.gate_reader.position.eq(position),
        ]
        first_number = self._of_layer(m, "word_base", [layer.word_base for layer in layers])
        with m.If(self._opens | self._leaves):
            m.d.sync += [place.eq(0), number.eq(first_number), column.eq(0), lane.eq(0), down.line.eq(down.first),
                         across.line.eq(across.first)]
        with m.Elif(self._taken):
            m.d.sync += [place.eq(place + 1), number.eq(number + 1), column.eq(column + 1),
                         lane.eq(lane + self.plan.lanes)]
            with m.If(last_column):
                m.d.sync += [column.eq(0), lane.eq(0), across.line.eq(across.line + 1)]
                with m.If(last_across):
                    m.d.sync += [across.line.eq(across.first), down.line.eq(down.line + 1)]

        age = Signal(self.engine.FETCH)
        goes_on = self._opens | (self._taken & ~(last & self._waits))
        m.d.sync += age.eq(Cat(goes_on, age[0], (age[-1] & ~self._taken) | age[1]))
        gates = Signal(folded_gate_layout(self.block))
        row, word = Signal.like(self.entry.row), Signal.like(self.entry.credit)
        feedback, more_down, more_across = Signal.like(word), Signal.like(down.reach.taps), Signal.like(
            across.reach.taps)
        reached, gated = Signal(), Signal(self.plan.lanes)
        padding = self._of_layer(m, "padding", [
            (1 << self.plan.lanes) - (1 << layer.last_lanes) for layer in layers])
        empty = Mux(last_column, padding, 0)
        m.d.sync += [
            row.eq(down.reach.row + across.reach.row + lane),
            word.eq(down.reach.word + across.reach.word),
            feedback.eq(down.reach.word + across.reach.word + column),
            reached.eq((down.reach.taps != 0) & (across.reach.taps != 0)),
            more_down.eq(down.reach.taps - 1),
            more_across.eq(across.reach.taps - 1),
        ]
        for number_of_lane in range(self.plan.lanes):
            found = self.gate_reader.gates[number_of_lane]
            m.d.sync += [
                gates[number_of_lane].eq(Mux(empty.bit_select(number_of_lane, 1), 0, found.as_value())),
                gated[number_of_lane].eq((found.gate != 0) & ~empty.bit_select(number_of_lane, 1)),
            ]
        is_last = self.layer == self.block.depth - 1
        opens, bank = Signal(), Signal.like(self.word.bank)
        m.d.comb += [
            opens.eq(position == self._last_step),
            self.word_en.eq(self._taken),
            self.word.gates.eq(gates),
            self.word.place.eq(place),
            self.word.credit.eq(self._here + number),
            self.word.bank.eq(bank),
            self.word.above.eq(reached),
            self.word.own.eq(self._recurrent & ~opens),
            self.word.opens.eq(opens),
            self.word.first.eq(place == 0),
            self.word.feedback.eq(feedback),
            self.word.position.eq(position),
            self.word.in_loss.eq(position >= self.block.window - self.block.loss_steps),
            self._taken.eq(age[-1] & self._room & self._free
                           & (~is_last | ~reached | (feedback < self.feedback_words))),
        ]
        with m.If(self._taken):
            m.d.sync += bank.eq(bank + 1)
        self._next = _Fetched(row=row, word=word, more_down=more_down, more_across=more_across, lane=lane,
                              above=reached & ~is_last, own=self.word.own, gated=gated)

    def _walk(self, m: Module) -> None:
        """The lanes of the word that was taken: its own places of the layer above, then its layer's own words."""
        fetched, reaches, layers = self._next, self._reaches, self.plan.layers
        walking, mask = Signal(), Signal(self.plan.lanes)
        row, own_row, offset = (Signal.like(self.entry.row, name=name) for name in ("row", "own_row", "offset"))
        word, own_word, away = (Signal.like(self.entry.credit, name=name) for name in ("word", "own_word", "away"))
        more_down, more_across = Signal.like(fetched.more_down), Signal.like(fetched.more_across)
        has_above, has_own, own = Signal(), Signal(), Signal()
        none_left, lane_ends, word_ends = Signal(), Signal(), Signal()

        # Words of columns inside, then places across, then places down.
        counter = Signal(range(max(max(reach.words for reach in reaches), *(layer.column_words for layer in layers))))
        across, down = Signal.like(more_across, name="across"), Signal.like(more_down, name="down")
        offset_across, offset_down = Signal.like(offset), Signal.like(offset)
        away_across, away_down = Signal.like(away), Signal.like(away)
        words_last, across_last, down_last, sum_ends = Signal(), Signal(), Signal(), Signal()

        def either(name: str, above: list[int], of_own: list[int]) -> Value:
            """What the walk above has, or the walk of own rows."""
            return Mux(own, self._of_layer(m, f"own_{name}", of_own), self._of_layer(m, f"above_{name}", above))

        m.d.comb += [
            words_last.eq(counter == either("words", [reach.words - 1 for reach in reaches],
                                            [layer.column_words - 1 for layer in layers])),
            across_last.eq(own | (across == more_across)),
            down_last.eq(own | (down == more_down)),
            sum_ends.eq(words_last & across_last & down_last),
            none_left.eq((mask & (mask - 1)) == 0),
            lane_ends.eq(sum_ends & (own | ~has_own)),
            word_ends.eq((mask == 0) | (lane_ends & none_left)),
            self._free.eq(~walking | word_ends),
        ]
        adds = walking & (mask != 0)
        with m.If(adds):
            m.d.sync += counter.eq(counter + 1)
            with m.If(~words_last):
                m.d.sync += [
                    offset.eq(offset + either("rows", [reach.rows for reach in reaches],
                                              [layer.rows for layer in layers])),
                    away.eq(away + 1),
                ]
            with m.Elif(~across_last):
                further = offset_across + self._of_layer(m, "across_row", [reach.across_row for reach in reaches])
                beyond = away_across + self._of_layer(m, "across_word", [reach.across_word for reach in reaches])
                m.d.sync += [counter.eq(0), across.eq(across + 1), offset.eq(further), offset_across.eq(further),
                             away.eq(beyond), away_across.eq(beyond)]
            with m.Elif(~down_last):
                further = offset_down + self._of_layer(m, "down_row", [reach.down_row for reach in reaches])
                beyond = away_down + self._of_layer(m, "down_word", [reach.down_word for reach in reaches])
                m.d.sync += [counter.eq(0), across.eq(0), down.eq(down + 1)]
                m.d.sync += [value.eq(further) for value in (offset, offset_across, offset_down)]
                m.d.sync += [value.eq(beyond) for value in (away, away_across, away_down)]
            with m.Else():
                m.d.sync += [value.eq(0) for value in (
                    counter, across, down, offset, offset_across, offset_down, away, away_across, away_down)]
                m.d.sync += own.eq(Mux(lane_ends, ~has_above, 1))
            with m.If(lane_ends):
                m.d.sync += mask.eq(mask & (mask - 1))
        with m.If(word_ends):
            m.d.sync += walking.eq(0)
        with m.If(self._taken):
            m.d.sync += [
                walking.eq(1),
                mask.eq(Mux(fetched.above | fetched.own, fetched.gated, 0)),
                has_above.eq(fetched.above),
                has_own.eq(fetched.own),
                own.eq(~fetched.above),
                row.eq(fetched.row),
                own_row.eq(self._of_layer(m, "own_row", [reach.own_row for reach in reaches]) + fetched.lane),
                word.eq(fetched.word + self._here),
                # Own spikes were read a step later.
                own_word.eq(self._here + self._of_layer(m, "own_word", [
                    layer.word_base + self.engine.words for layer in layers])),
                more_down.eq(fetched.more_down),
                more_across.eq(fetched.more_across),
            ]
        self._address(m, walking, mask, Mux(own, own_row, row) + offset, Mux(own, own_word, word) + away, {
            "adds": adds, "first": (counter == 0) & (own | ((across == 0) & (down == 0))), "last": sum_ends, "own": own,
            "ends": word_ends})

    def _address(self, m: Module, walking: Value, mask: Value, row: Value, credit: Value,
                 marks: dict[str, Value]) -> None:
        """Two cycles later: which lane it is, and the row with it."""
        before, entry = Signal.like(self.entry), Signal.like(self.entry)
        lowest = Signal.like(mask)
        m.d.comb += [lowest.eq(mask & -mask), self.entry.eq(entry)]
        m.d.sync += [
            before.valid.eq(walking),
            *(before[name].eq(value) for name, value in marks.items()),
            before.row.eq(row),
            before.credit.eq(credit),
            *(before.lane[bit].eq(Cat(lowest[lane] for lane in range(len(mask)) if lane >> bit & 1).any())
              for bit in range(len(before.lane))),
            entry.eq(before),
            entry.row.eq(before.row + before.lane),
        ]

    def _lines(self, m: Module, name: str, reaches: Sequence[Sequence[Reach]]) -> "_Lines":
        """What each row of a layer's places says, or each column; those of all layers in one table."""
        layout = data.StructLayout({
            "row": self.entry.row.shape(), "word": self.entry.credit.shape(),
            "taps": index_bits(1 + max(reach.taps for layer in reaches for reach in layer))})
        table = memory.Memory(shape=layout, depth=sum(map(len, reaches)), init=[
            {"row": reach.row, "word": reach.word, "taps": reach.taps} for layer in reaches for reach in layer])
        m.submodules[name] = table
        read = table.read_port()
        starts = [sum(map(len, reaches[:number])) for number in range(len(reaches))]
        line = Signal(index_bits(sum(map(len, reaches))), name=f"{name}_line")
        m.d.comb += read.addr.eq(line)
        return _Lines(line=line, first=self._of_layer(m, f"first_{name}", starts), last=self._of_layer(
            m, f"last_{name}", [start + len(layer) - 1 for start, layer in zip(starts, reaches, strict=True)]),
            reach=read.data)


@dataclass(frozen=True, kw_only=True)
class _Fetched:
    """Of the next word: where its walks begin, how many places more than one it reaches, and its lanes with a gate."""

    row: Signal
    word: Signal
    more_down: Signal
    more_across: Signal
    lane: Signal
    above: Value
    own: Value
    gated: Signal


@dataclass(frozen=True, kw_only=True)
class _Lines:
    """The line of a table that is read, the layer's first and last, and what the line before this cycle's says."""

    line: Signal
    first: Signal
    last: Signal
    reach: data.View
