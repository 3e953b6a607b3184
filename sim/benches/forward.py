"""cocotb bench of :mod:`rtl_gen.forward`. The bench plays the event list, the weight memory and what is behind."""

import random

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from rtl_gen.contract.memory_map import weights_to_words
from rtl_gen.contract.plan import plan_of
from rtl_gen.event_list import step_layout
from rtl_gen.forward import ForwardEngine
from rtl_gen.forward_layouts import group_layout, window_end_layout
from rtl_gen.token import TokenKind

from ..bench import load_spec, start
from ..lanes import join, split
from ..reference.forward import Trace, forward
from ..reference.initial import random_network
from ..stream import StreamSink, StreamSource, unpack

START, EVENT, STEP, ABORT = (kind.value for kind in TokenKind)


class Surroundings:
    """Two banks of events, the weights, a buffer for the spikes, and a record of all that left the engine."""

    def __init__(self, dut, spec, rng, duty):
        self.dut, self.rng, self.duty = dut, rng, duty
        self.block = spec.blocks[0]
        (self.layer,) = self.block.layers
        (plan,) = plan_of(self.block).layers
        self.lanes, self.groups = plan.lanes, plan.words
        self.stored = random_network(spec, 7, density=0.3, gain=0.5).weights[0][0].copy()
        if self.layer.weights.bias:
            self.stored[-1] = np.random.default_rng(8).permutation(self.stored[0])
        self._put_at_the_bounds()
        self.words = [join(word, self.layer.weights.stored_bits)
                      for word in weights_to_words(spec, 0, 0, self.stored).tolist()]
        self.banks, self.busy, self.cleared = [[], []], [False, False], [[], []]
        self.pushed, self.touched, self.gated = [], [], []
        self.counters = dict.fromkeys(("synaptic_operations", "bias_reads", "membrane_saturations", "stalled"), 0)
        self.cycle, self.taken, self.pushed_at = 0, [], []
        self.waiting = 0                    # what the buffer behind holds
        self.updating = False
        dut.room.value = 1
        dut.o__ready.value = 1
        dut.window_done.value = dut.host_address.value = dut.reader__index.value = dut.weight_reader__weights.value = 0

    def _put_at_the_bounds(self):
        """Choose rows 0 and 1 so that a first step of these two events takes each neuron to a bound or next to it."""
        layer = self.layer
        width = layer.surrogate.width
        if layer.surrogate.shape == "triangle":
            width = layer.surrogate.height << layer.surrogate.width
        neuron = layer.neuron
        bounds = (neuron.threshold, neuron.threshold + width, neuron.threshold - width, neuron.membrane_max + 1,
                  neuron.membrane_min)
        targets = [bound + beside for beside in (0, -1, 1) for bound in bounds]
        high = (1 << (layer.weights.bits - 1)) - 1
        for neuron in range(layer.outputs):
            left = targets[neuron % len(targets)]
            if layer.weights.bias:
                left -= int(self.stored[-1, neuron]) >> layer.weights.shadow_bits
            for row in range(min(2, layer.inputs)):
                weight = min(max(left, -high - 1), high)
                left -= weight
                self.stored[row, neuron] = weight << layer.weights.shadow_bits

    async def run(self):
        dut = self.dut
        bank_of_one = self.layer.inputs == 1            # whose indices have no bits
        while True:
            await RisingEdge(dut.clk)
            self.cycle += 1
            bank = self.banks[int(dut.reader__bank.value)]
            position = 0 if bank_of_one else int(dut.reader__position.value)
            word = self.words[min(int(dut.weight_reader__address.value), len(self.words) - 1)]
            self._record()
            # What a memory gives one cycle later.
            dut.reader__index.value = bank[position] if position < len(bank) else self.rng.randrange(self.layer.inputs)
            dut.weight_reader__weights.value = word
            self._make_room()

    def _record(self):
        dut = self.dut
        if dut.step__valid.value == 1 and dut.step__ready.value == 1:
            self.taken.append(self.cycle)
        if dut.o__valid.value == 1:
            self.pushed.append(unpack(group_layout(self.block), int(dut.o__payload.value)))
            self.pushed_at.append(self.cycle)
            self.waiting += 1
        if dut.reader__clear_en.value == 1:
            self.cleared[int(dut.reader__clear_bank.value)].append(self._index(dut.reader__clear_index))
        release = int(dut.reader__release.value)
        for bank in range(2):
            if release >> bank & 1:
                assert self.busy[bank], "a bank was released twice"
                assert self.cleared[bank] == self.banks[bank], "the events given back are not those of the bank"
                self.cleared[bank], self.busy[bank] = [], False
        if dut.recorder__touch_en.value == 1:
            position = int(dut.recorder__touch_position.value) if self.block.window > 1 else 0
            self.touched.append((self._index(dut.recorder__touch_row), position))
        if dut.recorder__gate_en.value == 1:
            bits = 1 + self.layer.surrogate.gate_bits
            lanes = split(int(dut.recorder__gates.value), bits, self.lanes, signed=False)
            self.gated.append((int(dut.recorder__gate_first.value), [(lane & 1, lane >> 1) for lane in lanes]))
        for name in self.counters:
            self.counters[name] += int(dut[name].value)
        if self.updating:
            # The events of an aborted step may be given back meanwhile, but nothing may be computed or left.
            assert not any(int(dut[name].value) for name in (
                "synaptic_operations", "bias_reads", "recorder__touch_en", "recorder__gate_en", "o__valid")), (
                "went on before the window was dealt with")

    def _index(self, port):
        return int(port.value) if self.layer.inputs > 1 else 0

    def _make_room(self):
        """The room is promised as the block does it: a whole step behind the one that is leaving."""
        spare = self.groups + ForwardEngine.LATENCY + 1
        assert self.waiting <= 2 * spare, "more spikes than there was room for"
        if self.waiting and self.rng.random() < self.duty:
            self.waiting -= 1
        self.dut.room.value = int(self.waiting <= spare)

    def offer(self, steps):
        """Payloads of the step stream; the bank is filled as each is offered. Whoever sends waits for free banks."""
        bank = 0
        for kind, last, value, events in steps:
            if kind == START:
                yield {"kind": START, "value": value}
                continue
            assert not self.busy[bank], "a step was taken before the one before it released its bank"
            self.banks[bank], self.busy[bank] = events, True
            yield {"kind": kind, "last": last, "count": len(events), "bank": bank}
            bank ^= 1

    async def update(self, windows):
        """Takes the ends of windows and gives them back; ``windows`` gets the end and what was recorded till then."""
        dut = self.dut
        sink = StreamSink(dut, "window_end", rng=self.rng, layout=window_end_layout(self.block), duty=self.duty)
        while True:
            end = (await sink.receive(1))[0]
            windows.append((end["steps"], end["discard"], sorted(self.touched), self.gated))
            self.touched, self.gated = [], []
            self.updating = True
            await ClockCycles(dut.clk, self.rng.randint(1, 12))
            await FallingEdge(dut.clk)
            self.updating = False
            dut.window_done.value = 1
            await FallingEdge(dut.clk)
            dut.window_done.value = 0

    async def idle(self):
        quiet = 0
        while quiet < 3:
            await FallingEdge(self.dut.clk)
            quiet = quiet + 1 if self.dut.idle.value == 1 else 0


