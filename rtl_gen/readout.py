"""Readout: spikes to logits and the answer, logits to errors."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .answer import add_result_states
from .backward import BackwardPass, row_layout
from .class_sums import SampleSums
from .contract.arithmetic import index_bits, row_feedback_max, signed_bits
from .contract.engines.readout import Readout as ReadoutEngine
from .contract.plan import plan_of
from .contract.protocol import ANSWER_BITS, Packet
from .contract.spec import NetworkSpec
from .level_errors import LevelErrors
from .levels import LevelSums
from .memories import declared_memory
from .packet import packet_layout
from .pool_filter import PoolFilter
from .ports import BlockRate, FeedbackReader, GatedReader, RandomKey, StoredCounts
from .seen_filter import SeenFilter
from .take_over import TakeOver
from .token import TokenKind, token_layout

__all__ = ["Readout"]


class Readout(wiring.Component):
    """A block's classifier, all classes at a time.

    An event costs one cycle; where spikes are pooled they are first given the index of their square. At the end of a
    window that is learned from it takes a cycle for each class to find the errors, then for each row, of a neuron or a
    square, as many as its classes are walked in, or one where it is passed over, to find its feedback and, where the
    readout is learned, to update its weights. It hands feedback on group by group.

    Computes :mod:`sim.reference.readout` bit for bit.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    index : int
        The block.

    Members
    -------
    i : In(stream of tokens)
        The block's spikes.
    result : Out(stream of packet_layout)
        The answer to each sample that was not aborted. Of the network's last block before it, where the sample's start
        asked for it, the answers so far, after the last step of each window and the last before its loss steps.
    learn, skip : Out(1)
        A window's feedback begins to be found; or all of its errors are 0, or it has no label.
    labelled : Out(1)
        The window that was handed on has a label, and so uses its number up; constant until ``window_done``.
    window_done : In(1)
        The block has dealt with its recorded window.
    feedback_reader : In(FeedbackReader)
        The neurons' feedback.
    gated_reader : Out(GatedReader)
        Which neurons of the window had a gate or fired, of a block where others are passed over.
    feedback_groups, feedback_parts : Out, Out
        Groups whose feedback is found, in order; 0 from the cycle after ``learn`` until the first. And parts of the
        next, where groups have several.
    key, rate : In(RandomKey), In(BlockRate)
        Of the random words; and how the block learns.
    host_address, host_weights, host_answer, host_w_en, host_w_data : In, Out, Out, In, In
        The host's access to a neuron's weights, which come two cycles after the address, and to the answer's logit of
        a class, three cycles after it, while idle.
    idle : Out(1)
        Nothing is inside.
    operations, multiplies, windows_learned, windows_skipped : Out
    counts : Out(StoredCounts)
        Increments of the counters.
    """

    def __init__(self, spec: NetworkSpec, index: int) -> None:
        self.block = block = spec.blocks[index]
        self.readout = readout = block.readout
        self.learns = block.directives.learns
        self._declared = ReadoutEngine(plan_of(block))
        self._max_steps = spec.max_steps
        self._may_tell = index == len(spec.blocks) - 1
        self.row_layout = row_layout(spec, index)
        self._backward = BackwardPass(spec, index) if self.learns else None
        feedback_bits = signed_bits(row_feedback_max(readout))
        classes = index_bits(readout.classes + 1)
        super().__init__({
            "i": In(stream.Signature(token_layout(readout.inputs, readout.classes))),
            "result": Out(stream.Signature(packet_layout())),
            "learn": Out(1),
            "skip": Out(1),
            "labelled": Out(1),
            "window_done": In(1),
            "feedback_reader": In(FeedbackReader(block, feedback_bits)),
            **({"gated_reader": Out(GatedReader(block))} if self._declared.passes_over else {}),
            "feedback_groups": Out(range(plan_of(block).readout_words + 1)),
            **({"feedback_parts": Out(range(parts))} if (parts := self._declared.feedback_parts) > 1 else {}),
            "key": In(RandomKey()),
            "rate": In(BlockRate()),
            "host_address": In(range(max(readout.rows, readout.classes))),
            "host_weights": Out(self.row_layout),
            "host_answer": Out(signed(ANSWER_BITS)),
            "host_w_en": In(1),
            "host_w_data": In(self.row_layout),
            "idle": Out(1),
            "operations": Out(classes),
            "multiplies": Out(classes),
            "windows_learned": Out(1),
            "windows_skipped": Out(1),
            "counts": Out(StoredCounts(self._declared.walk.classes_per_cycle)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._tokens, self._pool_idle = self._pooled(m)
        m.submodules.weights = weights = declared_memory(self._declared.weights)
        self._read, self._write = weights.read_port(), weights.write_port()
        # A register that a memory has of its own, before a row is chosen from or added.
        self._fetched = Signal(self.row_layout, name="fetched", reset_less=True)
        m.d.sync += self._fetched.eq(self._read.data)
        m.d.comb += [
            self.host_weights.eq(self._fetched),
            self._read.addr.eq(Mux(self._tokens.valid, self._tokens.p.value, self.host_address)),
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

    def _pooled(self, m: Module) -> tuple[stream.Interface, Value]:
        """Tokens whose events have the index of a row, and whether none is on its way to that."""
        pool, classes = self.readout.pool, self.readout.classes
        if pool is None:
            return self.i, Const(1)
        m.submodules.pool = squares = PoolFilter(pool, classes)
        wiring.connect(m, wiring.flipped(self.i), squares.i)
        if pool.kind == "sum":
            return squares.o, squares.idle
        m.submodules.seen = first = SeenFilter(pool.outputs, classes)
        wiring.connect(m, squares.o, first.i)
        return first.o, squares.idle & first.idle

    def _add(self, m: Module) -> None:
        """One row of weights for each event."""
        readout = self.readout
        coming, self._adding = Signal(), Signal()       # a row has been addressed and will be added
        self._adds = adds = Signal()
        m.d.comb += [
            adds.eq(self._tokens.valid & self._tokens.ready & (self._tokens.p.kind == TokenKind.EVENT)),
            self.operations.eq(Mux(adds, readout.classes, 0)),
        ]
        adding = Signal(name="adding")
        m.d.sync += [coming.eq(adds), adding.eq(coming)]
        m.d.comb += self._adding.eq(coming | adding)

        leaky = readout.leak_shift is not None
        made = ((LevelErrors if leaky else TakeOver) if self.learns else LevelSums if leaky else SampleSums)
        sums = self._sums = made(self.block, self._max_steps)
        m.submodules.sums = sums
        m.d.comb += sums.adds.eq(adding)
        if readout.answer == "last":
            self._restart(m)
        m.d.comb += [weight.eq(self._weight(c)) for c, weight in enumerate(sums.row)]

    def _restart(self, m: Module) -> None:
        """Answers of the last window alone begin anew with the first token of each."""
        self._window_over, token = Signal(), self._tokens
        takes = token.valid & token.ready
        m.d.comb += self._sums.restarts.eq(
            takes & self._window_over & ((token.p.kind == TokenKind.EVENT) | (token.p.kind == TokenKind.STEP)))
        with m.If(takes):
            m.d.sync += self._window_over.eq(0)

    def _weight(self, c: int) -> Value:
        """What the forward pass reads of class c in the row fetched."""
        readout, stored = self.readout, self._fetched[c]
        if readout.signs:
            return Mux(stored < 0 if readout.learned else stored, Const(-1, signed(2)), Const(1, signed(2)))
        return stored >> readout.shadow_bits

    def _control(self, m: Module) -> None:
        """What each token does: sample starts, steps that sums are taken over after, windows, results."""
        block, readout = self.block, self.readout
        self._learn, self._label = Signal(), Signal(range(readout.classes))
        self._tells, self._of_steps = Signal(), Signal()    # answers are told on the way; labels come with the steps
        self._known = Signal()                          # the window has a label
        self._position = Signal(range(block.window))
        self._windows = Signal(range(block.update_interval))
        self._last = Signal()
        self._class = Signal(range(readout.classes + 1))
        self._in_loss = Signal()
        self._learns_from = Signal()                    # the window, if it ended with this step
        self._forget, self._backward_idle = Signal(), Signal(init=1)
        m.d.comb += [
            self._in_loss.eq(self._position >= block.window - block.loss_steps),
            self._learns_from.eq(self._learn & (self._windows == block.update_interval - 1) & self._in_loss),
        ]
        # One reading of an answer serves the search for the largest, the result and the host, a cycle later.
        runs = Signal()                                 # no class is wanted but by the host
        host_class = Signal.like(self.host_address)     # so that what reads a sum is near
        m.d.sync += host_class.eq(self.host_address)
        m.d.comb += self._sums.number.eq(Mux(runs, host_class, self._class))
        self._ended = Signal()                          # a window; else loss steps begin
        if self.learns:
            m.d.comb += [self._sums.label.eq(self._label), self._sums.in_loss.eq(self._in_loss)]
            if readout.leak_shift is None:
                # The walk comes to the first row's last class when its error is there.
                m.d.comb += self._sums.early.eq(self._learns_from & self._known)
        self._waits = Signal()                          # the window was handed on and is not dealt with
        with m.If(self.window_done):
            m.d.sync += self._waits.eq(0)
        with m.FSM() as fsm:
            with m.State("RUN"):
                self._take_token(m)
            if self.learns:
                self._take_states(m)
            self._window_state(m)
            self._tell_state(m)
            m.d.comb += self.host_answer.eq(
                add_result_states(m, readout.classes, Mux(self._last, Packet.RESULT, Packet.SO_FAR), self._sums.answer,
                                  self._class, self.result))
        m.d.comb += [runs.eq(fsm.ongoing("RUN")), self.labelled.eq(self._known)]
        idle = fsm.ongoing("RUN") & ~self._tokens.valid & ~self._adding & self._backward_idle
        m.d.comb += self.idle.eq(idle if self.readout.pool is None else idle & self._pool_idle)

    def _take_token(self, m: Module) -> None:
        block, token = self.block, self._tokens.p
        label_bits = index_bits(self.readout.classes)
        window_ends, loss_begins = Signal(), Signal()
        m.d.comb += [
            window_ends.eq((self._position == block.window - 1) | token.last),
            loss_begins.eq(self._position == block.window - block.loss_steps - 1),
            # What closes a step waits for the row that is still being added.
            self._tokens.ready.eq(((token.kind == TokenKind.EVENT) | ~self._adding) & self._backward_idle),
        ]
        with m.If(self._tokens.valid & self._tokens.ready):
            with m.Switch(token.kind):
                with m.Case(TokenKind.START):
                    m.d.comb += (self._sums.begins if self.learns else self._sums.clear).eq(1)
                    m.d.sync += [
                        self._label.eq(token.value[:label_bits]),
                        self._learn.eq(token.value[label_bits] & ~self.rate.off if self.learns else 0),
                        self._of_steps.eq(token.value[label_bits + 1]),
                        self._known.eq(~token.value[label_bits + 1]),
                        self._tells.eq(token.value[label_bits + 2] if self._may_tell else 0),
                        self._position.eq(0),
                        self._windows.eq(0),
                    ]
                with m.Case(TokenKind.STEP):
                    if self.readout.leak_shift is not None:
                        m.d.comb += self._sums.step_ends.eq(1)
                    m.d.sync += [self._last.eq(token.last), self._ended.eq(window_ends), self._class.eq(0)]
                    with m.If(token.value[label_bits]):
                        m.d.sync += [self._label.eq(token.value[:label_bits]), self._known.eq(1)]
                    # Levels are not taken over where loss steps begin: each is read as its step ends.
                    with m.If(window_ends | (loss_begins if self.learns and self.readout.leak_shift is None else 0)):
                        if self.learns:
                            m.d.comb += self._sums.start.eq(1)
                        m.next = "TAKE" if self.learns else "WINDOW"
                    with m.Elif(loss_begins & self._tells):
                        m.next = "TELL"
                    with m.Else():
                        m.d.sync += self._position.eq(self._position + 1)
                with m.Case(TokenKind.ABORT):
                    m.d.comb += self._forget.eq(1)

    def _take_states(self, m: Module) -> None:
        """Sums are taken over; then, unless all errors are 0, the backward pass starts; and learning is waited for."""
        with m.State("TAKE"):
            with m.If(self._sums.done):
                with m.If(~self._ended & self._tells):
                    m.next = "TELL"
                with m.Elif(~self._ended):
                    m.d.sync += self._position.eq(self._position + 1)
                    m.next = "RUN"
                with m.Elif(~self._learns_from):
                    if self.readout.leak_shift is not None:     # it has counted before the loss steps too
                        m.d.comb += self._forget.eq(1)
                    m.next = "WINDOW"
                with m.Else():
                    m.d.sync += self._waits.eq(1)
                    m.next = "WAIT"
                    with m.If(self._sums.learnable & self._known):
                        m.d.comb += [self.learn.eq(1), self.windows_learned.eq(1)]
                    with m.Else():
                        m.d.comb += [self.skip.eq(1), self._forget.eq(1), self.windows_skipped.eq(self._known)]
        with m.State("WAIT"):
            with m.If(~self._waits & self._backward_idle):
                m.next = "WINDOW"

    def _window_state(self, m: Module) -> None:
        interval = self.block.update_interval
        with m.State("WINDOW"):
            if self.readout.answer == "last":
                m.d.sync += self._window_over.eq(1)
            m.d.sync += [
                self._position.eq(0),
                self._windows.eq(Mux(self._windows == interval - 1, 0, self._windows + 1)),
                self._class.eq(0),
            ]
            with m.If(self._of_steps):
                m.d.sync += self._known.eq(0)
            with m.If(self._last | self._tells):
                m.next = "ANSWER"
            with m.Else():
                m.next = "RUN"

    def _tell_state(self, m: Module) -> None:
        """The answers are told where loss steps begin, a cycle after sums were taken over."""
        with m.State("TELL"):
            m.d.sync += self._position.eq(self._position + 1)
            m.next = "ANSWER"

    def _connect_backward(self, m: Module) -> None:
        m.submodules.backward = backward = self._backward
        m.d.comb += [
            backward.start.eq(self.learn),
            self._backward_idle.eq(backward.idle),
            backward.error_en.eq(self._sums.error_en),
            backward.error.eq(self._sums.error),
            backward.fetched.eq(self._fetched),
            backward.rate.eq(self.rate.shift),
            self.multiplies.eq(backward.multiplies),
            self.feedback_groups.eq(backward.feedback_groups),
        ]
        if self._declared.feedback_parts > 1:
            m.d.comb += self.feedback_parts.eq(backward.feedback_parts)
        if self._declared.by_position:
            m.d.comb += [self._sums.position.eq(self._position), backward.read_at.eq(self._sums.read_at)]
        for outside, inside in ((self.key, backward.key), (self.feedback_reader, backward.feedback_reader),
                                (self.counts, backward.counts)):
            wiring.connect(m, wiring.flipped(outside), inside)
        if self._declared.passes_over:
            wiring.connect(m, wiring.flipped(self.gated_reader), backward.gated_reader)
        if self.readout.learned:
            counted = Signal()                          # spikes were, since all counts were 0
            counts = self._learns_from
            if self.readout.leak_shift is not None:
                # Levels carry what came before the loss steps into them.
                counts = self._learn & (self._windows == self.block.update_interval - 1)
                m.d.comb += backward.position.eq(self._position)
                if not self._declared.by_position:
                    m.d.comb += [backward.ends.eq(self._sums.start), self._sums.settled.eq(backward.settled)]
            # A cycle later, for what decides that a token is taken is far away; what closes a step waits for it.
            m.d.sync += [backward.fired.eq(self._adds & counts), backward.fired_row.eq(self._tokens.p.value)]
            m.d.comb += backward.clear.eq(self._forget & counted)
            with m.If(backward.fired):
                m.d.sync += counted.eq(1)
            with m.Elif(self.learn | self._forget):
                m.d.sync += counted.eq(0)
        with m.If(backward.reading):
            m.d.comb += self._read.addr.eq(backward.row)
