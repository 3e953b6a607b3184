"""The words of neurons of a reverse pass, in its order, with their gates and where what they reach begins."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.plan import plan_of
from .by_layer import by_layer
from .ports import FoldedGateReader, folded_gate_layout
from .reach_lines import ReachLines
from .reverse_layouts import reached_layout, word_layout

__all__ = ["ReverseWords"]


class ReverseWords(wiring.Component):
    """Layers from the last to the first, their positions from the last, their words.

    A word comes :attr:`FoldedCredits.FETCH` cycles after the one before at the earliest, and of those that have come
    :attr:`FoldedCredits.AHEAD` at most are not through. A layer begins when all words before it are; so does each
    position of a recurrent layer.

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
        The layer of the words that come; it stays until all are through.
    gate_reader : Out(FoldedGateReader)
        Where gates are read.
    o : Out(stream of reached_layout)
        Words, to be walked.
    word : Out(word_layout)
        The same, to be scanned once that was.
    through : In(1)
        The credits of a word, the next in order, are in memory from the next cycle on.
    alive_above, alive_own : In
        Of the position of ``word``, and of the one behind: words with a credit of the layer above, and of its own;
        where they are listed.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self.plan = plan_of(block)
        self.engine = FoldedCredits(self.plan)
        self._reaches = self.engine.reaches
        super().__init__({
            "start": In(1),
            "steps": In(range(block.window + 1)),
            "feedback_words": In(range(self.plan.readout_words + 1)),
            "busy": Out(1),
            "done": Out(1),
            "layer": Out(index_bits(block.depth)),
            "gate_reader": Out(FoldedGateReader(block)),
            "o": Out(stream.Signature(reached_layout(block))),
            "word": Out(word_layout(block)),
            "through": In(1),
            **({"alive_above": In(range(self.engine.listed_words + 1)), "alive_own": In(
                range(self.engine.listed_words + 1))} if self.engine.listed_words else {}),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layers = self.plan.layers
        # A word is ``taken``, a position's ``last`` among them; a layer ``opens``, or a position that had to wait.
        self._taken, self._last, self._opens = Signal(), Signal(), Signal()
        self._waits, self._room = Signal(), Signal()
        self._position, self._last_step = Signal(range(self.block.window)), Signal(range(self.block.window))
        self._here = Signal(index_bits(self.engine.words * self.block.window))    # where the position's credits begin
        self._recurrent = by_layer(self.layer, [int(layer.layer.synapses.recurrent) for layer in layers])
        self._place = Signal.like(self.word.place)              # the word's number within its layer
        self._number = Signal.like(self.gate_reader.word)       # and within the block
        self._column = Signal(range(max(layer.column_words for layer in layers)))
        self._row = Signal.like(self.word.row)                  # from the layer's first weights to its own, where dense
        # The first of its lanes, counted within its place.
        self._lane = Signal(index_bits(max(layer.column_words for layer in layers) * self.plan.lanes))
        self._sequence(m)
        self._count(m)
        self._fetch(m)
        return m

    def _sequence(self, m: Module) -> None:
        """Layer by layer, position by position."""
        words, position, here = self.engine.words, self._position, self._here
        inside, top = Signal(range(self.engine.AHEAD + 1)), Signal.like(here)
        m.d.comb += [
            self._last_step.eq(self.steps - 1),
            self._waits.eq((position == 0) | self._recurrent),
            self._room.eq(inside != self.engine.AHEAD),
            self._taken.eq(self.o.valid & self.o.ready),
        ]
        m.d.sync += [
            top.eq(self._last_step * words),
            inside.eq(inside + self._taken - self.through),
        ]
        before = [position.eq(position - 1), here.eq(here - words)]
        with m.FSM() as fsm:
            with m.State("IDLE"):
                m.d.sync += [self.layer.eq(self.block.depth - 1), position.eq(self._last_step)]
                with m.If(self.start):
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.sync += here.eq(top)
                m.next = "OPEN"
            with m.State("OPEN"):
                m.d.comb += self._opens.eq(1)
                m.next = "WALK"
            with m.State("WALK"):
                with m.If(self._taken & self._last):
                    with m.If(self._waits):
                        m.next = "LEAVE"
                    with m.Else():
                        m.d.sync += before
            with m.State("LEAVE"):
                with m.If(inside == 0):
                    m.next = "OPEN"
                    with m.If(position != 0):
                        m.d.sync += before
                    with m.Elif(self.layer != 0):
                        m.d.sync += [self.layer.eq(self.layer - 1), position.eq(self._last_step), here.eq(top)]
                    with m.Else():
                        m.d.comb += self.done.eq(1)
                        m.next = "IDLE"
        m.d.comb += self.busy.eq(~fsm.ongoing("IDLE"))

    def _count(self, m: Module) -> None:
        """Place by place, column word by column word."""
        layers = self.plan.layers
        m.submodules.down = self._down = down = ReachLines(self.block, "down")
        m.submodules.across = self._across = across = ReachLines(self.block, "across")
        restarts = self._opens | (self._taken & self._last)
        self._last_column = last_column = self._column == by_layer(
            self.layer, [layer.column_words - 1 for layer in layers])
        place_ends = self._taken & last_column
        m.d.comb += [
            self._last.eq(last_column & across.last & down.last),
            down.layer.eq(self.layer),
            across.layer.eq(self.layer),
            down.restart.eq(restarts),
            across.restart.eq(restarts | (place_ends & across.last)),
            across.advance.eq(place_ends),
            down.advance.eq(place_ends & across.last),
        ]
        with m.If(restarts):
            m.d.sync += [self._place.eq(0), self._number.eq(by_layer(self.layer, [
                layer.word_base for layer in layers])), self._column.eq(0), self._lane.eq(0), self._row.eq(0)]
        with m.Elif(self._taken):
            m.d.sync += [self._place.eq(self._place + 1), self._number.eq(self._number + 1),
                         self._column.eq(Mux(last_column, 0, self._column + 1)),
                         self._lane.eq(Mux(last_column, 0, self._lane + self.plan.lanes)),
                         self._row.eq(self._row + by_layer(self.layer, [layer.rows for layer in layers]))]

    def _fetch(self, m: Module) -> None:
        """A word's gates, and where what it reaches begins: read in a cycle, added in the next, held from then on."""
        layers, position, lanes = self.plan.layers, self._position, self.plan.lanes
        down, across = self._down.reach, self._across.reach
        age = Signal(self.engine.FETCH)
        goes_on = self._opens | (self._taken & ~(self._last & self._waits))
        m.d.sync += age.eq(Cat(goes_on, age[0], (age[-1] & ~self._taken) | age[1]))
        gates, gated = Signal(folded_gate_layout(self.block)), Signal(lanes)
        row, word, feedback = Signal.like(self.o.p.row), Signal.like(self.o.p.word), Signal.like(self.o.p.word)
        reached, opens, bank = Signal(), Signal(), Signal.like(self.word.bank)
        # Lanes to spare, which may hold anything.
        spare = Mux(self._last_column, by_layer(self.layer, [
            (1 << lanes) - (1 << layer.last_lanes) for layer in layers]), Const(0, lanes))
        m.d.sync += [
            row.eq(down.row + across.row + self._lane),
            word.eq(down.word + across.word),
            feedback.eq(down.word + across.word + self._column),
            reached.eq((down.taps != 0) & (across.taps != 0)),
            self.o.p.more_down.eq(down.taps - 1),
            self.o.p.more_across.eq(across.taps - 1),
        ]
        for lane, found in enumerate(self.gate_reader.gates):
            m.d.sync += [gates[lane].eq(Mux(spare.bit_select(lane, 1), 0, found.as_value())),
                         gated[lane].eq((found.gate != 0) & ~spare.bit_select(lane, 1))]
        is_last = self.layer == self.block.depth - 1
        some_above, some_own = self._words_of_credit(m)
        m.d.comb += [
            self.gate_reader.word.eq(self._number),
            self.gate_reader.position.eq(position),
            opens.eq(position == self._last_step),
            self.o.valid.eq(age[-1] & self._room & (~is_last | ~reached | (feedback < self.feedback_words))),
            self.o.p.gated.eq(gated),
            self.o.p.above.eq(self.word.above & ~is_last),
            self.o.p.own.eq(self.word.own),
            self.o.p.position.eq(position),
            self.o.p.row.eq(row),
            self.o.p.word.eq(word + self._here),
            self.o.p.own_row.eq(by_layer(self.layer, [reach.own_row for reach in self._reaches]) + self._lane),
            # Own spikes were read a step later.
            self.o.p.own_word.eq(self._here + by_layer(self.layer, [
                layer.word_base + self.engine.words for layer in layers])),
            self.word.gates.eq(gates),
            self.word.place.eq(self._place),
            self.word.credit.eq(self._here + self._number),
            self.word.bank.eq(bank),
            self.word.above.eq(reached & some_above),
            self.word.own.eq(self._recurrent & ~opens & some_own),
            self.word.row.eq(self._row),
            self.word.opens.eq(opens),
            self.word.first.eq(self._place == 0),
            self.word.feedback.eq(feedback),
            self.word.position.eq(position),
            self.word.in_loss.eq(position >= self.block.window - self.block.loss_steps),
        ]
        with m.If(self._taken):
            m.d.sync += bank.eq(bank + 1)

    def _words_of_credit(self, m: Module) -> tuple[Value, Value]:
        """How many words of columns are walked; whether any is, of the layer above and of the layer's own."""
        depth, layers, reaches, engine = self.block.depth, self.plan.layers, self._reaches, self.engine
        words = by_layer(self.layer, [reach.words - 1 for reach in reaches])
        own_words = by_layer(self.layer, [layer.column_words - 1 for layer in layers])
        above, own = Const(1), Const(1)
        if engine.listed_words:
            of_above = by_layer(self.layer, [
                int(number < depth - 1 and engine.is_listed(number + 1)) for number in range(depth)])
            of_own = by_layer(self.layer, [int(engine.is_listed(number)) for number in range(depth)])
            words = Mux(of_above, self.alive_above - 1, words)
            own_words = Mux(of_own, self.alive_own - 1, own_words)
            above, own = ~of_above | (self.alive_above != 0), ~of_own | (self.alive_own != 0)
        m.d.comb += [self.o.p.more_words.eq(words), self.o.p.more_own_words.eq(own_words)]
        return above, own
