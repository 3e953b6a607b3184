"""Credits of the words of a block's one layer, found as they are asked for, from gates and the readout's feedback."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.reach import feedback_words
from ..contract.engines.folded.reverse import FoldedReverse
from ..contract.engines.readout import Readout
from ..contract.plan import plan_of
from ..credit import CreditScan
from ..memories import declared_memory
from ..ports import FeedbackReader
from .ports import CreditPort, FoldedGateReader, folded_gate_layout
from .window_ports import GateFinder

__all__ = ["ScannedCredits"]


class ScannedCredits(wiring.Component):
    """Serves the credits of a layer that nobody above tells anything: neither another layer nor its own spikes.

    A word is read position by position, from the last to the first, a part of its lanes after another; its last
    credits come three cycles after its last gates are read. Of a word that had no gate, or that the readout's pool cuts
    off, there are none but what ends it, in the cycle after it was asked for.

    Parameters
    ----------
    block : BlockSpec
        A folded block of one layer, which is not recurrent.

    Members
    -------
    feedback_groups : In
        Words of the readout's feedback that are there, in order.
    gate_finder, gate_reader, feedback_reader : Out(GateFinder), Out(FoldedGateReader), Out(FeedbackReader)
        Where gates and feedback are read.
    credits : In(CreditPort)
        Who asks for credits.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self._plan = plan = plan_of(block)
        self._lanes = FoldedReverse(plan).scan_lanes
        self._scan, self._by_position = CreditScan(block, folded_gate_layout(block)), Readout(plan).by_position
        super().__init__({
            "feedback_groups": In(range(plan.readout_words + 1)),
            "gate_finder": Out(GateFinder(block)),
            "gate_reader": Out(FoldedGateReader(block)),
            "feedback_reader": Out(FeedbackReader(block, self._scan.feedback_bits)),
            "credits": In(CreditPort(block, self._lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.scan = scan = self._scan
        port, asked = self.credits, Signal.like(self.credits.word.p.word)
        coming = Mux(port.word.ready, port.word.p.word, asked)
        place = self._feedback_word(m, coming)
        part, position = Signal(index_bits(scan.parts)), Signal(index_bits(self.block.window))
        reads, first, cut, was_cut = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            self.gate_finder.word.eq(coming),
            self.gate_reader.word.eq(asked),
            self.gate_reader.position.eq(position),
            self.feedback_reader.group.eq(place.word),
            first.eq(position == port.steps - 1),
            scan.gates.eq(self.gate_reader.gates),
            scan.feedback.eq(self.feedback_reader.feedback),
            port.load.valid.eq(scan.load.valid | cut),
            port.load.ends.eq(scan.load.ends | cut),
            port.load.part.eq(Mux(cut, scan.parts - 1, scan.load.part)),
            port.load.position.eq(scan.load.position),
            port.alive.eq(Mux(was_cut, 0, scan.alive)),
        ]
        if self._by_position:
            m.d.comb += [self.feedback_reader.position.eq(position), scan.read.eq(self.feedback_reader.read)]
        m.d.comb += [credit.eq(Mux(cut, 0, found))
                     for credit, found in zip(port.load.credits, scan.load.credits, strict=True)]
        m.d.sync += [scan.en.eq(reads), scan.first.eq(first), scan.part.eq(part), scan.position.eq(position)]
        with m.FSM():
            with m.State("WAIT"):
                m.d.comb += port.word.ready.eq(1)
                m.d.sync += [asked.eq(port.word.p.word), part.eq(0), position.eq(port.steps - 1)]
                with m.If(port.word.valid):
                    m.d.sync += was_cut.eq(0)
                    m.next = "READ"
            with m.State("READ"):
                with m.If(place.cut | ~self.gate_finder.gated):
                    m.d.comb += cut.eq(1)
                    m.d.sync += was_cut.eq(1)
                    m.next = "WAIT"
                with m.Elif(self.feedback_groups > place.word):
                    m.d.comb += reads.eq(1)
                    m.d.sync += position.eq(Mux(position == 0, port.steps - 1, position - 1))
                    with m.If(position == 0):
                        m.d.sync += part.eq(part + 1)
                        with m.If(part == scan.parts - 1):
                            m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(scan.load.valid & scan.load.ends & (scan.load.part == scan.parts - 1)):
                    m.next = "WAIT"
        return m

    def _feedback_word(self, m: Module, asked: Value) -> data.View:
        """The word of feedback of the word ``asked`` for a cycle ago, and whether it has none: the border cuts it off.
        """
        layout = data.StructLayout({"cut": 1, "word": index_bits(self._plan.readout_words)})
        if self.block.readout.pool is None:
            word = Signal(layout)
            m.d.sync += word.word.eq(asked)
            return word
        m.submodules.words = words = declared_memory(FoldedReverse(self._plan).feedback_words, [
            layout.const({"cut": int(word is None), "word": word or 0}).as_value().value
            for word in feedback_words(self._plan)])
        read = words.read_port()
        m.d.comb += read.addr.eq(asked)
        return data.View(layout, read.data)