class Model:
    """What must leave the engine, from the reference."""

    def __init__(self, there):
        self.there, self.block, self.layer = there, there.block, there.layer
        self.pushed, self.windows = [], []
        self.counters = dict.fromkeys(("synaptic_operations", "bias_reads", "membrane_saturations"), 0)
        self.fired = []

    def run(self, events, value, learn, aborted):
        """A sample of T complete steps, (T, inputs); returns its membranes and spikes, (T, outputs)."""
        outputs, there = self.layer.outputs, self.there
        spikes, gates = (np.zeros((len(events), outputs), np.uint8) for _ in range(2))
        membranes = np.zeros((len(events), outputs), np.int32)
        operations, fired, saturated = forward(self.layer, there.stored, events, np.zeros(outputs, np.int32),
                                           Trace(spikes, gates, membranes))
        self.counters["synaptic_operations"] += operations
        self.counters["bias_reads"] += len(events) * outputs * self.layer.weights.bias
        self.counters["membrane_saturations"] += saturated
        self.fired.append(fired / max(1, spikes.size))
        self.pushed.append((START, 0, 0, value))
        for t, step in enumerate(spikes):
            for group in range(there.groups):
                lanes = step[group * there.lanes:(group + 1) * there.lanes]
                last_group = group == there.groups - 1
                self.pushed.append((STEP, int(last_group), int(t == len(spikes) - 1 and not aborted), join(lanes, 1)))
        if aborted:
            self.pushed.append((ABORT, 0, 0, 0))
        if learn and self.block.directives.learns:
            self._windows(events, spikes, gates, aborted)
        return membranes, spikes

    def _windows(self, events, spikes, gates, aborted):
        window, interval = self.block.window, self.block.update_interval
        for number, first in enumerate(range(0, len(events), window)):
            if number % interval != interval - 1:
                continue
            steps = min(window, len(events) - first)
            discard = steps <= window - self.block.loss_steps or (aborted and steps < window)
            touched = sorted((int(row), p) for p in range(steps) for row in np.flatnonzero(events[first + p]))
            lanes = [list(zip(spikes[t].tolist(), gates[t].tolist(), strict=True)) for t in range(first, first + steps)]
            self.windows.append((steps, int(discard), touched, lanes))


