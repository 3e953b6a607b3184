"""cocotb bench of :mod:`rtl_gen.readout`. The bench plays the update engine."""

import random

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

from rtl_gen.contract.arithmetic import error_table, readout_shift, row_feedback_max, signed_bits
from rtl_gen.contract.engines.readout import Readout
from rtl_gen.contract.network import RATE_OFF
from rtl_gen.contract.plan import plan_of, slots_of
from rtl_gen.contract.protocol import ANSWER_BITS
from rtl_gen.packet import packet_layout
from rtl_gen.token import TokenKind, token_layout

from ..bench import PERIOD_NS, load_spec, start
from ..lanes import join, split
from ..reference.grid import pooled
from ..reference.level_credit import by_steps, counted, steps_read
from ..reference.levels import Levels, read_steps
from ..reference.readout import divided, errors, feedback
from ..reference.rounding import addends
from ..reference.update import update
from ..stream import StreamSink, StreamSource
from .level_feedback import of_each

START, EVENT, STEP, ABORT = (kind.value for kind in TokenKind)
STORED = ("updates", "written", "underflows", "saturations")
COUNTERS = ("operations", "multiplies", "windows_learned", "windows_skipped", *STORED)


class Model:
    """The reference's readout: answers, and what the end of each window comes to."""

    def __init__(self, spec, stored):
        self.spec, self.block, self.readout = spec, spec.blocks[0], spec.blocks[0].readout
        self.stored, self.number, self.rate = stored.copy(), 0, 0
        self.table = np.array(error_table(self.readout.error_function), np.int64)
        self.counters = dict.fromkeys(COUNTERS, 0)

    def windows(self, spikes, label, learn, aborted):
        """A sample of T steps, (T, neurons), a window at a time: (steps, recorded, feedback or None)."""
        block, readout = self.block, self.readout
        window, loss_start = block.window, block.window - block.loss_steps
        self.answer, logit = np.zeros(readout.classes, np.int64), np.zeros(readout.classes, np.int64)
        levels = Levels.at_rest(readout.classes)
        for w, first in enumerate(range(0, len(spikes), window)):
            part = pooled(readout.pool, spikes[first:first + window])
            if readout.accumulate == "window":
                logit[:] = 0
            if readout.answer == "last":
                self.answer[:] = 0
            read_steps(readout, self.stored, part, loss_start, levels, self.answer, logit)
            self.counters["operations"] += int(part.sum()) * readout.classes
            learns = learn and block.directives.learns and self.rate != RATE_OFF
            recorded = learns and w % block.update_interval == block.update_interval - 1
            found = None
            if recorded and len(part) > loss_start and not (aborted and len(part) < window):
                found = self._learn(part, logit, steps_read(readout, levels, first, len(part)), label)
            yield len(part), recorded, found

    def _learn(self, part, logit, until, label):
        """Feedback of a window that is learned from, (positions, rows), 0 where it is skipped: one position, or all
        that feedback is kept of; ``part`` is what rows read.
        """
        readout, loss_start = self.readout, self.block.window - self.block.loss_steps
        error = errors(logit, label, readout.logit_shift, self.table, readout.dead_zone)
        error[until == 0] = 0
        positions = self.block.window if readout.reading == "maximum" else 1
        found = np.zeros((positions, readout.rows), np.int64)
        number, self.number = self.number, (self.number + 1) & 0xFFFFFFFF
        if not error.any():
            self.counters["windows_skipped"] += 1
            return found
        self.counters["windows_learned"] += 1
        for steps, own in by_steps(error, until):
            exact = feedback(self.stored, readout.weight_bits, readout.shadow_bits, own, 1, 0)[-1]
            found[min(steps, positions) - 1] = divided(exact, readout.feedback_shift)
        if readout.learned:
            self.counters["multiplies"] += readout.rows * readout.classes
            if readout.leak_shift is not None:
                told = [counted(self.block, part, own, steps) for steps, own in by_steps(error, until)]
            else:
                # Of several events in a step each is one of its own.
                active = np.concatenate([part[loss_start:] > below for below in range(readout.largest_event)]).astype(
                    np.uint8)
                told = [(active, np.ascontiguousarray(np.broadcast_to(error, (len(active), readout.classes))))]
            addend = addends(readout, self.rate, readout.rows, self.spec.seed, number,
                             self.spec.layer_number(0, self.block.depth))
            for active, credit in told:
                counts = update(self.stored, readout.stored_bits, readout_shift(readout) + self.rate, addend, active, 0,
                                credit)
                for name, amount in zip(STORED, counts, strict=True):
                    self.counters[name] += int(amount)
        return found


