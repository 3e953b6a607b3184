"""What is around a :mod:`rtl_gen.forward` in its bench: events, weights, room for spikes, a record of what leaves."""

from collections import deque

import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from rtl_gen.contract.engines.forward import Forward
from rtl_gen.contract.memories import FLAT_WEIGHT_LATENCY
from rtl_gen.contract.memory_map import weights_to_words
from rtl_gen.contract.plan import plan_of
from rtl_gen.forward_layouts import group_layout, window_end_layout
from rtl_gen.token import TokenKind

from ..lanes import join, split
from ..reference.initial import random_network
from ..stream import StreamSink, unpack


class Surroundings:
    """Two banks of events, the weights, a buffer for the spikes, and a record of all that left the engine."""

    def __init__(self, dut, spec, rng, duty):
        self.dut, self.rng, self.duty = dut, rng, duty
        self.block = spec.blocks[0]
        (self.layer,) = self.block.layers
        (plan,) = plan_of(self.block).layers
        self.lanes, self.groups = plan.lanes, plan.words
        declared = Forward(plan_of(self.block))
        self.latency, self.reads, self.first = declared.latency, declared.reads, declared.first_event(plan)
        self.places = -(-(self.layer.inputs + self.first) // self.reads)
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
        dut.off.value = dut.host_reads.value = 0
        dut.o__ready.value = 1
        self.indices, self.readers = ("index", "second")[:self.reads], ("weight_reader", "second_reader")[:self.reads]
        for name in ("window_done", "host_address", *(f"reader__{index}" for index in self.indices),
                     *(f"{reader}__weights" for reader in self.readers)):
            dut[name].value = 0

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
        coming = [deque([0] * FLAT_WEIGHT_LATENCY, maxlen=FLAT_WEIGHT_LATENCY) for _ in self.readers]
        read = [0] * self.reads
        while True:
            await RisingEdge(dut.clk)
            self.cycle += 1
            bank = self.banks[int(dut.reader__bank.value)]
            position = int(dut.reader__position.value) if self.places > 1 else 0    # which has no bits then
            for number, name in enumerate(self.readers):
                word = self.words[min(int(dut[f"{name}__address"].value), len(self.words) - 1)]
                coming[number].append(0 if int(dut.blank.value) >> number & 1 else word)
            self._record()
            # What the list gives two cycles later, and the weight memory after its latency.
            for name, index in zip(self.indices, read, strict=True):
                dut[f"reader__{name}"].value = index
            places = [position * self.reads + number - self.first for number in range(self.reads)]
            read = [bank[place] if 0 <= place < len(bank) else self.rng.randrange(self.layer.inputs)
                    for place in places]
            for name, words in zip(self.readers, coming, strict=True):
                dut[f"{name}__weights"].value = words[0]
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
                # Of pairs the firsts are given back before the seconds.
                events = self.banks[bank]
                firsts = [e for number, e in enumerate(events) if (number + self.first) % self.reads == 0]
                seconds = [e for number, e in enumerate(events) if (number + self.first) % self.reads == 1]
                assert self.cleared[bank] == firsts + seconds, "the events given back are not those of the bank"
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
        spare = self.groups + self.latency + 1
        assert self.waiting <= 2 * spare, "more spikes than there was room for"
        if self.waiting and self.rng.random() < self.duty:
            self.waiting -= 1
        self.dut.room.value = int(self.waiting <= spare)

    def offer(self, steps):
        """Payloads of the step stream; the bank is filled as each is offered. Whoever sends waits for free banks."""
        bank = 0
        for kind, last, value, events in steps:
            if kind == TokenKind.START.value:
                yield {"kind": TokenKind.START.value, "value": value}
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
