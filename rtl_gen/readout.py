"""Readout: spikes to logits and the answer; errors to feedback; and its own weights' update."""

from amaranth.hdl import *
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from .arithmetic import (
    ERROR_BITS,
    ERROR_MAX,
    WORD_BITS,
    answer_max,
    feedback_max,
    index_bits,
    readout_delta_max,
    readout_weight_max,
    signed_bits,
)
from .errors import class_error
from .memory_map import ANSWER_BITS
from .packet import packet_layout
from .protocol import KIND_SHIFT, Packet
from .rounding import RandomWord, StoredUpdate
from .spec import NetworkSpec
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
    gate_position, gate_group, gates : Out, Out, In
        Gates and spikes of a group at a position, one cycle later; used before ``learn``.
    feedback_group, feedback : In, Out
        A group's feedback, one cycle later.
    seed, window_number : In(32)
        Of the random words.
    host_address, host_weights, host_w_en, host_w_data : In, Out, In, In
        The host's access to the weights, while idle.
    answers : Out
        The answer's logits.
    idle : Out(1)
        Nothing is inside.
    operations, multiplies, windows_learned, windows_skipped, updates, written, underflows, saturations : Out
        Increments of the counters.
    """

    def __init__(self, spec: NetworkSpec, index: int, gate_layout: data.ArrayLayout) -> None:
        self.block = block = spec.blocks[index]
        self.readout = readout = block.readout
        self.layer_number = spec.layer_number(index, block.depth)
        self.lanes = lanes = block.directives.lanes
        self.groups = groups = -(-readout.inputs // lanes)
        self.learns = block.directives.learning
        self.updates_itself = self.learns and readout.learned
        self.answer_bits = signed_bits(answer_max(readout, spec.max_steps))
        self.feedback_bits = signed_bits(feedback_max(block, block.depth - 1))
        self.word_layout = data.ArrayLayout(
            signed(readout.stored_bits) if readout.learned else unsigned(1), readout.classes)
        classes = index_bits(readout.classes + 1)
        super().__init__({
            "i": In(stream.Signature(token_layout(readout.inputs, readout.classes))),
            "result": Out(stream.Signature(packet_layout())),
            "learn": Out(1),
            "skip": Out(1),
            "window_done": In(1),
            "gate_position": Out(range(block.window)),
            "gate_group": Out(range(groups)),
            "gates": In(gate_layout),
            "feedback_group": In(range(groups)),
            "feedback": Out(data.ArrayLayout(signed(self.feedback_bits), lanes)),
            "seed": In(32),
            "window_number": In(32),
            "host_address": In(range(readout.inputs)),
            "host_weights": Out(self.word_layout),
            "host_w_en": In(1),
            "host_w_data": In(self.word_layout),
            "answers": Out(data.ArrayLayout(signed(ANSWER_BITS), readout.classes)),
            "idle": Out(1),
            "operations": Out(classes),
            "multiplies": Out(classes),
            "windows_learned": Out(1),
            "windows_skipped": Out(1),
            "updates": Out(classes),
            "written": Out(classes),
            "underflows": Out(classes),
            "saturations": Out(classes),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        readout = self.readout
        m.submodules.weights = weights = memory.Memory(
            shape=self.word_layout.size, depth=readout.inputs, init=[])
        self._read, self._write = weights.read_port(), weights.write_port()
        self._row = Signal(range(readout.inputs))       # the row a backward pass reads in this cycle
        self._backward = Signal()
        self._errors = [Signal(signed(ERROR_BITS), name=f"error{c}") for c in range(readout.classes)]
        self._fetched = data.View(self.word_layout, self._read.data)
        m.d.comb += self.host_weights.eq(self._read.data)

        own_en, own_row, own_data = Signal(), Signal(range(readout.inputs)), Signal(self.word_layout)
        self._sum(m)
        self._control(m)
        if self.learns:
            stages = self._backward_pass(m)
            self._collect_feedback(m, stages)
            if self.updates_itself:
                self._update(m, stages, own_en, own_row, own_data)
        m.d.comb += [
            self._write.addr.eq(Mux(own_en, own_row, self.host_address)),
            self._write.data.eq(Mux(own_en, own_data, self.host_w_data)),
            self._write.en.eq(own_en | self.host_w_en),
        ]
        return m

    def _sum(self, m: Module) -> None:
        """Logits and answers: one row of weights for each event."""
        self._adding = Signal()                         # a row has been addressed and will be added
        self._clear_answers, self._clear_logits = Signal(), Signal()
        self._in_loss = Signal()
        self._logits, self._answers = [], []
        adds = Signal()
        m.d.comb += adds.eq(self.i.valid & self.i.ready & (self.i.p.kind == TokenKind.EVENT))
        m.d.sync += self._adding.eq(adds)
        m.d.comb += [
            self._read.addr.eq(Mux(self._backward, self._row, Mux(self.idle, self.host_address, self.i.p.value))),
            self.operations.eq(Mux(adds, self.readout.classes, 0)),
        ]
        for c in range(self.readout.classes):
            logit = Signal(signed(self.answer_bits), name=f"logit{c}")
            answer = Signal(signed(self.answer_bits), name=f"answer{c}")
            weight = self._weight(c)
            with m.If(self._clear_answers):
                m.d.sync += answer.eq(0)
            with m.Elif(self._adding):
                m.d.sync += answer.eq(answer + weight)
            with m.If(self._clear_logits):
                m.d.sync += logit.eq(0)
            with m.Elif(self._adding & self._in_loss):
                m.d.sync += logit.eq(logit + weight)
            m.d.comb += self.answers[c].eq(answer)
            self._logits.append(logit)
            self._answers.append(answer)

    def _weight(self, c: int) -> Value:
        """What the forward pass reads of class c in the row fetched."""
        if self.readout.learned:
            return self._fetched[c] >> self.readout.shadow_bits
        return Mux(self._fetched[c], Const(-1, signed(2)), Const(1, signed(2)))

    def _control(self, m: Module) -> None:
        """What each token does: sample starts, windows, errors, results."""
        block, readout = self.block, self.readout
        learn, label = Signal(), Signal(range(readout.classes))
        position = Signal(range(block.window))
        windows = Signal(range(block.update_interval))
        last, learns_from = Signal(), Signal()
        c = Signal(range(readout.classes + 1))
        best, best_answer = Signal(range(readout.classes)), Signal(signed(self.answer_bits))
        any_error = Signal()
        self._backward_done, self._start_backward = Signal(), Signal()
        self._position = position
        token = self.i.p
        label_bits = index_bits(readout.classes)
        window_ends = (position == block.window - 1) | token.last
        m.d.comb += [
            self._in_loss.eq(position >= block.window - block.loss_steps),
            learns_from.eq(learn & (windows == block.update_interval - 1) & self._in_loss),
        ]
        logit = Signal(signed(self.answer_bits))
        m.d.comb += logit.eq(Array(self._logits)[c])
        error = class_error(m, readout, logit, c == label)
        waits = Signal()                                # the window was handed on and is not dealt with
        with m.If(self.window_done):
            m.d.sync += waits.eq(0)

        with m.FSM() as fsm:
            with m.State("RUN"):
                # What closes a step waits for the row that is still being added.
                m.d.comb += self.i.ready.eq((token.kind == TokenKind.EVENT) | ~self._adding)
                with m.If(self.i.valid & self.i.ready):
                    with m.Switch(token.kind):
                        with m.Case(TokenKind.START):
                            m.d.comb += [self._clear_answers.eq(1), self._clear_logits.eq(1)]
                            m.d.sync += [
                                label.eq(token.value[:label_bits]),
                                learn.eq(token.value[label_bits] if self.learns else 0),
                                position.eq(0),
                                windows.eq(0),
                            ]
                        with m.Case(TokenKind.STEP):
                            m.d.sync += [last.eq(token.last), c.eq(0), any_error.eq(0)]
                            with m.If(window_ends & learns_from):
                                m.next = "ERRORS"
                            with m.Elif(window_ends):
                                m.next = "WINDOW"
                            with m.Else():
                                m.d.sync += position.eq(position + 1)
            with m.State("ERRORS"):
                m.d.sync += [c.eq(c + 1), any_error.eq(any_error | (error != 0))]
                for number, held in enumerate(self._errors):
                    with m.If(c == number):
                        m.d.sync += held.eq(error)
                with m.If(c == readout.classes - 1):
                    m.next = "DECIDE"
            with m.State("DECIDE"):
                m.d.sync += waits.eq(1)
                with m.If(any_error):
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
                with m.If(~waits):
                    m.next = "WINDOW"
            with m.State("WINDOW"):
                m.d.sync += [
                    position.eq(0),
                    windows.eq(Mux(windows == block.update_interval - 1, 0, windows + 1)),
                    c.eq(0),
                ]
                if readout.accumulate == "window":
                    m.d.comb += self._clear_logits.eq(1)
                with m.If(last):
                    m.next = "ANSWER"
                with m.Else():
                    m.next = "RUN"
            with m.State("ANSWER"):
                answer = Array(self._answers)[c]
                m.d.sync += c.eq(c + 1)
                with m.If((c == 0) | (answer > best_answer)):
                    m.d.sync += [best.eq(c), best_answer.eq(answer)]
                with m.If(c == readout.classes - 1):
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += [
                    self.result.valid.eq(1),
                    self.result.p.data.eq((Packet.RESULT << KIND_SHIFT) | best),
                ]
                m.d.sync += c.eq(0)
                with m.If(self.result.ready):
                    m.next = "RESULT"
            with m.State("RESULT"):
                m.d.comb += [
                    self.result.valid.eq(1),
                    self.result.p.data.eq(Array(self._answers)[c]),
                    self.result.p.last.eq(c == readout.classes - 1),
                ]
                with m.If(self.result.ready):
                    m.d.sync += c.eq(c + 1)
                    with m.If(self.result.p.last):
                        m.next = "RUN"
        m.d.comb += self.idle.eq(fsm.ongoing("RUN") & ~self.i.valid & ~self._adding)

    def _backward_pass(self, m: Module) -> list[Signal]:
        """Walk the rows, each once, for its neuron's feedback and its own update.

        Where the readout is learned, a group's spikes are counted before its rows are walked, a position per cycle.
        Returns the pipeline's stages, from the one in which the row's weights have come.
        """
        block, readout, lanes = self.block, self.readout, self.lanes
        row, group = Signal(range(readout.inputs)), Signal(range(self.groups))
        lane = Signal(range(lanes))
        fetching = Signal(range(block.window + 1))      # positions still to be read
        counts = [Signal(range(block.loss_steps + 1), name=f"count{n}") for n in range(lanes)]
        fetched, pipeline_empty = Signal(), Signal()
        walked = Signal(data.StructLayout({
            "valid": 1, "row": row.shape(), "lane": lane.shape(), "group": group.shape(), "count": counts[0].shape()}))
        m.d.comb += [
            self.gate_group.eq(group),
            self.gate_position.eq(fetching - 1),
            walked.row.eq(row),
            walked.lane.eq(lane),
            walked.group.eq(group),
            walked.count.eq(Array(counts)[lane]),
        ]
        m.d.sync += fetched.eq(0)
        with m.If(fetched):
            m.d.sync += [count.eq(count + gates.spike) for count, gates in zip(counts, self.gates, strict=True)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [row.eq(0), group.eq(0), lane.eq(0)]
                with m.If(self._start_backward):
                    m.next = "COUNT" if self.updates_itself else "WALK"
            with m.State("COUNT"):
                # The last position of the window that ended is still held.
                m.d.sync += [count.eq(0) for count in counts]
                m.d.sync += fetching.eq(self._position + 1)
                m.next = "FETCH"
            with m.State("FETCH"):
                # Positions of the loss window only.
                with m.If(fetching > block.window - block.loss_steps):
                    m.d.sync += [fetched.eq(1), fetching.eq(fetching - 1)]
                with m.Else():
                    m.next = "WALK"
            with m.State("WALK"):
                m.d.comb += walked.valid.eq(1)
                m.d.sync += [row.eq(row + 1), lane.eq(lane + 1)]
                with m.If(row == readout.inputs - 1):
                    m.next = "DRAIN"
                with m.Elif(lane == lanes - 1):
                    m.d.sync += [group.eq(group + 1), lane.eq(0)]
                    if self.updates_itself:
                        m.next = "COUNT"
            with m.State("DRAIN"):
                with m.If(pipeline_empty):
                    m.d.comb += self._backward_done.eq(1)
                    m.next = "IDLE"

        # The random word of a row takes longer than its weights.
        delay = RandomWord.LATENCY - 2 if self.updates_itself and readout.rounding == "stochastic" else 0
        stages = [walked]
        for stage in range(delay + 2 + StoredUpdate.LATENCY):
            held = Signal.like(walked, name=f"backward{stage}")
            m.d.sync += held.eq(stages[-1])
            stages.append(held)
        m.d.comb += [
            pipeline_empty.eq(~Cat(entry.valid for entry in stages[1:]).any()),
            self._backward.eq(stages[delay].valid),
            self._row.eq(stages[delay].row),
        ]
        self._walked_row = row
        return stages[delay + 1:]

    def _collect_feedback(self, m: Module, stages: list[Signal]) -> None:
        """Products, then their sum, then the lane's place in its group's word."""
        readout, lanes = self.readout, self.lanes
        products = []
        for c, error in enumerate(self._errors):
            product = Signal(signed(signed_bits(readout_weight_max(readout) * ERROR_MAX)), name=f"product{c}")
            if readout.learned:
                # Multiplied by shifting and adding, which takes no DSP slice; the top bit of an error is its sign.
                weight = self._weight(c)
                terms = [Mux(error[bit], weight << bit, 0) for bit in range(ERROR_BITS - 1)]
                exact = sum(terms) - Mux(error[ERROR_BITS - 1], weight << (ERROR_BITS - 1), 0)
            else:
                exact = Mux(self._fetched[c], -error, error)
            m.d.sync += product.eq(exact)
            products.append(product)
        m.d.comb += self.multiplies.eq(
            Mux(stages[0].valid & int(readout.learned), readout.classes, 0))
        feedback = Signal(signed(self.feedback_bits))
        m.d.sync += feedback.eq(sum(products))
        placed = stages[2]
        word = [Signal(signed(self.feedback_bits), name=f"feedback{n}") for n in range(lanes)]
        for n, value in enumerate(word):
            with m.If(placed.valid & (placed.lane == n)):
                m.d.sync += value.eq(feedback)
            with m.Elif(placed.valid & (placed.lane == 0)):
                m.d.sync += value.eq(0)             # so that padding lanes hold no feedback
        # Written lane by lane, so that the last write, of the group's last neuron, is the whole word.
        written = stages[3]
        m.submodules.feedback = buffer = memory.Memory(
            shape=lanes * self.feedback_bits, depth=self.groups, init=[], attrs={"ram_style": "distributed"})
        write, read = buffer.write_port(), buffer.read_port()
        m.d.comb += [
            write.addr.eq(written.group),
            write.data.eq(Cat(word)),
            write.en.eq(written.valid),
            read.addr.eq(self.feedback_group),
            self.feedback.eq(read.data),
        ]

    def _update(self, m: Module, stages: list[Signal], en: Signal, row: Signal, updated: data.View) -> None:
        """New weights of the rows walked, and the counts of what happened to them."""
        readout = self.readout
        word = Const(0, WORD_BITS)
        if readout.rounding == "stochastic":
            m.submodules.random = random = RandomWord(self.layer_number)
            m.d.comb += [random.seed.eq(self.seed), random.window_number.eq(self.window_number),
                         random.row.eq(self._walked_row)]
            word = random.word
        bound = readout_delta_max(self.block)
        read, done = stages[0], stages[1 + StoredUpdate.LATENCY]
        changed, underflowed, saturated, active = [], [], [], []
        for c, error in enumerate(self._errors):
            delta = Signal(signed(signed_bits(bound)), name=f"readout_delta{c}")
            stored = Signal(signed(readout.stored_bits), name=f"readout_stored{c}")
            m.d.sync += [
                delta.eq(sum(Mux(read.count[bit], error << bit, 0) for bit in range(len(read.count)))),
                stored.eq(self._fetched[c]),
            ]
            m.submodules[f"stored_update{c}"] = update = StoredUpdate(
                stored_bits=readout.stored_bits, delta_max=bound, rate_shift=readout.rate_shift,
                rounding=readout.rounding)
            m.d.comb += [update.stored.eq(stored), update.delta.eq(delta), update.word.eq(word),
                         updated[c].eq(update.updated)]
            changed.append(update.changed)
            underflowed.append(update.underflowed)
            saturated.append(update.saturated)
            active.append(error != 0)
        m.d.comb += [
            row.eq(done.row),
            en.eq(done.valid & (done.count != 0)),
            self.updates.eq(Mux(en, sum(active), 0)),
            self.written.eq(Mux(en, sum(changed), 0)),
            self.underflows.eq(Mux(en, sum(underflowed), 0)),
            self.saturations.eq(Mux(en, sum(saturated), 0)),
        ]