def settled(tokens):
    """Pushed tokens as (kind, last_group, last, payload), without what a START and an ABORT leave open."""
    for token in tokens:
        kind = token["kind"]
        closes = (token["last_group"], token["last"]) if kind == STEP else (0, 0)
        yield (kind, *closes, token["payload"] if kind != ABORT else 0)


def compare_windows(there, found, expected):
    """Ends of windows, touches, and gates; padding lanes must hold no spike, and any gate."""
    assert [window[:2] for window in found] == [window[:2] for window in expected]
    for number, (*_, touched, gated) in enumerate(found):
        assert touched == expected[number][2], f"window {number}: active inputs"
        assert [first for first, _ in gated] == [1] + [0] * (len(gated) - 1), f"window {number}: first group"
        for t, lanes in enumerate(expected[number][3]):
            got = [lane for _, group in gated[t * there.groups:(t + 1) * there.groups] for lane in group]
            assert got[:len(lanes)] == lanes, f"window {number}, position {t}: spikes and gates"
            assert not any(spike for spike, _ in got[len(lanes):]), "a padding lane fired"
        assert len(gated) == there.groups * len(expected[number][3])


def random_sample(rng, block, density, at_the_bounds):
    generator = np.random.default_rng(rng.getrandbits(32))
    steps = rng.randint(1, 2 * block.window * block.update_interval + 1)
    events = (generator.random((steps, block.inputs)) < density).astype(np.uint8)
    if at_the_bounds:
        events[0] = np.arange(block.inputs) < 2
    return events, rng.randrange(block.readout.classes), rng.random() < 0.7, rng.random() < 0.25


def steps_of(rng, events, aborted, value):
    """What the event list would give: START, steps, and at an abort the events that came before it."""
    yield START, 0, value, []
    for t, step in enumerate(events):
        indices = np.flatnonzero(step).tolist()
        rng.shuffle(indices)
        yield STEP, int(t == len(events) - 1 and not aborted), 0, indices
    if aborted:
        yield ABORT, 0, 0, rng.sample(range(events.shape[1]), rng.randint(0, events.shape[1]))