class Surroundings:
    """The update engine, the host, and the sums of the counters."""

    def __init__(self, dut, spec, rng):
        self.dut, self.spec, self.rng = dut, spec, rng
        self.block, self.readout = spec.blocks[0], spec.blocks[0].readout
        plan = plan_of(self.block)
        (layer,) = plan.layers
        self.lanes, self.groups = layer.lanes, plan.readout_words
        self.slots = slots_of(plan.readout_places, layer.layer.columns, self.lanes)
        self.feedback_bits = signed_bits(row_feedback_max(self.readout))
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.said = []                          # "learn" and "skip", as they came
        # A position has no bits where there is one.
        self.positions = self.block.window if Readout(plan).by_position else 1
        self.engine = Readout(plan)
        self.passes_over = self.engine.passes_over
        self.walking = self.took = None         # cycles since a walk began, and those until all feedback was there
        self.gated = np.zeros(self.groups * self.lanes, np.uint8)
        # A word is told its feedback in parts; it is read as soon as each is there.
        self.parts, self.part_lanes = self.engine.feedback_parts, self.engine.feedback_lanes
        for name in ("window_done", "feedback_reader__group", "key__window_number", "host_address", "host_w_en",
                     "host_w_data", "rate__shift", "rate__off",
                     *["feedback_reader__part"][:self.parts > 1],
                     *["feedback_reader__position"][:self.positions > 1]):
            dut[name].value = 0
        dut.key__seed.value = spec.seed

    async def run(self):
        dut, learned = self.dut, False
        while True:
            await RisingEdge(dut.clk)
            assert not learned or dut.feedback_groups.value == 0, "feedback of the window before is said to be there"
            learned = dut.learn.value == 1
            for name in COUNTERS:
                port = f"counts__{name}" if name in STORED else name
                self.counters[name] += int(dut[port].value)
            self.said += [name for name in ("learn", "skip") if dut[name].value == 1]
            if self.walking is not None and dut.feedback_groups.value == self.groups:
                self.took, self.walking = self.walking, None
            self.walking = 0 if learned else self.walking if self.walking is None else self.walking + 1
            if self.passes_over:
                group = int(dut.gated_reader__group.value) if self.groups > 1 else 0
                of_group = self.gated[group * self.lanes:(group + 1) * self.lanes]
                dut.gated_reader__gated.value = join(of_group.tolist(), 1) if len(of_group) else 0

    def gate(self, spikes):
        """In the window that comes neurons have a gate that fire, (R, neurons), and some others."""
        if self.passes_over:
            self.gated[self.slots] = spikes.any(axis=0) | (np.random.default_rng(self.rng.getrandbits(32)).random(
                spikes.shape[1]) < 0.3)

    async def write(self, stored):
        """As the host does; a fixed weight is one bit, 1 for -1."""
        dut, readout = self.dut, self.readout
        for neuron, row in enumerate(stored.tolist()):
            row = row if readout.learned else [int(value < 0) for value in row]
            dut.host_address.value, dut.host_w_data.value = neuron, join(row, readout.stored_bits)
            dut.host_w_en.value = 1
            await FallingEdge(dut.clk)
        dut.host_w_en.value = 0

    async def read(self):
        dut, readout = self.dut, self.readout
        rows = []
        for neuron in range(readout.rows):
            dut.host_address.value = neuron
            await ClockCycles(dut.clk, 2)
            await FallingEdge(dut.clk)
            row = split(int(dut.host_weights.value), readout.stored_bits, readout.classes, signed=readout.learned)
            rows.append(row if readout.learned else [1 - 2 * value for value in row])
        return rows

    async def read_answer(self):
        found = []
        for c in range(self.readout.classes):
            self.dut.host_address.value = c
            await ClockCycles(self.dut.clk, 3)
            await FallingEdge(self.dut.clk)
            found += split(int(self.dut.host_answer.value), ANSWER_BITS, 1)
        return found

    async def finish_window(self, found, number):
        """Plays the update engine at the end of a recorded window; ``found`` is None where it is discarded."""
        dut, rng = self.dut, self.rng
        if found is not None:
            wanted = "learn" if found.any() else "skip"
            while not self.said:
                await FallingEdge(dut.clk)
            said = self.said.pop()
            # With errors that cancel in every neuron there is nothing to learn, but the window is not skipped.
            assert said == wanted or not found.any(), f"{said} for {wanted}"
            if said == "learn":
                words = np.zeros((self.positions, self.groups * self.lanes), np.int64)
                words[:, self.slots] = found
                words = words.reshape(self.positions, self.groups, self.lanes)
                gated = self.gated[self.slots].tolist() if self.passes_over else None
                # All but neurons that are passed over; padding lanes hold no feedback.
                reads = np.ones(self.groups * self.lanes, np.bool_)
                reads[self.slots] = (self.gated[self.slots] != 0) | (not self.passes_over)
                reads = reads.reshape(self.groups, self.lanes)
                # Each as soon as it is there, then once more.
                for place, group in enumerate([*range(self.groups), *rng.sample(range(self.groups), self.groups)]):
                    dut.feedback_reader__group.value = group
                    for position in rng.sample(range(self.positions), self.positions):
                        if self.positions > 1:
                            dut.feedback_reader__position.value = position
                        lanes = await self._read_feedback(group, place == group)
                        if of_each(self.block) and dut.feedback_reader__read.value == 0:
                            lanes = [0] * self.lanes
                        assert not (np.array(lanes) != words[position, group])[reads[group]].any(), \
                            f"feedback of group {group} at {position}"
                expected = self.engine.feedback_cycles(self.groups - 1, gated)
                assert self.took == expected, f"{self.took} cycles until all feedback was there, not {expected}"
        await ClockCycles(dut.clk, rng.randint(1, 6))
        await FallingEdge(dut.clk)
        assert not self.said, "the end of a window was told twice"
        dut.window_done.value = 1
        await FallingEdge(dut.clk)
        dut.window_done.value = 0
        dut.key__window_number.value = number

    async def _read_feedback(self, group, waits):
        """Feedback of a group's lanes, (lanes,), part by part; 0 of parts without neurons, of which none is kept."""
        dut, lanes, told = self.dut, [], None
        for part in range(self.parts):
            first = group * self.lanes + part * self.part_lanes
            if first > self.slots[-1]:
                break
            while waits and (int(dut.feedback_groups.value), self._fed_parts()) <= (group, part):
                await self._read_again(told)
            if waits and told is not None and self.rng.random() < 0.3:
                await self._read_again(told)        # in the cycle in which the next is written
            self._point_at(group, part)
            await FallingEdge(dut.clk)
            told = (group, part, int(dut.feedback_reader__feedback.value))
            lanes += split(told[-1], self.feedback_bits, self.part_lanes)
        return (lanes + [0] * self.lanes)[:self.lanes]

    async def _read_again(self, told):
        """A cycle of waiting, in which the part before is read while another may be written."""
        if told is not None:
            self._point_at(*told[:2])
        await FallingEdge(self.dut.clk)
        if told is not None:
            assert int(self.dut.feedback_reader__feedback.value) == told[-1], f"feedback of group {told[0]} is no more"

    def _point_at(self, group, part):
        self.dut.feedback_reader__group.value = group
        if self.parts > 1:
            self.dut.feedback_reader__part.value = part

    def _fed_parts(self):
        return int(self.dut.feedback_parts.value) if self.parts > 1 else 0


