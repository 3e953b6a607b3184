"""cocotb bench of :mod:`rtl_gen.forward`. The bench plays the event list, the weight memory and what is behind."""

import random

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge

from rtl_gen.contract.engines.forward import Forward
from rtl_gen.contract.plan import plan_of
from rtl_gen.event_list import step_layout
from rtl_gen.token import TokenKind

from ..bench import load_spec, start
from ..lanes import join, split
from ..reference.forward import Trace, forward
from ..stream import StreamSource
from .forward_surroundings import Surroundings

START, EVENT, STEP, ABORT = (kind.value for kind in TokenKind)


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
        kept = np.zeros(0 if self.layer.current is None else outputs, np.int64)
        operations, fired, saturated = forward(self.layer, there.stored, events, np.zeros(outputs, np.int32),
                                               Trace(spikes, gates, membranes), kept=kept)
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
        assert kind != STEP or token["count"] == token["payload"].bit_count(), token
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
        if there.dut.idle.value == 1:
            dut.off.value = int(rng.random() < 0.3)
        steps = list(steps_of(rng, events, aborted, value))
        await source.send(there.offer(steps))
        membranes, spikes = model.run(events, value, learn and dut.off.value != 1, aborted)
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
    if there.layer.neuron.membrane_bits == 8 or there.layer.current is not None:
        assert model.counters["membrane_saturations"] > 0, "nothing was saturated"


async def compare_state(there, membranes, spikes, where):
    """What the host reads while the engine is idle."""
    dut, bits = there.dut, there.layer.neuron.membrane_bits
    read, fired = [], []
    dut.host_reads.value = 1
    for group in range(there.groups):
        dut.host_address.value = group
        await ClockCycles(dut.clk, 2)
        await FallingEdge(dut.clk)
        read += split(int(dut.host_membranes.value), bits, there.lanes)
        fired += split(int(dut.host_spikes.value), 1, there.lanes, signed=False)
    dut.host_reads.value = 0
    assert read[:len(membranes)] == membranes.tolist(), f"{where}: membranes"
    assert fired == [*spikes.tolist(), *[0] * (len(fired) - len(spikes))], f"{where}: spikes of the last step"


@cocotb.test(timeout_time=300, timeout_unit="us")
async def a_step_takes_the_cycles_it_says(dut):
    spec = load_spec()
    there, latency = Surroundings(dut, spec, random.Random(1), 1.0), Forward(plan_of(spec.blocks[0])).latency
    source = StreamSource(dut, "step", rng=random.Random(1), layout=step_layout(spec.inputs, spec.classes))
    await start(dut)
    cocotb.start_soon(there.run())
    counts = [0, 1, spec.inputs, 0, 0, min(3, spec.inputs), min(2, spec.inputs), 1, spec.inputs]
    steps = [(STEP, 0, 0, list(range(count))) for count in counts]
    await source.send(there.offer([(START, 0, 0, []), *steps]))
    await ClockCycles(dut.clk, 2 * latency)

    taken = there.taken[1:]
    assert len(taken) == len(counts)
    least = 5 if there.layer.current is None else 6
    for number in range(1, len(counts)):
        words = -(-(there.layer.weights.bias + counts[number]) // there.reads)
        wanted = there.groups * max(1, words) + max(0, least - there.groups)
        assert taken[number] - taken[number - 1] == wanted, (
            f"step {number} of {counts[number]} events took {taken[number] - taken[number - 1]} cycles, not {wanted}")
    ends = [cycle for cycle, token in zip(there.pushed_at, there.pushed, strict=True) if token["last_group"]]
    assert [end - begin for begin, end in zip(taken, ends, strict=True)] == [latency] * len(counts)
    if there.groups >= least:
        assert there.counters["stalled"] == 0