@cocotb.test(timeout_time=300, timeout_unit="us")
@cocotb.parametrize(duty=[1.0, 0.5])
async def matches_reference(dut, duty):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    there = Surroundings(dut, spec, rng, duty)
    source = StreamSource(dut, "step", rng=rng, layout=step_layout(spec.inputs, spec.classes), duty=duty)
    model, windows = Model(there), []
    await start(dut)
    cocotb.start_soon(there.run())
    cocotb.start_soon(there.update(windows))
    label_bits = max(1, (spec.classes - 1).bit_length())
    for number in range(30):
        events, label, learn, aborted = random_sample(rng, there.block, rng.choice((0.0, 0.1, 0.4)),
                                                       at_the_bounds=number % 4 == 0)
        value = label | learn << label_bits
        steps = list(steps_of(rng, events, aborted, value))
        await source.send(there.offer(steps))
        membranes, spikes = model.run(events, value, learn, aborted)
        if number % 2:
            await there.idle()
            assert there.busy == [False, False]
            await compare_state(there, membranes[-1], spikes[-1], f"sample {number}")
    await there.idle()
    assert list(settled(there.pushed)) == model.pushed
    compare_windows(there, windows, model.windows)
    assert not there.touched, "inputs were marked outside a recorded window"
    assert not there.gated, "gates were recorded outside a recorded window"
    assert {name: there.counters[name] for name in model.counters} == model.counters
    assert 0.02 < np.mean(model.fired) < 0.8, "a network that is silent or saturated proves nothing"
    if there.layer.neuron.membrane_bits == 8:
        assert model.counters["membrane_saturations"] > 0, "nothing was saturated"


async def compare_state(there, membranes, spikes, where):
    """What the host reads while the engine is idle."""
    dut, bits = there.dut, there.layer.neuron.membrane_bits
    read, fired = [], []
    for group in range(there.groups):
        dut.host_address.value = group
        await ClockCycles(dut.clk, 2)
        await FallingEdge(dut.clk)
        read += split(int(dut.host_membranes.value), bits, there.lanes)
        fired += split(int(dut.host_spikes.value), 1, there.lanes, signed=False)
    assert read[:len(membranes)] == membranes.tolist(), f"{where}: membranes"
    assert fired == [*spikes.tolist(), *[0] * (len(fired) - len(spikes))], f"{where}: spikes of the last step"


@cocotb.test(timeout_time=300, timeout_unit="us")
async def a_step_takes_the_cycles_it_says(dut):
    spec = load_spec()
    there = Surroundings(dut, spec, random.Random(1), 1.0)
    source = StreamSource(dut, "step", rng=random.Random(1), layout=step_layout(spec.inputs, spec.classes))
    await start(dut)
    cocotb.start_soon(there.run())
    counts = [0, 1, spec.inputs, 0, 0, min(3, spec.inputs), min(2, spec.inputs), 1, spec.inputs]
    steps = [(STEP, 0, 0, list(range(count))) for count in counts]
    await source.send(there.offer([(START, 0, 0, []), *steps]))
    await ClockCycles(dut.clk, 2 * ForwardEngine.LATENCY)

    taken = there.taken[1:]
    assert len(taken) == len(counts)
    for number in range(1, len(counts)):
        wanted = there.groups * max(1, there.layer.weights.bias + counts[number]) + max(0, 4 - there.groups)
        assert taken[number] - taken[number - 1] == wanted, (
            f"step {number} of {counts[number]} events took {taken[number] - taken[number - 1]} cycles, not {wanted}")
    ends = [cycle for cycle, token in zip(there.pushed_at, there.pushed, strict=True) if token["last_group"]]
    assert [end - begin for begin, end in zip(taken, ends, strict=True)] == [ForwardEngine.LATENCY] * len(counts)
    if there.groups >= 4:
        assert there.counters["stalled"] == 0