def random_readout(spec):
    readout, generator = spec.blocks[0].readout, np.random.default_rng(5)
    shape = (readout.rows, readout.classes)
    if not readout.learned:
        return generator.choice(np.array([-1, 1], np.int32), shape)
    high = 1 << (readout.stored_bits - 1)
    stored = generator.integers(-high, high, shape).astype(np.int32)
    stored[generator.random(shape) < 0.1] = high - 1
    return stored


async def run_sample(there, source, model, sample):
    """Send a sample's tokens, a window at a time, as the forward engine would."""
    spikes, label, learn, aborted = sample
    rng, window = there.rng, there.block.window
    label_bits = max(1, (there.spec.classes - 1).bit_length())
    await source.send([{"kind": START, "value": label | learn << label_bits}])
    done = 0
    for steps, recorded, found in model.windows(spikes, label, learn, aborted):
        there.gate(spikes[done:done + steps])
        for position in range(steps):
            step = spikes[done + position]
            events = np.flatnonzero(step).tolist()
            rng.shuffle(events)
            last = done + position == len(spikes) - 1 and not aborted
            await source.send([*({"kind": EVENT, "value": j} for j in events), {"kind": STEP, "last": int(last)}])
        done += steps
        if recorded and (steps == window or not aborted):
            await there.finish_window(found, model.number)
    if aborted:
        await source.send([{"kind": ABORT}])


