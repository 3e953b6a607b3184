"""Forward engine: events and weights to membranes and spikes."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .addresses import WeightAddress
from .contract.arithmetic import current_max, index_bits, signed_bits
from .contract.block import BlockSpec
from .contract.engines.forward import Forward
from .contract.plan import plan_of
from .event_list import step_layout
from .memories import declared_memory
from .neuron import charge, fire
from .token import TokenKind

__all__ = ["ForwardEngine", "gate_layout", "group_layout", "window_end_layout"]


def group_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of what leaves the engine: a START, the spikes of a group of lanes (a STEP), or an ABORT.

    ``last_group`` closes the step, ``last`` the sample. ``payload`` is the spikes, or a START's value.
    """
    start_bits = step_layout(block.inputs, block.readout.classes)["value"].shape
    return data.StructLayout({
        "kind": TokenKind,
        "last_group": 1,
        "last": 1,
        "payload": max(block.directives.lanes, Shape.cast(start_bits).width),
    })


def gate_layout(block: BlockSpec) -> data.ArrayLayout:
    """Layout of a group's gates and spikes in one step, lane by lane."""
    (layer,) = block.layers
    return data.ArrayLayout(data.StructLayout({"spike": 1, "gate": layer.surrogate.gate_bits}), block.directives.lanes)


def window_end_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a window's end: its ``steps``, and whether what was recorded is only to be ``discarded``."""
    return data.StructLayout({"steps": range(block.window + 1), "discard": 1})


