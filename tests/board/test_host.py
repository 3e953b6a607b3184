import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from board.host.exchange import HostError
from board.host.host import Host
from board.host.link import MmioLink
from board.host.port import LinkTimeoutError
from rtl_gen.contract import protocol
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.memory_map import weights_to_words
from rtl_gen.contract.network import RATE_OFF, spec_digest
from rtl_gen.contract.protocol import BLOCK_COUNTERS, Error, Memory, Packet, Status
from sim.reference.initial import random_network
from sim.reference.network import Reference
from tests.board.fake_link import BusError, FakeCore, FakeLink, FakeMmio
from tests.networks import block, network, network_spec, samples


def direct(core):
    return FakeLink(core)


def mailbox(core):
    return MmioLink(FakeMmio(core))


def equal(one, other):
    assert one.spec == other.spec
    assert (one.window_numbers, one.rates) == (other.window_numbers, other.rates)
    for mine, theirs in zip(one.weights, other.weights, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(one.readouts, other.readouts, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(params=[direct, mailbox])
def connect(request):
    return request.param


def test_load_and_network_are_inverse(connect):
    initial, wanted = network(seed=7), network(seed=7)
    wanted = replace(wanted, window_numbers=(5, (1 << 32) - 1), rates=(3, RATE_OFF),
                     weights=tuple((layers[0] - 1,) for layers in wanted.weights), readouts=(
                         wanted.readouts[0][::-1].copy(), -wanted.readouts[1]))
    core = FakeCore(initial)
    host = Host(connect(core), initial.spec)
    host.load(wanted)
    equal(core.reference.network(), wanted)
    equal(host.network(), wanted)


def test_load_starts_from_no_errors():
    start = network()
    core = FakeCore(start)
    core.values["errors"] = int(Error.WRITE | Error.BUS)
    host = Host(direct(core), start.spec)
    assert host.errors() == Error.WRITE | Error.BUS
    host.load(start)
    assert not host.errors()


def test_learning_equals_the_reference(connect):
    start = network()
    reference, host = Reference(start), Host(connect(FakeCore(start)), start.spec)
    for spikes, label in zip(*samples(start.spec, 12), strict=True):
        result, expected = host.run(spikes, label=int(label), learn=True), reference.run(spikes, int(label), True)
        assert result.prediction == expected.prediction
        np.testing.assert_array_equal(result.answers, expected.answers[-1])
    equal(host.network(), reference.network())
    counters = host.counters()
    for b, counted in enumerate(reference.counters):
        assert {name: counters[f"block{b}.{name}"] for name in BLOCK_COUNTERS} == counted
    assert counters["samples"] == 12
    assert counters["block0.weights_written"] > 0
    host.clear_counters()
    assert set(host.counters().values()) == {0}


@pytest.mark.parametrize("settings", [
    {}, {"loss_steps": 2}, {"accumulate": "cumulative"}, {"accumulate": "cumulative", "loss_steps": 1},
    {"answer": "last", "loss_steps": 1}, {"answer": "last", "accumulate": "cumulative"},
    {"readout_leak_shift": 1, "learning": False, "loss_steps": 2},
    {"readout_leak_shift": 2, "learning": False, "reading": "maximum", "accumulate": "cumulative"}])
@pytest.mark.parametrize("stepwise", [False, True])
def test_labels_of_steps_and_answers_to_windows_equal_the_reference(connect, settings, stepwise):
    start = random_network(network_spec(sizes=(10, 8), window=3, classes=3, **settings), 5)
    learn = settings.get("learning", True)
    reference, host = Reference(start), Host(connect(FakeCore(start)), start.spec)
    generator = np.random.default_rng(3)
    for steps in (12, 11, 10, 7, 3, 2, 1):
        spikes = (generator.random((steps, start.spec.inputs)) < 0.4).astype(np.uint8)
        label = generator.integers(-1, start.spec.classes, len(spikes))
        label[4:8] = -1                     # a window without any
        expected = reference.run(spikes, label, learn, windows=True)
        result = (host.run_stepwise(spikes, label=label, learn=learn, windows=True)[0] if stepwise else
                  host.run(spikes, label=label, learn=learn, windows=True))
        np.testing.assert_array_equal(result.windows, expected.windows[-1])
        np.testing.assert_array_equal(result.answers, expected.answers[-1])
    equal(host.network(), reference.network())
    assert not learn or reference.windows_unlabelled > 0


def test_what_a_sample_without_a_result_told_is_not_the_next_ones():
    start = network()
    core = FakeCore(start)
    host, reference = Host(direct(core), start.spec), Reference(start)
    (spikes, other), _ = samples(start.spec, 2)
    core.drops = Packet.RESULT
    with pytest.raises(LinkTimeoutError):
        host.run(spikes, windows=True)
    core.drops = None
    host.load(start)
    expected = reference.run(other, 0, False, windows=True)
    np.testing.assert_array_equal(host.run(other, windows=True).windows, expected.windows[-1])


@pytest.mark.parametrize(("label", "line"), [
    ([0, 1], "Label must be one, or one for each of 3 steps, not of shape (2,)"),
    ([0, 1, 9], "Label must be in 0..2, or -1 for none, not 9"),
    ([0, -2, 1], "Label must be in 0..2, or -1 for none, not -2")])
def test_what_are_no_labels_of_steps_is_refused(label, line):
    start = network()
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        Host(direct(FakeCore(start)), start.spec).run(np.zeros((3, 12), np.uint8), label=np.array(label), learn=True)


def test_rates_are_set_between_samples(connect):
    start = network()
    core = FakeCore(start)
    reference, host = Reference(start), Host(connect(core), start.spec)
    for number, (spikes, label) in enumerate(zip(*samples(start.spec, 8), strict=True)):
        reference.rates = [number % 5, 4 - number % 5]
        host.set_rates(reference.rates)
        host.run(spikes, label=int(label), learn=True)
        reference.run(spikes, int(label), True)
    equal(host.network(), reference.network())


@pytest.mark.parametrize(("rates", "line"), [
    ((0,), "A network of 2 blocks must have a rate for each, not 1"),
    ((0, 5), "Rate of block 1 must be in 0..3, or 4 for off, not 5"),
    ((-1, 0), "Rate of block 0 must be in 0..3, or 4 for off, not -1"),
    ((0, True), "Rate of block 1 must be in 0..3, or 4 for off, not True"),
    ((0, 1.0), "Rate of block 1 must be in 0..3, or 4 for off, not 1.0")])
def test_what_are_no_rates_is_refused_before_anything_is_written(rates, line):
    start = replace(network(), rates=(1, 2))
    core = FakeCore(start)
    with pytest.raises(SpecError, match=f"^{re.escape(line)}$"):
        Host(direct(core), start.spec).set_rates(rates)
    assert core.reference.rates == [1, 2]


def test_stepwise_reads_every_step_and_learns_the_same(connect):
    start = network()
    reference, host = Reference(start), Host(connect(FakeCore(start)), start.spec)
    for spikes, label in zip(*samples(start.spec, 3), strict=True):
        expected = reference.run(spikes, int(label), True, trace=True)
        result, steps = host.run_stepwise(spikes, label=int(label), learn=True)
        assert result.prediction == expected.prediction
        assert len(steps) == len(spikes)
        for t, step in enumerate(steps):
            for b in range(len(start.spec.blocks)):
                np.testing.assert_array_equal(step.membranes[b], [layer[t] for layer in expected.membranes[b]])
                np.testing.assert_array_equal(step.spikes[b], [layer[t] for layer in expected.spikes[b]])
    equal(host.network(), reference.network())
    assert host.read_register("status") == Status.IDLE
    np.testing.assert_array_equal(host.read_memory(1, 0, Memory.ANSWERS)[:, 0], result.answers)


def test_packets_that_come_in_between_are_kept(connect):
    start = network()
    reference, host = Reference(start), Host(connect(FakeCore(start)), start.spec)
    spikes = samples(start.spec, 1)[0][0]
    host.write_register("request", protocol.memory_id(0, 0, Memory.WEIGHTS))       # its packet comes before the result
    assert host.run(spikes, label=1, learn=True).prediction == reference.run(spikes, 1, True).prediction
    np.testing.assert_array_equal(host.read_memory(0, 0, Memory.READOUT), reference.network().readouts[0])
    host.write_register("request", protocol.memory_id(0, 0, Memory.WEIGHTS))
    host.run(spikes)
    before, after = host.read_memory(0, 0, Memory.WEIGHTS), host.read_memory(0, 0, Memory.WEIGHTS)
    np.testing.assert_array_equal(before, weights_to_words(start.spec, 0, 0, start.weights[0][0]))
    np.testing.assert_array_equal(after, weights_to_words(start.spec, 0, 0, reference.network().weights[0][0]))
    assert not np.array_equal(before, after)


def test_every_sample_may_be_silent_or_full():
    start = network()
    reference, host = Reference(start), Host(mailbox(FakeCore(start)), start.spec)
    for spikes in (np.zeros((1, 12), np.uint8), np.ones((16, 12), bool)):
        np.testing.assert_array_equal(host.run(spikes).answers, reference.run(spikes, 0, False).answers[-1])


@pytest.mark.parametrize(("name", "value", "message"), [
    ("identity", 0, "Identity must be 0x534e4e46, not 0x00000000: no core of snnfpga is at this address; load its "
                    "bitstream first"),
    ("version", 1, "Core must speak protocol version 4, not 1; use the driver of the build folder the core came from"),
    ("digest", 1, "Core must be built from specification DIGEST (small), not 00000001; load the bitstream of this "
                  "build"),
])
def test_another_core_is_refused(name, value, message):
    start = network()
    core = FakeCore(start)
    core.values[name] = value
    with pytest.raises(HostError, match=f"^{re.escape(message.replace('DIGEST', spec_digest(start.spec)[:8]))}$"):
        Host(direct(core), start.spec)


def test_another_network_is_refused():
    start, other = network(), network(block(12, 9))
    host = Host(direct(FakeCore(start)), start.spec)
    with pytest.raises(HostError, match=r"^Network small \(\w{8}\) has another specification than the core \(\w{8}\); "
                                        r"build a core for it, or load the network the core was built from$"):
        host.load(other)


def test_a_refused_write_is_said():
    start = network()
    core = FakeCore(start)
    host = Host(direct(core), start.spec)
    core._written = lambda packet: core.values.update(errors=int(Error.WRITE))
    with pytest.raises(HostError, match=r"^The core refused a write of its memories \(flag WRITE\); reset it and load "
                                        r"again$"):
        host.load(start)


@pytest.mark.parametrize(("spikes", "label", "message"), [
    (np.zeros((3, 11), np.uint8), 0, "Sample must be (1..16 steps, 12 inputs), not (3, 11)"),
    (np.zeros((17, 12), np.uint8), 0, "Sample must be (1..16 steps, 12 inputs), not (17, 12)"),
    (np.zeros((0, 12), np.uint8), 0, "Sample must be (1..16 steps, 12 inputs), not (0, 12)"),
    (np.full((3, 12), 2, np.uint8), 0, "Sample must hold 0 and 1 only, not 2..2"),
    (np.zeros((3, 12), np.uint8), 3, "Label must be in 0..2, or -1 for none, not 3"),
])
def test_a_sample_that_does_not_fit_is_refused(spikes, label, message):
    start = network()
    host = Host(direct(FakeCore(start)), start.spec)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        host.run(spikes, label=label)


def test_a_sample_without_a_label_is_answered_and_not_learned_from():
    start = network()
    host, reference = Host(direct(FakeCore(start)), start.spec), Reference(start)
    host.load(start)
    for spikes in samples(start.spec, 4)[0]:
        result, expected = host.run(spikes, label=-1, learn=True), reference.run(spikes, -1, True)
        assert (result.prediction, result.answers.tolist()) == (expected.prediction, expected.answers[-1].tolist())
    learned = host.network()
    assert learned.window_numbers == start.window_numbers
    for one, other in zip(learned.readouts, start.readouts, strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_answer_that_does_not_come_is_said(monkeypatch):
    start = network()
    core = FakeCore(start)
    host = Host(direct(core), start.spec, timeout_s=0.01)
    monkeypatch.setattr(core, "_send", lambda header, words: None)
    with pytest.raises(LinkTimeoutError, match=r"^No result came within 0.01 s: status IDLE, errors none; reset the "
                                               r"core and load the network again$"):
        host.run(np.zeros((2, 12), np.uint8))
    with pytest.raises(LinkTimeoutError, match=r"^No memory 9 came within 0.01 s: status IDLE, errors none; reset"):
        host.read_memory(1, 0, Memory.READOUT)
    core.values["errors"] = int(Error.WRITE | Error.BUS)
    with pytest.raises(LinkTimeoutError, match=r"^Waited 0.01 s for status HALTED\|OPEN: status IDLE, errors "
                                               r"WRITE\|BUS; reset"):
        host.wait_for(Status.HALTED | Status.OPEN)


def test_a_sample_that_the_watchdog_ended_is_said():
    start = network()
    core = FakeCore(start)
    host = Host(FakeLink(core), start.spec, timeout_s=0.01)
    host.set_watchdog(1000)
    assert core.read(0x50) == 1000
    core.values["errors"] = int(Error.TIMEOUT)
    core._end_of_step = lambda last: None          # it gives no result
    with pytest.raises(LinkTimeoutError, match=r"^No result came: this program stood still within a sample, and the "
                                               r"core's watchdog ended it \(flag TIMEOUT\); let it wait longer, or 0 "
                                               r"for ever, and load the network again$"):
        host.run(np.zeros((2, 12), np.uint8))
    for cycles in (-1, 1 << 32):
        with pytest.raises(HostError, match=rf"^Watchdog must be in 0\.\.4294967295 cycles, not {cycles}$"):
            host.set_watchdog(cycles)
    assert core.read(0x50) == 1000


def test_mailbox_that_takes_nothing_is_said():
    core = FakeCore(network())
    core.halted = True
    ticks = iter(range(1000))
    link = MmioLink(FakeMmio(core), timeout_s=5, clock=lambda: next(ticks))
    with pytest.raises(LinkTimeoutError, match=r"^The core took 4 of 9 beats, then none for 5 s; read its status and "
                                               r"errors, and reset it$"):
        link.send(np.zeros(9, np.uint32))
    with pytest.raises(LinkTimeoutError, match=r"^No packet came within 2 s \(0 beats of one did\); read the core's"):
        link.receive(2)


def test_mailbox_reads_packets_while_it_sends():
    """A full output stops the core; sending on without reading would wait for ever."""
    start = network()
    core = FakeCore(start)
    link = MmioLink(FakeMmio(core, depth=2))
    link.write(0x18, protocol.memory_id(0, 0, Memory.WEIGHTS))
    link.send(np.array([protocol.start_beat(0, False)] + [protocol.end_of_step_beat()] * 5, np.uint32))
    memory, result = link.receive(1), link.receive(1)
    assert len(memory) == 1 + 3 * 13 * 2
    assert len(result) == 1 + start.spec.classes


def test_the_fake_refuses_what_the_bus_refuses():
    core = FakeCore(network())
    for access in (lambda: core.read(0x90), lambda: core.write(0x00, 1), lambda: core.write(0x18, 5),
                   lambda: FakeMmio(core).read(protocol.MAILBOX_RX)):
        with pytest.raises(BusError):
            access()


def test_driver_modules_need_numpy_alone():
    code = ("import sys\n"
            "for name in ('amaranth', 'torch', 'safetensors', 'cocotb'):\n"
            "    sys.modules[name] = None\n"
            "import board.host.host, board.host.archive, board.host.link\n")
    subprocess.run([sys.executable, "-c", code], check=True)