@cocotb.test(timeout_time=100, timeout_unit="us")
@cocotb.parametrize(duty=[1.0, 0.5])
async def matches_reference(dut, duty):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    block, readout = spec.blocks[0], spec.blocks[0].readout
    there, stored = Surroundings(dut, spec, rng), random_readout(spec)
    model = Model(spec, stored)
    source = StreamSource(dut, "i", rng=rng, layout=token_layout(readout.inputs, readout.classes), duty=duty)
    sink = StreamSink(dut, "result", rng=rng, layout=packet_layout(), duty=duty)
    await start(dut)
    await there.write(stored)
    cocotb.start_soon(there.run())
    for number in range(16):
        generator = np.random.default_rng(rng.getrandbits(32))
        shape = (rng.randint(1, 2 * block.window * block.update_interval + 1), readout.inputs)
        spikes = (generator.random(shape) < rng.choice((0.0, 0.15, 0.5))).astype(np.uint8)
        sample = spikes, rng.randrange(readout.classes), rng.random() < 0.8, rng.random() < 0.2
        model.rate = number % (RATE_OFF + 1)
        dut.rate__off.value, dut.rate__shift.value = divmod(model.rate, RATE_OFF)
        receiving = None if sample[3] else cocotb.start_soon(sink.receive(1 + readout.classes))
        await run_sample(there, source, model, sample)
        answer = model.answer
        where = f"sample {number} ({len(spikes)} steps, learn {sample[2]}, aborted {sample[3]}, rate {model.rate})"
        if receiving is not None:
            beats = await receiving
            assert [beat["last"] for beat in beats] == [0] * readout.classes + [1]
            answers = [beat["data"] - (beat["data"] >> 31 << 32) for beat in beats[1:]]
            assert answers == answer.tolist(), f"{where}: answers"
            assert beats[0]["data"] == int(np.argmax(answer)), f"{where}: prediction"
        while dut.idle.value != 1:
            await FallingEdge(dut.clk)
        assert await there.read_answer() == answer.tolist(), f"{where}: answers held"
        assert there.counters == model.counters, f"{where}: counters"
        assert await there.read() == model.stored.tolist(), f"{where}: weights"
    await ClockCycles(dut.clk, 8)
    assert dut.result__valid.value == 0, "more results than the reference has"
    assert not there.said, "more windows than the reference has"
    if block.directives.learns:
        assert model.counters["windows_learned"] > 0
        assert not readout.learned or model.counters["written"] > 0