class ForwardEngine(wiring.Component):
    """Computes the steps of one layer, ``lanes`` neurons at a time.

    Groups of lanes outside, the step's events inside: currents stay in registers, a weight word is read every cycle,
    membranes are read and written once a step. Groups and steps follow each other without a pause; with fewer than
    four groups a step waits until its membranes are written. A step takes ``groups * max(1, bias + events) +
    max(0, 4 - groups)`` cycles.

    Computes :mod:`sim.reference.forward` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A block of one layer.

    Members
    -------
    step : In(stream of step_layout)
        What to do next; taken when its last weight has been addressed.
    r_bank, r_position, r_index, clear_en, clear_bank, clear_index, release
        The event list's reading side.
    address, weights : Out, In
        A row's address in the weight memory, and its stored weights one cycle later.
    o : Out(stream of group_layout)
        Spikes. Must be taken whenever ``room`` was promised.
    room : In(1)
        ``o`` will take everything of one more step.
    touch_en, touch_row, touch_position : Out
        This input is active at this position of a window that is recorded.
    gate_en, gate_first, gates : Out
        A group's gates and spikes, for a window that is recorded; ``gate_first`` is the window's first group.
    window_end : Out(stream of window_end_layout)
        A recorded window is over, and all of it is written.
    window_done : In(1)
        It was dealt with: the next step may start.
    host_address, host_membranes, host_spikes : In, Out, Out
        Reading side for the host, while idle.
    idle : Out(1)
        Nothing is inside.
    synaptic_operations, bias_reads, membrane_saturations, active, stalled : Out
        Increments of the counters.
    """

    LATENCY = 5     # cycles from taking a step to the spikes of its last group

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        plan = plan_of(block)
        (self.plan,), (self._memories,) = plan.layers, Forward(plan).of_layers
        self.layer = layer = self.plan.layer
        self.lanes, self.groups = lanes, _ = plan.lanes, self.plan.words
        self.gate_layout = gate_layout(block)
        super().__init__({
            "step": In(stream.Signature(step_layout(layer.inputs, block.readout.classes))),
            "r_bank": Out(1),
            "r_position": Out(range(layer.inputs)),
            "r_index": In(range(layer.inputs)),
            "clear_en": Out(1),
            "clear_bank": Out(1),
            "clear_index": Out(range(layer.inputs)),
            "release": Out(2),
            "address": Out(index_bits(self.plan.weight_words)),
            "weights": In(data.ArrayLayout(signed(layer.weights.stored_bits), lanes)),
            "o": Out(stream.Signature(group_layout(block))),
            "room": In(1),
            "touch_en": Out(1),
            "touch_row": Out(range(layer.inputs)),
            "touch_position": Out(range(block.window)),
            "gate_en": Out(1),
            "gate_first": Out(1),
            "gates": Out(self.gate_layout),
            "window_end": Out(stream.Signature(window_end_layout(block))),
            "window_done": In(1),
            "host_address": In(index_bits(self.groups)),
            "host_membranes": Out(lanes * layer.neuron.membrane_bits),
            "host_spikes": Out(lanes),
            "idle": Out(1),
            "synaptic_operations": Out(index_bits(lanes + 1)),
            "bias_reads": Out(index_bits(lanes + 1)),
            "membrane_saturations": Out(index_bits(lanes + 1)),
            "active": Out(1),
            "stalled": Out(1),
        })

    def _entry_layout(self) -> data.StructLayout:
        """What travels down the pipeline with each weight address."""
        return data.StructLayout({
            "valid": 1,
            "discard": 1,           # an aborted step: take the event off the list and nothing else
            "event": 1,
            "bias": 1,
            "first": 1,             # of its group
            "last": 1,
            "group": index_bits(self.groups),
            "group_last": 1,
            "position": range(self.block.window),
            "first_step": 1,
            "sample_last": 1,
            "record": 1,
            "bank": 1,
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        issued = self._control(m)
        entries = [issued]
        for stage in range(1, 5):
            entry = Signal(self._entry_layout(), name=f"stage{stage}")
            m.d.sync += entry.eq(entries[-1])
            entries.append(entry)
        m.d.comb += self.pipeline_empty.eq(
            ~Cat(entry.valid for entry in entries[1:]).any() & ~self.writing)
        self._address(m, entries[0], entries[1])
        self._datapath(m, entries)
        return m

    # What the engine does next: sequences of pipeline entries, starts, aborts and window ends.

    def _control(self, m: Module) -> Signal:
        layer, block = self.layer, self.block
        self.pipeline_empty = Signal()
        self.writing = Signal()                         # the stage behind the pipeline's last is writing
        learn, first_step, record = Signal(), Signal(), Signal()
        position = Signal(range(block.window))
        windows = Signal(range(block.update_interval))  # of the sample, modulo the update interval
        group, entry = Signal(range(self.groups)), Signal(range(layer.rows + 1))
        # A group's membrane is read two cycles after its first address at the earliest and written LATENCY after.
        least = Forward.LEAST_WORDS
        gap = Signal(range(max(2, least - self.groups + 1)))
        window_over = Signal()                          # of a recorded window: no step before it is dealt with
        window_busy = Signal()

        step = self.step
        issued = Signal(self._entry_layout())
        is_step, is_abort = Signal(), Signal()
        begins, go, entry_last, group_last, step_done = Signal(), Signal(), Signal(), Signal(), Signal()
        blocked = Signal()
        m.d.comb += [
            is_step.eq(step.valid & (step.p.kind == TokenKind.STEP)),
            is_abort.eq(step.valid & (step.p.kind == TokenKind.ABORT)),
            begins.eq((group == 0) & (entry == 0)),
            blocked.eq(~self.room | (gap != 0) | window_over | window_busy),
            go.eq(is_step & ~(begins & blocked)),
            self.active.eq(go | ~self.pipeline_empty),
            self.stalled.eq(is_step & begins & blocked),
            entry_last.eq(entry + 1 >= step.p.count + layer.weights.bias),
            group_last.eq(group == self.groups - 1),
            step_done.eq(go & entry_last & group_last),
            self.r_bank.eq(step.p.bank),
            self.r_position.eq(entry - layer.weights.bias),
            issued.valid.eq(go),
            issued.bias.eq((entry == 0) if layer.weights.bias else 0),
            issued.event.eq((entry >= layer.weights.bias) & (entry < step.p.count + layer.weights.bias)),
            issued.first.eq(entry == 0),
            issued.last.eq(entry_last),
            issued.group.eq(group),
            issued.group_last.eq(group_last),
            issued.position.eq(position),
            issued.first_step.eq(first_step),
            issued.sample_last.eq(step.p.last),
            issued.record.eq(record),
            issued.bank.eq(step.p.bank),
        ]
        with m.If(gap != 0):
            m.d.sync += gap.eq(gap - 1)
        with m.If(go):
            m.d.sync += entry.eq(Mux(entry_last, 0, entry + 1))
            with m.If(entry_last):
                m.d.sync += group.eq(Mux(group_last, 0, group + 1))

        window_last = Signal()
        m.d.comb += window_last.eq((position == block.window - 1) | step.p.last)
        next_windows = Mux(windows == block.update_interval - 1, 0, windows + 1)
        with m.If(step_done):
            m.d.sync += [
                first_step.eq(0),
                gap.eq(max(0, least - self.groups)),
                position.eq(Mux(window_last, 0, position + 1)),
            ]
            with m.If(window_last):
                m.d.sync += [
                    windows.eq(next_windows),
                    record.eq(learn & (next_windows == block.update_interval - 1)),
                    window_over.eq(record),
                    self.window_end.p.steps.eq(position + 1),
                    self.window_end.p.discard.eq(position < block.window - block.loss_steps),
                ]

        # A recorded window is handed over once all of it is written, and comes back as done.
        m.d.comb += self.window_end.valid.eq(window_over & self.pipeline_empty)
        with m.If(self.window_end.valid & self.window_end.ready):
            m.d.sync += [window_over.eq(0), window_busy.eq(1)]
        with m.If(self.window_done):
            m.d.sync += window_busy.eq(0)

        # Starts and aborts wait until the steps before them have left.
        settled, push, discarded = Signal(), Signal(), Signal()
        m.d.comb += settled.eq(self.pipeline_empty & ~window_over & ~window_busy & self.room)
        with m.If(step.valid & (step.p.kind == TokenKind.START) & settled):
            value = step.p.value
            begins_learning = value[index_bits(block.readout.classes)] if block.directives.learns else Const(0)
            m.d.comb += push.eq(1)
            m.d.sync += [
                learn.eq(begins_learning),
                first_step.eq(1),
                position.eq(0),
                windows.eq(0),
                record.eq(begins_learning & (block.update_interval == 1)),
            ]
        with m.If(is_abort & ~discarded):
            with m.If(entry != step.p.count):
                m.d.comb += [
                    issued.valid.eq(1),
                    issued.discard.eq(1),
                    issued.event.eq(1),
                    self.r_position.eq(entry),
                ]
                m.d.sync += entry.eq(entry + 1)
            with m.Elif(settled):
                m.d.sync += [discarded.eq(1), entry.eq(0)]
                with m.If(record & (position != 0)):
                    m.d.sync += [
                        window_over.eq(1),
                        self.window_end.p.steps.eq(position),
                        self.window_end.p.discard.eq(1),
                    ]
        with m.If(is_abort & discarded & settled):
            m.d.comb += [push.eq(1), self.release.eq(1 << step.p.bank)]
            m.d.sync += discarded.eq(0)

        m.d.comb += [
            step.ready.eq(step_done | push),
            self.idle.eq(~step.valid & self.pipeline_empty & ~window_over & ~window_busy),
        ]
        self._push = push
        return issued

    def _address(self, m: Module, issued: Signal, entry: Signal) -> None:
        """Stage 1: the event's index has come; address its row, and mark it in the window."""
        layer = self.layer
        m.submodules.walk = walk = WeightAddress(layer.rows, self.groups)
        begins = Signal()
        m.d.comb += [
            begins.eq(issued.valid & issued.first),
            walk.restart.eq(begins & (issued.group == 0)),
            walk.advance.eq(begins),
            walk.row.eq(Mux(entry.bias, layer.inputs, self.r_index)),
            self.address.eq(walk.address),
        ]
        marks = Signal()
        m.d.comb += [
            marks.eq(entry.valid & entry.event & (entry.group == 0)),
            self.clear_en.eq(marks),
            self.clear_bank.eq(entry.bank),
            self.clear_index.eq(self.r_index),
            self.touch_en.eq(marks & entry.record & ~entry.discard),
            self.touch_row.eq(self.r_index),
            self.touch_position.eq(entry.position),
        ]
        with m.If(entry.valid & ~entry.discard & entry.last & entry.group_last):
            m.d.comb += self.release.eq(1 << entry.bank)

    def _datapath(self, m: Module, entries: list[Signal]) -> None:
        layer, lanes = self.layer, self.lanes
        last_lanes = self.plan.last_lanes

        def lanes_in(entry: Signal) -> Value:
            """Lanes of the entry's group that are neurons and not padding."""
            return Mux(entry.group_last, last_lanes, lanes)

        m.submodules.membranes = membranes = declared_memory(self._memories.membranes)
        m.submodules.spikes = spikes = declared_memory(self._memories.spikes)
        read, write = membranes.read_port(), membranes.write_port()
        spikes_read, spikes_write = spikes.read_port(), spikes.write_port()
        m.d.comb += [
            read.addr.eq(Mux(self.idle, self.host_address, entries[2].group)),
            spikes_read.addr.eq(self.host_address),
            self.host_membranes.eq(read.data),
            self.host_spikes.eq(spikes_read.data),
        ]

        # Stage 2: the weights have come; sum them.
        summed, summing = entries[3], entries[2]
        works = Signal()
        m.d.comb += [
            works.eq(summing.valid & ~summing.discard),
            self.synaptic_operations.eq(Mux(works & summing.event, lanes_in(summing), 0)),
            self.bias_reads.eq(Mux(works & summing.bias, lanes_in(summing), 0)),
        ]
        currents = []
        for lane in range(lanes):
            current = Signal(signed(signed_bits(current_max(layer))), name=f"current{lane}")
            weight = self.weights[lane] >> layer.weights.shadow_bits
            with m.If(works & (summing.event | summing.bias)):
                m.d.sync += current.eq(Mux(summing.first, 0, current) + weight)
            with m.Elif(works):
                m.d.sync += current.eq(0)           # a step without a single row
            currents.append(current)

        # Stage 3: charge.   Stage 4: saturate, fire, reset.   Behind it: write.
        old = data.View(data.ArrayLayout(signed(layer.neuron.membrane_bits), lanes), read.data)
        fires = entries[4]
        fired, after_reset, gated, saturated = [], [], [], []
        for lane in range(lanes):
            membrane = Mux(summed.first_step, 0, old[lane])
            exact = charge(m, layer, membrane, currents[lane], f"exact{lane}")
            held_exact = Signal.like(exact, name=f"held_exact{lane}")
            m.d.sync += held_exact.eq(exact)
            over, spike, after, gate = fire(m, layer, held_exact, f"lane{lane}")
            is_neuron = ~fires.group_last | (lane < last_lanes)
            fired.append(spike & is_neuron)
            after_reset.append(after)
            gated.append(gate)
            saturated.append(over & is_neuron)

        done = Signal()
        m.d.comb += done.eq(fires.valid & fires.last & ~fires.discard)
        count = Signal.like(self.membrane_saturations)
        group = Signal.like(fires.group)
        gate_en, pushes = Signal(), Signal()
        m.d.sync += [
            pushes.eq(done),
            gate_en.eq(done & fires.record),
            self.gate_first.eq((fires.position == 0) & (fires.group == 0)),
            self.o.p.last_group.eq(fires.group_last),
            self.o.p.last.eq(fires.sample_last),
            self.o.p.kind.eq(TokenKind.STEP),
            self.o.p.payload.eq(Cat(fired)),
            write.data.eq(Cat(after_reset)),
            spikes_write.data.eq(Cat(fired)),
            group.eq(fires.group),
            count.eq(Mux(done, sum(saturated), 0)),
        ]
        for lane in range(lanes):
            m.d.sync += [self.gates[lane].gate.eq(gated[lane]), self.gates[lane].spike.eq(fired[lane])]
        with m.If(self._push):
            m.d.sync += [
                pushes.eq(1),
                self.o.p.kind.eq(self.step.p.kind),
                self.o.p.payload.eq(self.step.p.value),
            ]
        writes = Signal()
        m.d.sync += writes.eq(done)
        m.d.comb += [
            self.writing.eq(pushes),
            self.o.valid.eq(pushes),
            self.gate_en.eq(gate_en),
            self.membrane_saturations.eq(count),
            write.addr.eq(group),
            write.en.eq(writes),
            spikes_write.addr.eq(group),
            spikes_write.en.eq(writes),
        ]
