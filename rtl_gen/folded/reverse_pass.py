"""Reverse pass of a folded block: a window's errors to the credits of every layer, from the last to the first."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.memories import WEIGHT_LATENCY
from ..contract.plan import plan_of
from ..ports import FeedbackReader, WeightReader
from .alive_words import AliveWords
from .credit_memory import CreditMemory
from .dot_product import DotProduct
from .ports import CreditPort, FoldedGateReader
from .reverse_scan import ReverseScan
from .reverse_walk import ReverseWalk
from .reverse_words import ReverseWords

__all__ = ["ReversePass"]


class ReversePass(wiring.Component):
    """Finds the credits of all layers of a block once a window, and keeps them for who learns from them.

    Layer by layer from the last to the first, position by position from the last to the first: for each neuron whose
    gate is not 0 the sum of the credits of the layer above times the weights between, one word a cycle. Nothing is
    written to the weights meanwhile, so that all feedback is of the weights as they stood.

    Computes :func:`sim.reference.backward.credits_of` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A folded block.
    lanes : int
        Lanes of a word whose credits are handed on in a cycle; None hands on whole words.

    Members
    -------
    start : In(1)
        The errors of a window with ``steps`` steps are known. Once; the next after ``done``.
    steps : In
        Steps of the window, constant from ``start`` until its credits are not asked for any more.
    feedback_words : In
        Words of the readout's feedback that are there, in order; of this window from the cycle after ``start``.
    busy : Out(1)
        Credits are being found: gates, feedback and weights are read.
    done : Out(1)
        Once, as the last credit is in memory.
    gate_reader, feedback_reader, weight_reader : Out(FoldedGateReader), Out(FeedbackReader), Out(WeightReader)
        Where gates, feedback and weights are read.
    credits : In(CreditPort)
        Who asks for the credits found, between ``done`` and the next ``start``.
    multiplies : Out
        Products with a credit that is not 0, in this cycle; as many weights are read.
    """

    def __init__(self, block: BlockSpec, lanes: int | None = None) -> None:
        self.block = block
        self.plan = plan = plan_of(block)
        self.engine = engine = FoldedCredits(plan)
        self.port_lanes = plan.lanes if lanes is None else lanes
        super().__init__({
            "start": In(1),
            "steps": In(range(block.window + 1)),
            "feedback_words": In(range(plan.readout_words + 1)),
            "busy": Out(1),
            "done": Out(1),
            "gate_reader": Out(FoldedGateReader(block)),
            "feedback_reader": Out(FeedbackReader(block, engine.feedback_bits)),
            "weight_reader": Out(WeightReader(block)),
            "credits": In(CreditPort(block, self.port_lanes)),
            "multiplies": Out(index_bits(plan.lanes + 1)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        engine = self.engine
        m.submodules.words = words = ReverseWords(self.block)
        m.submodules.walk = walk = ReverseWalk(self.block)
        m.submodules.memory = memory = CreditMemory(self.block, self.port_lanes)
        m.submodules.scan = scan = ReverseScan(self.block)
        for port, inner in ((self.gate_reader, words.gate_reader), (self.feedback_reader, scan.feedback_reader),
                            (self.credits, memory.credits)):
            wiring.connect(m, wiring.flipped(port), inner)
        wiring.connect(m, scan.writer, memory.writer)
        wiring.connect(m, words.o, walk.i)
        if engine.injected_memories:
            m.d.comb += [scan.finding.eq(words.busy), scan.asked.eq(memory.asked), memory.injected.eq(scan.injected)]
        m.d.comb += [
            words.start.eq(self.start),
            words.steps.eq(self.steps),
            words.feedback_words.eq(self.feedback_words),
            words.through.eq(scan.through),
            self.busy.eq(words.busy),
            self.done.eq(words.done),
            memory.finding.eq(words.busy),
            walk.layer.eq(words.layer),
            scan.layer.eq(words.layer),
            scan.word_en.eq(words.o.valid & words.o.ready),
            scan.word.eq(words.word),
        ]
        if engine.listed_words:
            self._list_alive(m, words, walk, scan)
        # Weights and credits come together; then, behind product and sum, what is known of the lane.
        entry = walk.entry
        m.d.comb += [self.weight_reader.address.eq(entry.row), memory.reader.address.eq(entry.credit)]
        on_way = [entry]
        for stage in range(engine.latency):
            later = Signal.like(entry, name=f"on_way{stage}")
            m.d.sync += later.eq(on_way[-1])
            on_way.append(later)
        come, summed = on_way[WEIGHT_LATENCY], on_way[-1]
        m.d.comb += [
            scan.summed.en.eq(summed.valid & summed.adds & summed.last),
            scan.summed.own.eq(summed.own),
            scan.summed.ends.eq(summed.valid & summed.ends),
            scan.summed.lane.eq(summed.lane),
        ]
        if engine.multiplies:
            m.d.comb += scan.summed.value.eq(self._multiply(m, words.layer, come, memory))
        return m

    def _list_alive(self, m: Module, words: ReverseWords, walk: ReverseWalk, scan: ReverseScan) -> None:
        """Words that have a credit are listed as they are found, and only those are walked for what is below."""
        m.submodules.alive = alive = AliveWords(self.block)
        m.d.comb += [
            alive.layer.eq(words.layer),
            alive.en.eq(scan.through),
            alive.at.eq(scan.at),
            alive.alive.eq(scan.writer.count != 0),
            alive.position.eq(words.word.position),
            words.alive_above.eq(alive.above),
            words.alive_own.eq(alive.own),
            alive.place.eq(walk.place),
            walk.listed_word.eq(alive.word),
            walk.listed_row.eq(alive.row),
        ]

    def _multiply(self, m: Module, layer: Value, come: data.View, memory: CreditMemory) -> Value:
        """Sums of the products of words of weights and credits that have ``come``, for neurons of ``layer``."""
        m.submodules.product = product = DotProduct(self.block)
        m.d.comb += [
            product.adds.eq(come.valid & come.adds),
            product.first.eq(come.first),
            product.layer.eq(Mux(come.own | (layer == self.block.depth - 1), layer, layer + 1)),
            product.weights.eq(self.weight_reader.weights),
            product.credits.eq(memory.reader.credits),
            self.multiplies.eq(Mux(come.valid & come.adds, memory.reader.count, 0)),
        ]
        return product.total
