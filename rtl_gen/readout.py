"""Readout: spikes to logits and the answer, logits to errors."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .answer import add_result_states
from .backward import BackwardPass, row_layout
from .contract.arithmetic import answer_max, feedback_max, index_bits, signed_bits
from .contract.engines.readout import Readout as ReadoutEngine
from .contract.plan import plan_of
from .contract.protocol import ANSWER_BITS
from .contract.spec import NetworkSpec
from .errors import class_error
from .feedback import error_layout
from .levels import add_levels
from .memories import declared_memory
from .packet import packet_layout
from .ports import BlockRate, FeedbackReader, GateReader, RandomKey, StoredCounts
from .token import TokenKind, token_layout

__all__ = ["Readout"]


class Readout(wiring.Component):
    """A block's classifier, all classes at a time.

    An event costs one cycle. At the end of a window that is learned from it takes a cycle for each class to find the
    errors, then one for each neuron to find its feedback and, where the readout is learned, to update its weights.

    Computes :mod:`sim.reference.readout` bit for bit.

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
    i : In(stream of tokens)
        The block's spikes.
    result : Out(stream of packet_layout)
        The answer to each sample that was not aborted.
    learn, skip : Out(1)
        A window's feedback is ready; all of its errors are 0.
    window_done : In(1)
        The block has dealt with its recorded window.
    gate_reader : Out(GateReader)
        Spikes of the window, used before ``learn``.
    feedback_reader : In(FeedbackReader)
        The neurons' feedback.
    key, rate : In(RandomKey), In(BlockRate)
        Of the random words; and how the block learns.
    host_address, host_weights, host_answer, host_w_en, host_w_data : In, Out, Out, In, In
        The host's access to a neuron's weights, and to the answer's logit of a class, while idle.
    idle : Out(1)
        Nothing is inside.
    operations, multiplies, windows_learned, windows_skipped : Out
    counts : Out(StoredCounts)
        Increments of the counters.
    """

    def __init__(self, spec: NetworkSpec, index: int, gate_layout: data.ArrayLayout) -> None:
        self.block = block = spec.blocks[index]
        self.readout = readout = block.readout
        self.learns = block.directives.learns
        self._declared = ReadoutEngine(plan_of(block))
        self.max_steps = spec.max_steps
        self.answer_bits = signed_bits(answer_max(readout, spec.max_steps))
        self.row_layout = row_layout(spec, index)
        self._backward = BackwardPass(spec, index, gate_layout) if self.learns else None
        feedback_bits = signed_bits(feedback_max(block, block.depth - 1))
        classes = index_bits(readout.classes + 1)
        super().__init__({
            "i": In(stream.Signature(token_layout(readout.inputs, readout.classes))),
            "result": Out(stream.Signature(packet_layout())),
            "learn": Out(1),
            "skip": Out(1),
            "window_done": In(1),
            "gate_reader": Out(GateReader(block, gate_layout)),
            "feedback_reader": In(FeedbackReader(block, feedback_bits)),
            "key": In(RandomKey()),
            "rate": In(BlockRate()),
            "host_address": In(range(max(readout.inputs, readout.classes))),
            "host_weights": Out(self.row_layout),
            "host_answer": Out(signed(ANSWER_BITS)),
            "host_w_en": In(1),
            "host_w_data": In(self.row_layout),
            "idle": Out(1),
            "operations": Out(classes),
            "multiplies": Out(classes),
            "windows_learned": Out(1),
            "windows_skipped": Out(1),
            "counts": Out(StoredCounts(readout.classes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.weights = weights = declared_memory(self._declared.weights)
        self._read, self._write = weights.read_port(), weights.write_port()
        self._fetched = data.View(self.row_layout, self._read.data)
        m.d.comb += [
            self.host_weights.eq(self._read.data),
            self._read.addr.eq(Mux(self.idle, self.host_address, self.i.p.value)),
        ]
        self._add(m)
        self._control(m)
        if self.learns:
            self._connect_backward(m)
        write, backward = self._write, self._backward
        if self.learns and self.readout.learned:
            m.d.comb += [
                backward.host_en.eq(self.host_w_en),
                backward.host_row.eq(self.host_address),
                backward.host_data.eq(self.host_w_data),
                write.addr.eq(backward.w_row),
                write.data.eq(backward.w_data),
                write.en.eq(backward.w_en),
            ]
        else:
            m.d.comb += [
                write.addr.eq(self.host_address),
                write.data.eq(self.host_w_data),
                write.en.eq(self.host_w_en),
            ]
        return m

    def _add(self, m: Module) -> None:
        """Logits and answers: one row of weights for each event."""
        block, readout = self.block, self.readout
        self._adding = Signal()                         # a row has been addressed and will be added
        self._clear_answers, self._clear_logits = Signal(), Signal()
        self._in_loss = Signal()
        adds = Signal()
        m.d.comb += [
            adds.eq(self.i.valid & self.i.ready & (self.i.p.kind == TokenKind.EVENT)),
            self.operations.eq(Mux(adds, readout.classes, 0)),
        ]
        m.d.sync += self._adding.eq(adds)

        def sums(name: str, clear: Value, adding: Value) -> list[Signal]:
            found = [Signal(signed(self.answer_bits), name=f"{name}{c}") for c in range(readout.classes)]
            with m.If(clear):
                m.d.sync += [value.eq(0) for value in found]
            with m.Elif(adding):
                m.d.sync += [value.eq(value + self._weight(c)) for c, value in enumerate(found)]
            return found

        self._step_ends = Signal()                      # all rows of a step are added
        if readout.leak_shift is not None:              # no block with such a readout learns
            self._logits = self._answers = [Signal(signed(self.answer_bits), name=f"answer{c}")
                                            for c in range(readout.classes)]
            add_levels(m, readout, self.max_steps, self._weight, clear=self._clear_answers, adding=self._adding,
                       step_ends=self._step_ends, answers=self._answers)
            return
        self._logits = self._answers = sums("answer", self._clear_answers, self._adding)
        if readout.accumulate == "window" or block.loss_steps < block.window:
            self._logits = sums("logit", self._clear_logits, self._adding & self._in_loss)

    def _weight(self, c: int) -> Value:
        """What the forward pass reads of class c in the row fetched."""
        if self.readout.learned:
            return self._fetched[c] >> self.readout.shadow_bits
        return Mux(self._fetched[c], Const(-1, signed(2)), Const(1, signed(2)))

    def _control(self, m: Module) -> None:
        """What each token does: sample starts, windows, errors, results."""
        block, readout = self.block, self.readout
        self._learn, self._label = Signal(), Signal(range(readout.classes))
        self._position = Signal(range(block.window))
        self._windows = Signal(range(block.update_interval))
        self._last = Signal()
        self._class = Signal(range(readout.classes + 1))
        self._class_last = Signal()
        self._start_backward, self._backward_done = Signal(), Signal()
        self._errors = Signal(data.ArrayLayout(error_layout(), readout.classes))
        m.d.comb += [
            self._in_loss.eq(self._position >= block.window - block.loss_steps),
            self._class_last.eq(self._class == readout.classes - 1),
        ]
        # One choice of an answer serves the search for the largest, the result and the host.
        self._answer = Signal(signed(self.answer_bits))
        m.d.comb += [
            self._answer.eq(Array(self._answers)[Mux(self.idle, self.host_address, self._class)]),
            self.host_answer.eq(self._answer),
        ]
        # The choice of a logit and its error would be too long a way for one cycle.
        logit, self._error_class = Signal(signed(self.answer_bits)), Signal.like(self._class)
        m.d.sync += [logit.eq(Array(self._logits)[self._class]), self._error_class.eq(self._class)]
        self._error = class_error(m, readout, logit, self._error_class == self._label)
        self._waits = Signal()                          # the window was handed on and is not dealt with
        with m.If(self.window_done):
            m.d.sync += self._waits.eq(0)
        with m.FSM() as fsm:
            with m.State("RUN"):
                self._take_token(m)
            self._window_end_states(m)
            add_result_states(m, readout.classes, self._answer, self._class, self._class_last, self.result)
        m.d.comb += self.idle.eq(fsm.ongoing("RUN") & ~self.i.valid & ~self._adding)

    def _take_token(self, m: Module) -> None:
        block, token = self.block, self.i.p
        label_bits = index_bits(self.readout.classes)
        window_ends, learns_from = Signal(), Signal()
        m.d.comb += [
            window_ends.eq((self._position == block.window - 1) | token.last),
            learns_from.eq(self._learn & (self._windows == block.update_interval - 1) & self._in_loss),
            # What closes a step waits for the row that is still being added.
            self.i.ready.eq((token.kind == TokenKind.EVENT) | ~self._adding),
        ]
        with m.If(self.i.valid & self.i.ready):
            with m.Switch(token.kind):
                with m.Case(TokenKind.START):
                    m.d.comb += [self._clear_answers.eq(1), self._clear_logits.eq(1)]
                    m.d.sync += [
                        self._label.eq(token.value[:label_bits]),
                        self._learn.eq(token.value[label_bits] & ~self.rate.off if self.learns else 0),
                        self._position.eq(0),
                        self._windows.eq(0),
                    ]
                with m.Case(TokenKind.STEP):
                    m.d.comb += self._step_ends.eq(1)
                    m.d.sync += [self._last.eq(token.last), self._class.eq(0)]
                    with m.If(window_ends & learns_from):
                        m.next = "ERRORS"
                    with m.Elif(window_ends):
                        m.next = "WINDOW"
                    with m.Else():
                        m.d.sync += self._position.eq(self._position + 1)

    def _window_end_states(self, m: Module) -> None:
        """Errors, class by class; the backward pass, unless all are 0; and the wait for the update engine."""
        block, readout, c, error = self.block, self.readout, self._class, self._error
        with m.State("ERRORS"):
            m.d.sync += c.eq(c + 1)
            for number, held in enumerate(self._errors):
                with m.If(self._error_class == number):
                    m.d.sync += [held.value.eq(error), held.magnitude.eq(Mux(error < 0, -error, error))]
            with m.If(c == readout.classes):
                m.next = "DECIDE"
        with m.State("DECIDE"):
            m.d.sync += self._waits.eq(1)
            with m.If(Value.cast(self._errors).any()):
                m.d.comb += [self._start_backward.eq(1), self.windows_learned.eq(1)]
                m.next = "BACKWARD"
            with m.Else():
                m.d.comb += [self.skip.eq(1), self.windows_skipped.eq(1)]
                m.next = "WAIT"
        with m.State("BACKWARD"):
            with m.If(self._backward_done):
                m.d.comb += self.learn.eq(1)
                m.next = "WAIT"
        with m.State("WAIT"):
            with m.If(~self._waits):
                m.next = "WINDOW"
        with m.State("WINDOW"):
            m.d.sync += [
                self._position.eq(0),
                self._windows.eq(Mux(self._windows == block.update_interval - 1, 0, self._windows + 1)),
                c.eq(0),
            ]
            if readout.accumulate == "window":
                m.d.comb += self._clear_logits.eq(1)
            with m.If(self._last):
                m.next = "ANSWER"
            with m.Else():
                m.next = "RUN"

    def _connect_backward(self, m: Module) -> None:
        m.submodules.backward = backward = self._backward
        m.d.comb += [
            backward.start.eq(self._start_backward),
            self._backward_done.eq(backward.done),
            # The last position of the window that ended is still held.
            backward.position.eq(self._position),
            backward.errors.eq(self._errors),
            backward.fetched.eq(self._fetched),
            backward.rate.eq(self.rate.shift),
            self.multiplies.eq(backward.multiplies),
        ]
        for outside, inside in ((self.gate_reader, backward.gate_reader), (self.key, backward.key),
                                (self.feedback_reader, backward.feedback_reader), (self.counts, backward.counts)):
            wiring.connect(m, wiring.flipped(outside), inside)
        with m.If(backward.reading):
            m.d.comb += self._read.addr.eq(backward.row)
