"""A row's way into the weights: its credits are summed, gathered of a convolution, rounded, and written."""

from itertools import pairwise

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..addends import sum_of
from ..contract.arithmetic import DRAW_BITS
from ..contract.block import BlockSpec
from ..contract.engines.folded.reverse import FoldedReverse
from ..contract.memories import WEIGHT_LATENCY
from ..contract.plan import plan_of
from ..ports import RATE_SHAPE, RandomKey, StoredCounts, WeightReader, WeightWriter
from ..rounding import RandomDraw, RoundedUpdate, row_addend, summed_shape
from .by_layer import by_layer
from .credit_store import FoldedStore
from .delta_memory import DeltaMemory
from .ports import credit_layout
from .row_steps import step_layout

__all__ = ["RowPipeline"]


class RowPipeline(wiring.Component):
    """Takes a step a cycle and never waits.

    A lane has one adder: of a dense layer it adds to the row's sum what rounds it, of a convolution the sum to what was
    gathered, and where that is written what rounds it. The rows of a word of filters that follow one another are
    different; from one place to the next the same row comes after three cycles at the earliest.

    Parameters
    ----------
    block : BlockSpec
        A folded block.
    layer_number : int
        The number in the network of its first layer, for the random words.
    lanes : int
        Lanes of a word whose credits come in a cycle.

    Members
    -------
    begin, load, load_half, told_any : In(1), In(credit_layout), In(1), Out(1)
        Credits of the next word, as of :class:`~rtl_gen.folded.credit_store.FoldedStore`.
    step : In(step_layout)
        What is added, or written.
    gathered : Out(1)
        What comes in this cycle finds all gathered that came before.
    empty : Out(1)
        No row is inside.
    clearing : Out(1)
        What a reset left of sums is being cleared.
    weight_reader, host, writer, key, rate, counts
        As of :class:`~rtl_gen.folded.update.FoldedUpdate`.
    """

    def __init__(self, block: BlockSpec, layer_number: int, lanes: int) -> None:
        self.block, self._layer_number = block, layer_number
        self._lanes, self._plans = block.directives.lanes, plan_of(block).layers
        self._declared = FoldedReverse(plan_of(block))
        self._store = FoldedStore(block, lanes)
        # A random word comes two cycles later than a row's sum would: all that is summed waits for it.
        self._random = any(layer.update.rounding == "stochastic" for layer in block.layers)
        self._wait = RandomDraw.LATENCY - 2 if self._random else 0
        super().__init__({
            "begin": In(1),
            "load": In(credit_layout(block, lanes)),
            "load_half": In(1),
            "told_any": Out(1),
            "step": In(step_layout(block)),
            "gathered": Out(1),
            "empty": Out(1),
            "clearing": Out(1),
            "weight_reader": Out(WeightReader(block)),
            "host": In(WeightWriter(block)),
            "writer": Out(WeightWriter(block)),
            "key": In(RandomKey()),
            "rate": In(RATE_SHAPE),
            "counts": Out(StoredCounts(self._lanes)),
        })

    @property
    def reads_until(self) -> int:
        """Cycles after a step until its half of the store is read no more."""
        return 2 + self._wait

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.store = store = self._store
        stages = [self.step]
        for number in range(5 + self._wait):
            held = Signal(self.step.shape(), name=f"stage{number}")
            m.d.sync += held.eq(stages[-1])
            stages.append(held)
        summing, adding, added, _, written = stages[1 + self._wait:]
        m.d.comb += [
            store.begin.eq(self.begin),
            store.load.eq(self.load),
            store.load_half.eq(self.load_half),
            store.select.first.eq(summing.first),
            store.select.half.eq(summing.word.half),
            store.select.position.eq(summing.position),
            store.select.bit.eq(summing.bit),
            store.select.thresholds.eq(summing.thresholds),
            store.select.layer.eq(summing.word.layer),
            store.alive_half.eq(adding.word.half),
            self.told_any.eq(store.told_any),
            # Two stages on, a row's sum is where the next step's row finds it.
            self.gathered.eq(~Cat(stage.valid & stage.word.gathers for stage in stages[1:3]).any()),
            self.empty.eq(~Cat(stage.valid & stage.last for stage in stages).any()),
        ]
        self._rates(m, summing)
        self._draw(m, adding)
        self._add(m, summing, adding, added)
        self._write(m, stages, added, written)
        return m

    def _rates(self, m: Module, summing: data.View) -> None:
        """By how many bits more than the least a sum is shifted, as it is added to and as it is rounded."""
        more = [layer.update.rate_shift - self._declared.rate_shift for layer in self.block.layers]
        self._adding_rate = self._added_rate = self.rate
        if any(more):
            self._adding_rate, self._added_rate = (
                Signal(range(self._declared.most_rate + 1), name=f"{name}_rate") for name in ("adding", "added"))
            m.d.sync += [self._adding_rate.eq(self.rate + by_layer(summing.word.layer, more)),
                         self._added_rate.eq(self._adding_rate)]

    def _draw(self, m: Module, adding: data.View) -> None:
        """What rounds the row's sum, which is added to it."""
        word, layers = Const(0, DRAW_BITS), self.block.layers
        if self._random:
            several = len(layers) > 1
            m.submodules.random = random = RandomDraw(None if several else self._layer_number)
            wiring.connect(m, wiring.flipped(self.key), random.key)
            m.d.comb += random.row.eq(self.step.row)
            if several:
                m.d.comb += random.layer.eq(self._layer_number + self.step.word.layer)
            word = random.word
        ways = [layer.update.rounding for layer in layers]
        addends = {way: row_addend(word=word, rate=self._adding_rate, rate_shift=self._declared.rate_shift,
                                   rounding=way, most=self._declared.most_rate) for way in set(ways)}
        self._addend = Array(addends[way] for way in ways)[adding.word.layer] if len(addends) > 1 else addends[ways[0]]

    def _add(self, m: Module, summing: data.View, adding: data.View, added: data.View) -> None:
        """The one adder of each lane, and which lanes a row has credit in."""
        declared, store = self._declared, self._store
        shape = summed_shape(delta_max=declared.delta_max, rate_shift=declared.rate_shift, most=declared.most_rate)
        self._totals = totals = [Signal(shape, name=f"total{lane}") for lane in range(self._lanes)]
        self._touched = touched = Signal(self._lanes)
        # Who adds the currents of others has credits where it was told nothing, and its thresholds learn nothing there.
        reached = Mux(adding.thresholds, store.told, store.alive)
        if declared.deltas is None:
            m.d.sync += [touched.eq(reached), *(total.eq(store.sums[lane] + self._addend)
                                                    for lane, total in enumerate(totals))]
            return
        m.submodules.deltas = deltas = DeltaMemory(self.block)
        gathers, writes, left = adding.word.gathers, adding.writes, deltas.delta
        m.d.comb += [
            self.clearing.eq(deltas.clearing),
            deltas.row.eq(summing.row),
            deltas.w_en.eq(added.valid & added.last & (added.word.gathers | added.writes)),
            deltas.w_row.eq(added.row),
            deltas.w_delta.touched.eq(Mux(added.writes, 0, touched)),
        ]
        m.d.sync += touched.eq(Mux(gathers | writes, left.touched, 0) | Mux(writes, 0, reached))
        for lane, total in enumerate(totals):
            first = Mux(gathers | writes, left.sums[lane], store.sums[lane]) if declared.row_list else left.sums[lane]
            m.d.sync += total.eq(first + Mux(gathers, store.sums[lane], self._addend))
            m.d.comb += deltas.w_delta.sums[lane].eq(Mux(added.writes, 0, total))

    def _write(self, m: Module, stages: list[data.View], added: data.View, written: data.View) -> None:
        """Totals are rounded and taken from the weights, which are written; the host's words share the last register.
        """
        before = 3 + self._wait - WEIGHT_LATENCY        # the stage that is addressed: its weights round it
        addresses = [Signal.like(self.weight_reader.address, name=f"address{number}")
                     for number in range(2 + WEIGHT_LATENCY)]
        m.d.sync += addresses[0].eq(stages[before].word.base + stages[before].row)
        m.d.sync += [after.eq(address) for address, after in pairwise(addresses)]
        addend = Signal.like(self._addend)
        m.d.sync += addend.eq(self._addend)
        declared, updates = self._declared, []
        for lane, total in enumerate(self._totals):
            m.submodules[f"update{lane}"] = update = RoundedUpdate(
                stored_bits=self.block.layers[0].weights.stored_bits, delta_max=declared.delta_max,
                rate_shift=declared.rate_shift, most=declared.most_rate)
            m.d.comb += [
                update.summed.eq(total),
                update.not_zero.eq(total[:len(addend)] != addend),
                update.stored.eq(self.weight_reader.weights[lane]),
                update.rate.eq(self._added_rate),
                update.load.eq(self.host.en),
                update.loaded.eq(self.host.weights[lane]),
                self.writer.weights[lane].eq(update.updated),
            ]
            updates.append(update)
        hosted, ends, updated = Signal(), Signal(), Signal.like(self.counts.updates)
        with m.If(self.host.en):
            m.d.sync += addresses[-1].eq(self.host.address)
        m.d.sync += [
            hosted.eq(self.host.en),
            updated.eq(Mux(added.valid & added.last & ~added.word.gathers, sum_of(self._touched), 0)),
        ]
        m.d.comb += [
            ends.eq(written.valid & written.last & ~written.word.gathers),
            self.weight_reader.address.eq(addresses[0]),
            self.writer.en.eq(ends | hosted),
            self.writer.address.eq(addresses[-1]),
            self.counts.updates.eq(updated),
        ]
        # In a lane without any credit the sum is 0: nothing is changed, lost or saturated.
        for port, flags in ((self.counts.written, (u.changed for u in updates)),
                            (self.counts.underflows, (u.underflowed for u in updates)),
                            (self.counts.saturations, (u.saturated for u in updates))):
            m.d.comb += port.eq(Mux(ends, sum_of(flags), 0))