@cocotb.test(timeout_time=100, timeout_unit="us")
@cocotb.parametrize(how=["reset", "abort", "abort, events at once"])
async def no_spikes_stay_counted(dut, how):
    """A sample that ends within the loss steps of a window that was to be learned from leaves no counts behind.

    Nor does a reset leave answers.
    """
    spec, rng = load_spec(), random.Random(3)
    block, readout = spec.blocks[0], spec.blocks[0].readout
    there, stored = Surroundings(dut, spec, rng), random_readout(spec)
    model = Model(spec, stored)
    source = StreamSource(dut, "i", rng=rng, layout=token_layout(readout.inputs, readout.classes))
    sink = StreamSink(dut, "result", rng=rng, layout=packet_layout())
    await start(dut)
    await there.write(stored)
    cocotb.start_soon(there.run())
    learns = 1 << max(1, (spec.classes - 1).bit_length())
    whole = block.window * block.update_interval - 1
    cocotb.start_soon(sink.receive(1 + readout.classes))
    await run_sample(there, source, model, (np.ones((1, readout.inputs), np.uint8), 0, False, False))
    events = [{"kind": EVENT, "value": j} for j in range(readout.inputs)]
    await source.send([{"kind": START, "value": learns}, *[*events, {"kind": STEP, "last": 0}] * whole, *events])
    if how != "reset":
        await source.send([{"kind": ABORT}])
    dut.rst.value = int(how == "reset")
    await FallingEdge(dut.clk)
    dut.rst.value = 0
    while dut.idle.value != 1:
        await FallingEdge(dut.clk)
    if how == "reset":
        assert not any(await there.read_answer()), "answers outlived a reset"
    there.counters, model.counters = (dict.fromkeys(COUNTERS, 0) for _ in range(2))
    spikes = np.zeros((whole + 1, readout.inputs), np.uint8)
    spikes[-1, 0] = 1
    if how.endswith("at once"):         # counts are being cleared as these come
        spikes |= 1
    cocotb.start_soon(sink.receive(1 + readout.classes))
    await run_sample(there, source, model, (spikes, 0, True, False))
    while dut.idle.value != 1:
        await FallingEdge(dut.clk)
    assert there.counters == model.counters
    assert await there.read() == model.stored.tolist(), "weights"


@cocotb.test(timeout_time=100, timeout_unit="us")
async def answers_can_be_read_after_any_step(dut):
    spec, rng = load_spec(), random.Random(4)
    readout = spec.blocks[0].readout
    there, stored = Surroundings(dut, spec, rng), random_readout(spec)
    source = StreamSource(dut, "i", rng=rng, layout=token_layout(readout.inputs, readout.classes))
    await start(dut)
    await there.write(stored)
    for _ in range(2):
        await source.send([{"kind": START, "value": 0}])
        levels = Levels.at_rest(readout.classes)
        answer, logit = np.zeros(readout.classes, np.int64), np.zeros(readout.classes, np.int64)
        for step in range(2 * spec.blocks[0].window + 1):
            fired = np.array([[rng.random() < 0.5 for _ in range(readout.inputs)]], np.uint8)
            if readout.answer == "last" and step % spec.blocks[0].window == 0:
                answer[:] = 0
            read_steps(readout, stored, pooled(readout.pool, fired), 0, levels, answer, logit)
            await source.send([*({"kind": EVENT, "value": int(j)} for j in np.flatnonzero(fired)),
                               {"kind": STEP, "last": 0}])
            await FallingEdge(dut.clk)
            while dut.idle.value != 1:
                await FallingEdge(dut.clk)
            assert await there.read_answer() == answer.tolist(), f"answers after step {step}"
        await source.send([{"kind": ABORT}])


@cocotb.test(timeout_time=100, timeout_unit="us")
async def takes_an_event_a_cycle(dut):
    spec = load_spec()
    readout = spec.blocks[0].readout
    Surroundings(dut, spec, random.Random(1))
    source = StreamSource(dut, "i", rng=random.Random(1), layout=token_layout(readout.inputs, readout.classes))
    await start(dut)
    while dut.idle.value != 1:
        await FallingEdge(dut.clk)
    await source.send([{"kind": START}])
    began = get_sim_time("ns")
    await source.send([{"kind": EVENT, "value": j} for j in range(readout.inputs)])
    assert round((get_sim_time("ns") - began) / PERIOD_NS) == readout.inputs
