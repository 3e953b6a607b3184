"""The way of a reverse pass through what each neuron of a word reaches."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.engines.folded.reach import reach_of
from ..contract.plan import plan_of
from .by_layer import by_layer
from .reverse_layouts import entry_layout, place_layout, reached_layout

__all__ = ["ReverseWalk"]


class ReverseWalk(wiring.Component):
    """Walks the lanes of a word that have a gate: through places and column words of the layer above, then own words.

    A word of weights a cycle, lane behind lane and word behind word; a word of neurons that reaches nothing takes a
    cycle too. What is walked in a cycle comes out :attr:`LATENCY` cycles later.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    layer : In
        The layer of all words inside.
    i : In(stream of reached_layout)
        Words.
    entry : Out(entry_layout)
        What is walked.
    place, listed_word, listed_row : Out(place_layout), In, In
        A place in a list of words with a credit, and in the same cycle that word and the distance of its weights from
        the first of its layer; where they are listed.
    """

    LATENCY = 2

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self.plan = plan_of(block)
        self.engine = FoldedCredits(self.plan)
        self._reaches = [reach_of(self.plan, number) for number in range(block.depth)]
        super().__init__({
            "layer": In(index_bits(block.depth)),
            "i": In(stream.Signature(reached_layout(block))),
            "entry": Out(entry_layout(block)),
            **({"place": Out(place_layout(block)), "listed_word": In(index_bits(self.engine.listed_words)),
                "listed_row": In(entry_layout(block)["row"].shape)} if self.engine.listed_words else {}),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        walking, word, mask = Signal(), Signal(reached_layout(self.block)), Signal(self.plan.lanes)
        own, sum_ends, lane_ends, word_ends = Signal(), Signal(), Signal(), Signal()
        adds, less = walking & mask.any(), Signal.like(mask)
        m.d.comb += [
            less.eq(mask & (mask - 1)),                 # all lanes but the lowest
            lane_ends.eq(sum_ends & (own | ~word.own)),
            word_ends.eq(~mask.any() | (lane_ends & ~less.any())),
            self.i.ready.eq(~walking | word_ends),
        ]
        with m.If(adds & sum_ends):
            m.d.sync += own.eq(Mux(lane_ends, ~word.above, 1))
        with m.If(adds & lane_ends):
            m.d.sync += mask.eq(less)
        with m.If(self.i.ready):
            m.d.sync += [
                walking.eq(self.i.valid),
                word.eq(self.i.p),
                mask.eq(Mux(self.i.p.above | self.i.p.own, self.i.p.gated, 0)),
                own.eq(~self.i.p.above),
            ]
        before = Signal.like(self.entry)
        entry = Signal.like(self.entry)
        row, credit, first = self._reach(m, word, own, adds, sum_ends)
        lowest = mask & ~less
        m.d.comb += self.entry.eq(entry)
        m.d.sync += [
            before.valid.eq(walking),
            before.adds.eq(adds),
            before.first.eq(first),
            before.last.eq(sum_ends),
            before.own.eq(own),
            before.ends.eq(word_ends),
            before.row.eq(row),
            before.credit.eq(credit),
            *(before.lane[bit].eq(Cat(lowest[lane] for lane in range(len(mask)) if lane >> bit & 1).any())
              for bit in range(len(before.lane))),
            entry.eq(before),
            entry.row.eq(before.row + before.lane),
        ]
        return m

    def _reach(self, m: Module, word: Value, own: Value, adds: Value, ends: Signal) -> tuple[Value, Value, Value]:
        """Rows and words of credits of a sum, the lane left out, and whether it begins; ``ends`` with the last.

        Column words inside, then places across, then places down: each has its own distance from where the sum began.
        """
        reaches, layers = self._reaches, self.plan.layers

        def either(above: list[int], of_own: list[int]) -> Value:
            return Mux(own, by_layer(self.layer, of_own), by_layer(self.layer, above))

        column = Signal.like(word.more_words)
        across, down = Signal.like(word.more_across), Signal.like(word.more_down)
        rows = [Signal.like(self.entry.row, name=f"row_{way}") for way in ("inside", "across", "down")]
        words = [Signal.like(self.entry.credit, name=f"word_{way}") for way in ("inside", "across", "down")]
        columns_end, across_ends, down_ends = Signal(), Signal(), Signal()
        m.d.comb += [
            columns_end.eq(column == Mux(own, word.more_own_words, word.more_words)),
            across_ends.eq(own | (across == word.more_across)),
            down_ends.eq(own | (down == word.more_down)),
            ends.eq(columns_end & across_ends & down_ends),
        ]

        def go(way: int, row: Value, of_word: Value) -> list:
            """Statements: a step along a way, from which the ways within it begin again."""
            to_row, to_word = rows[way] + row, words[way] + of_word
            return [*(each.eq(to_row) for each in rows[:way + 1]), *(each.eq(to_word) for each in words[:way + 1])]

        with m.If(adds):
            m.d.sync += column.eq(Mux(columns_end, 0, column + 1))
            with m.If(~columns_end):
                m.d.sync += go(0, either([reach.rows for reach in reaches], [layer.rows for layer in layers]), 1)
            with m.Elif(~across_ends):
                m.d.sync += [across.eq(across + 1), *go(
                    1, by_layer(self.layer, [reach.across_row for reach in reaches]),
                    by_layer(self.layer, [reach.across_word for reach in reaches]))]
            with m.Elif(~down_ends):
                m.d.sync += [across.eq(0), down.eq(down + 1), *go(
                    2, by_layer(self.layer, [reach.down_row for reach in reaches]),
                    by_layer(self.layer, [reach.down_word for reach in reaches]))]
            with m.Else():
                m.d.sync += [across.eq(0), down.eq(0), *(each.eq(0) for each in (*rows, *words))]
        first = (column == 0) & (own | ((across == 0) & (down == 0)))
        row, of_word = rows[0], words[0]
        if self.engine.listed_words:
            depth = self.block.depth
            listed = either([int(number < depth - 1 and self.engine.is_listed(number + 1)) for number in range(depth)],
                            [int(self.engine.is_listed(number)) for number in range(depth)])
            m.d.comb += [self.place.number.eq(column), self.place.own.eq(own),
                         self.place.position.eq(word.position + own)]
            row, of_word = Mux(listed, self.listed_row, row), Mux(listed, self.listed_word, of_word)
        return Mux(own, word.own_row, word.row) + row, Mux(own, word.own_word, word.word) + of_word, first
