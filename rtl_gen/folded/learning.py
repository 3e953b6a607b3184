"""Learning of a folded block: window buffer, credits of its neurons, and the update of its weights."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import feedback_max, index_bits, signed_bits
from ..contract.block import BlockSpec
from ..contract.plan import plan_of
from ..forward_layouts import window_end_layout
from ..ports import RATE_SHAPE, FeedbackReader, RandomKey, StoredCounts, WeightReader, WeightWriter
from .ports import FoldedRecorder

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
        super().__init__({
            "recorder": In(FoldedRecorder(block)),
            "clearing": Out(1),
            "window_end": In(stream.Signature(window_end_layout(block))),
            "window_done": Out(1),
            "learn": In(1),
            "skip": In(1),
            "feedback_groups": In(range(plan.readout_words + 1)),
            "feedback_reader": Out(FeedbackReader(block, signed_bits(feedback_max(block, block.depth - 1)))),
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
        raise NotImplementedError
