"""Walk of the forward engine: which weights are read next, and what starts, aborts and ends of windows do."""

from amaranth.hdl import *
from amaranth.lib import wiring

from .addresses import WeightAddress
from .contract.arithmetic import index_bits
from .contract.engines.forward import Forward
from .contract.plan import plan_of
from .forward_layouts import entry_layout
from .token import TokenKind

__all__ = ["ForwardWalk"]


class ForwardWalk:
    """Sequence of a forward engine's pipeline entries, starts, aborts and window ends.

    It knows addresses and no arithmetic, and adds its statements to the engine's own module.

    Parameters
    ----------
    engine : Component
        The forward engine, whose ports are driven.

    Attributes
    ----------
    issued : Signal(entry_layout)
        The entry of this cycle, whose weights are addressed two cycles later.
    push : Signal
        A START or ABORT leaves the engine.
    pipeline_empty : Signal
        No entry is on its way; to be driven by the engine.
    """

    def __init__(self, engine: wiring.Component) -> None:
        self._engine = engine
        self._block, self._layer, self._groups = block, layer, groups = engine.block, engine.layer, engine.groups
        self.pipeline_empty = Signal()
        self.learn, self.first_step, self.record = Signal(), Signal(), Signal(name="record")
        self.position = Signal(range(block.window))
        self.windows = Signal(range(block.update_interval))     # of the sample, modulo the update interval
        self.group, self.entry = Signal(range(groups)), Signal(range(layer.rows + 1), name="entry")
        self._gap_steps = max(0, Forward(plan_of(block)).least_words - groups)
        self.gap = Signal(range(max(2, self._gap_steps + 1)))
        self.first = Signal(init=1)         # the group's first entry
        self.window_over = Signal()         # of a recorded window: no step before it is dealt with
        self.window_busy = Signal()
        self.issued = Signal(entry_layout(block))
        self._reads = block.directives.reads
        self.is_step, self.is_abort = Signal(), Signal(name="is_abort")
        self.go, self.entry_last, self.group_last, self.step_done = Signal(), Signal(), Signal(), Signal()
        self.settled, self.push, self.discarded = Signal(), Signal(), Signal(name="discarded")
        self.returning, self.returned = Signal(), Signal(name="returned")   # an aborted step's events, to the list

    def add_control(self, m: Module) -> None:
        """Add what decides, every cycle, what the engine does next."""
        engine = self._engine
        self._decide(m)
        self._issue(m)
        self._advance(m)
        self._close_steps(m)
        self._hand_windows_over(m)
        # Starts and aborts wait until the steps before them have left.
        m.d.comb += self.settled.eq(self.pipeline_empty & ~self.window_over & ~self.window_busy & engine.room)
        self._start_samples(m)
        self._abort_samples(m)
        m.d.comb += [
            engine.step.ready.eq(self.step_done | self.push),
            engine.idle.eq(~engine.step.valid & self.pipeline_empty & ~self.window_over & ~self.window_busy),
        ]

    def _decide(self, m: Module) -> None:
        """Whether the step that waits goes on in this cycle, and what of it ends."""
        engine, step, layer = self._engine, self._engine.step, self._layer
        begins, blocked = Signal(), Signal()
        # Whether an entry is the last is found in the cycle before it; of the first, whose step has just come, at once.
        rows, last = step.p.count + layer.weights.bias, Signal(name="last_of_many")
        m.d.sync += last.eq((self.entry + 2) * self._reads >= rows)
        m.d.comb += [
            self.is_step.eq(step.valid & (step.p.kind == TokenKind.STEP)),
            self.is_abort.eq(step.valid & (step.p.kind == TokenKind.ABORT)),
            begins.eq((self.group == 0) & self.first),
            blocked.eq(~engine.room | (self.gap != 0) | self.window_over | self.window_busy),
            self.go.eq(self.is_step & ~(begins & blocked)),
            self.returning.eq(self.is_abort & ~self.returned),
            engine.active.eq(self.go | ~self.pipeline_empty),
            engine.stalled.eq(self.is_step & begins & blocked),
            self.entry_last.eq(Mux(self.first, rows <= self._reads, last)),
            self.group_last.eq(self.group == self._groups - 1),
            self.step_done.eq(self.go & self.entry_last & self.group_last),
        ]

    def _issue(self, m: Module) -> None:
        """Read the event, and say what is done with its weights."""
        reader, step, layer = self._engine.reader, self._engine.step, self._layer
        entry, issued, first = self.entry, self.issued, self.entry * self._reads
        rows = step.p.count + layer.weights.bias
        m.d.comb += [
            reader.bank.eq(step.p.bank),
            # In a list of pairs the bias has a place of its own.
            reader.position.eq(entry - layer.weights.bias if self._reads == 1 else entry),
            issued.valid.eq(self.go),
            issued.bias.eq((entry == 0) if layer.weights.bias else 0),
            issued.event.eq((first >= layer.weights.bias) & (first < rows)),
            issued.second.eq((first + 1 < rows) if self._reads > 1 else 0),
            issued.first.eq(self.first),
            issued.last.eq(self.entry_last),
            issued.group.eq(self.group),
            issued.group_last.eq(self.group_last),
            issued.position.eq(self.position),
            issued.first_step.eq(self.first_step),
            issued.sample_last.eq(step.p.last),
            issued.label.eq(step.p.value),
            issued.record.eq(self.record),
            issued.bank.eq(step.p.bank),
        ]

    def _advance(self, m: Module) -> None:
        """From entry to entry, from group to group."""
        gap, entry, group = self.gap, self.entry, self.group
        with m.If(gap != 0):
            m.d.sync += gap.eq(gap - 1)
        with m.If(self.go | self.returning):
            m.d.sync += [entry.eq(Mux(self.entry_last, 0, entry + 1)), self.first.eq(self.entry_last)]
            with m.If(self.entry_last):
                last = self.group_last | (self.returning & (group == self._reads - 1))
                m.d.sync += group.eq(Mux(last, 0, group + 1))

    def _close_steps(self, m: Module) -> None:
        """From step to step, from window to window."""
        block, step, window_end = self._block, self._engine.step, self._engine.window_end
        position, windows = self.position, self.windows
        window_last = Signal()
        m.d.comb += window_last.eq((position == block.window - 1) | step.p.last)
        next_windows = Mux(windows == block.update_interval - 1, 0, windows + 1)
        with m.If(self.step_done):
            m.d.sync += [
                self.first_step.eq(0),
                self.gap.eq(self._gap_steps),
                position.eq(Mux(window_last, 0, position + 1)),
            ]
            with m.If(window_last):
                m.d.sync += [
                    windows.eq(next_windows),
                    self.record.eq(self.learn & (next_windows == block.update_interval - 1)),
                    self.window_over.eq(self.record),
                    window_end.p.steps.eq(position + 1),
                    window_end.p.discard.eq(position < block.window - block.loss_steps),
                ]

    def _hand_windows_over(self, m: Module) -> None:
        """A recorded window is handed over once all of it is written, and comes back as done."""
        window_end = self._engine.window_end
        m.d.comb += window_end.valid.eq(self.window_over & self.pipeline_empty)
        with m.If(window_end.valid & window_end.ready):
            m.d.sync += [self.window_over.eq(0), self.window_busy.eq(1)]
        with m.If(self._engine.window_done):
            m.d.sync += self.window_busy.eq(0)

    def _start_samples(self, m: Module) -> None:
        """A START sets everything of a sample back, and is passed on."""
        block, step = self._block, self._engine.step
        with m.If(step.valid & (step.p.kind == TokenKind.START) & self.settled):
            value = step.p.value
            begins_learning = Signal()
            if block.directives.learns:
                m.d.comb += begins_learning.eq(value[index_bits(block.readout.classes)] & ~self._engine.off)
            m.d.comb += self.push.eq(1)
            m.d.sync += [
                self.learn.eq(begins_learning),
                self.first_step.eq(1),
                self.position.eq(0),
                self.windows.eq(0),
                self.record.eq(begins_learning & (block.update_interval == 1)),
            ]

    def _abort_samples(self, m: Module) -> None:
        """An ABORT walks its events to give them back, ends the window as discarded, and is passed on."""
        engine, step, issued = self._engine, self._engine.step, self.issued
        with m.If(self.returning):
            m.d.comb += [issued.valid.eq(1), issued.discard.eq(1)]
            with m.If(self.entry_last & (self.group == self._reads - 1)):
                m.d.sync += self.returned.eq(1)
        with m.If(self.is_abort & self.returned & ~self.discarded & self.settled):
            m.d.sync += self.discarded.eq(1)
            with m.If(self.record & (self.position != 0)):
                m.d.sync += [
                    self.window_over.eq(1),
                    engine.window_end.p.steps.eq(self.position),
                    engine.window_end.p.discard.eq(1),
                ]
        with m.If(self.is_abort & self.discarded & self.settled):
            m.d.comb += [self.push.eq(1), engine.reader.release.eq(1 << step.p.bank)]
            m.d.sync += [self.returned.eq(0), self.discarded.eq(0)]

    def add_addresses(self, m: Module, behind: Signal, entry: Signal) -> None:
        """Add stage 2: the index of the ``entry`` has come; address its row, and mark it in the window.

        Of a pair the first is marked in the first group, and the second in the next: one of either in a cycle.
        """
        engine, layer, reader, recorder = self._engine, self._layer, self._engine.reader, self._engine.recorder
        row = Mux(entry.bias, layer.inputs, reader.index)
        marked, index = entry.event & (entry.group == 0), reader.index
        self._address(m, "walk", behind, engine.weight_reader, row)
        if not layer.weights.bias:
            # A step without a single row.
            m.d.comb += engine.blank[0].eq(entry.valid & ~entry.discard & ~entry.event)
        if self._reads > 1:
            marked |= entry.second & (entry.group == 1)
            index = Mux(entry.group == 0, reader.index, reader.second)
            self._address(m, "second_walk", behind, engine.second_reader, reader.second)
            m.d.comb += engine.blank[1].eq(~entry.second)
        marks = Signal()
        m.d.comb += [
            marks.eq(entry.valid & marked),
            reader.clear_en.eq(marks),
            reader.clear_bank.eq(entry.bank),
            reader.clear_index.eq(index),
            recorder.touch_en.eq(marks & entry.record & ~entry.discard),
            recorder.touch_row.eq(index),
            recorder.touch_position.eq(entry.position),
        ]
        with m.If(entry.valid & ~entry.discard & entry.last & entry.group_last):
            m.d.comb += reader.release.eq(1 << entry.bank)

    def _address(self, m: Module, name: str, behind: Signal, weights: wiring.FlippedInterface, row: Value) -> None:
        """The address of a row in the group of the entry before which, a stage ``behind``, another may begin one."""
        begins = behind.valid & behind.first
        m.submodules[name] = walk = WeightAddress(self._layer.rows, self._groups)
        m.d.comb += [
            walk.restart.eq(begins & (behind.group == 0)),
            walk.advance.eq(begins),
            walk.row.eq(row),
            weights.address.eq(walk.address),
        ]
