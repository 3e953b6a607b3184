"""Learning of a folded block: window buffer, credits of its neurons, and the update of its weights."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits, row_feedback_max, signed_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.reverse import FoldedReverse
from ..contract.plan import plan_of
from ..forward_layouts import window_end_layout
from ..ports import RATE_SHAPE, FeedbackReader, RandomKey, StoredCounts, WeightReader, WeightWriter
from .credit_scan import ScannedCredits
from .ports import FoldedRecorder
from .reverse_pass import ReversePass
from .update import FoldedUpdate
from .window import FoldedWindow

__all__ = ["FoldedLearning"]


class FoldedLearning(wiring.Component):
    """Learns from the windows of a folded block, all of its layers one after another.

    Parameters
    ----------
    block : BlockSpec
        A folded block that learns.
    layer_number : int
        The number in the network of its first layer, for the random words.

    Members
    -------
    recorder : In(FoldedRecorder)
        What is recorded of a window; not while it is ``clearing``, nor from a window's end until it is done.
    clearing : Out(1)
        After a reset, what it left of a window is being cleared: nothing may be recorded yet.
    window_end : In(stream of window_end_layout)
        A window was recorded; its last touch and its last gates were at least a cycle ago.
    window_done : Out(1)
        It was dealt with.
    learn, skip : In(1)
        Of the readout, once for each window not discarded: its backward pass begins; or all errors are 0.
    feedback_groups : In
        Words of feedback that the backward pass has found: 0 as it begins.
    feedback_reader : Out(FeedbackReader)
        The readout's feedback.
    learned : Out(1)
        A window was learned from: with this cycle its number is used up.
    weight_reader : Out(WeightReader)
        The weight memory's reading side, while ``active``.
    host : In(WeightWriter)
        The host's new weights, while idle.
    writer : Out(WeightWriter)
        New weights, the host's one cycle later: they share the last register, so that no choice lies behind it.
    key : In(RandomKey)
        Of the random words.
    rate : In
        What is added to the rate shifts; constant while weights are walked.
    idle, active : Out(1)
        Nothing is inside; gates, feedback and weights are being read.
    multiplies : Out
        Products of weights and credits in this cycle, for the counter of that name and that of weights read.
    counts : Out(StoredCounts)
        Increments of the counters of updates.
    """

    def __init__(self, block: BlockSpec, layer_number: int) -> None:
        self.block = block
        self.layer_number = layer_number
        plan = plan_of(block)
        self._declared = FoldedReverse(plan)
        super().__init__({
            "recorder": In(FoldedRecorder(block)),
            "clearing": Out(1),
            "window_end": In(stream.Signature(window_end_layout(block))),
            "window_done": Out(1),
            "learn": In(1),
            "skip": In(1),
            "feedback_groups": In(range(plan.readout_words + 1)),
            "feedback_reader": Out(FeedbackReader(block, signed_bits(row_feedback_max(block.readout)))),
            "learned": Out(1),
            "weight_reader": Out(WeightReader(block)),
            "host": In(WeightWriter(block)),
            "writer": Out(WeightWriter(block)),
            "key": In(RandomKey()),
            "rate": In(RATE_SHAPE),
            "idle": Out(1),
            "active": Out(1),
            "multiplies": Out(index_bits(plan.lanes + 1)),
            "counts": Out(StoredCounts(plan.lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.window = window = FoldedWindow(self.block)
        m.submodules.update = self._update = update = FoldedUpdate(self.block, self.layer_number,
                                                                   self._declared.load_lanes)
        wiring.connect(m, wiring.flipped(self.recorder), window.recorder)
        for name in ("host", "writer", "key", "counts"):
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(update, name))
        for name in ("masks", *(["lists"] if self._declared.row_list else []),
                     *(["pixels"] if self._declared.occupied else [])):
            wiring.connect(m, getattr(update, name), getattr(window, name))
        m.d.comb += [
            self.clearing.eq(window.clearing | update.clearing),
            update.rate.eq(self.rate),
            update.weight_reader.weights.eq(self.weight_reader.weights),
        ]
        self._reverse_start, reverse_done = Signal(), Signal()
        if self._declared.scans:
            m.submodules.scan = found = ScannedCredits(self.block)
            wiring.connect(m, found.gate_finder, window.gate_finder)
            m.d.comb += [
                found.feedback_groups.eq(self.feedback_groups),
                reverse_done.eq(1),
                self.weight_reader.address.eq(update.weight_reader.address),
            ]
        else:
            m.submodules.reverse = found = ReversePass(self.block)
            m.d.comb += [
                found.start.eq(self._reverse_start),
                found.steps.eq(update.steps),
                found.feedback_words.eq(self.feedback_groups),
                found.weight_reader.weights.eq(self.weight_reader.weights),
                reverse_done.eq(found.done),
                self.multiplies.eq(found.multiplies),
                self.weight_reader.address.eq(Mux(found.busy, found.weight_reader.address,
                                                  update.weight_reader.address)),
            ]
        wiring.connect(m, found.gate_reader, window.gate_reader)
        wiring.connect(m, wiring.flipped(self.feedback_reader), found.feedback_reader)
        wiring.connect(m, update.credits, found.credits)
        self._control(m, reverse_done)
        return m

    def _control(self, m: Module, reverse_done: Value) -> None:
        """A window's end comes, then the readout's word on it; credits are found, and all weights updated."""
        end, update = self.window_end, self._update
        steps, learns, uses_number = Signal.like(end.p.steps), Signal(), Signal()
        m.d.comb += [update.steps.eq(steps), update.learns.eq(learns)]
        with m.FSM() as fsm:
            with m.State("IDLE"):
                m.d.comb += end.ready.eq(~self.clearing)
                m.d.sync += [steps.eq(end.p.steps), learns.eq(0), uses_number.eq(0)]
                with m.If(end.valid & ~self.clearing):
                    m.next = "WAIT"
                    with m.If(end.p.discard):
                        m.next = "BEGIN"
            with m.State("WAIT"):
                m.d.comb += self._reverse_start.eq(self.learn)
                m.d.sync += [learns.eq(self.learn), uses_number.eq(1)]
                with m.If(self.skip):
                    m.next = "BEGIN"
                with m.Elif(self.learn):
                    m.next = "REVERSE"
            with m.State("REVERSE"):
                with m.If(reverse_done):
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.comb += update.start.eq(1)
                m.next = "UPDATE"
            with m.State("UPDATE"):
                with m.If(~update.busy):
                    m.d.comb += [update.forget.eq(1), self.window_done.eq(1), self.learned.eq(uses_number)]
                    m.next = "IDLE"
        m.d.comb += [
            self.idle.eq(fsm.ongoing("IDLE") & ~end.valid & ~self.clearing),
            self.active.eq(~fsm.ongoing("IDLE") & ~fsm.ongoing("WAIT")),
        ]
