"""A neuron that this test alone has: four files of its name, and no other is changed."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.sim import Simulator

import rtl_gen.contract.neurons
import rtl_gen.neurons
import sim.reference.neurons
import snnfpga.network.neurons
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.neuron import leak
from sim.reference.forward import Trace, forward
from sim.reference.initial import random_network
from snnfpga.backends.evaluation import measure
from snnfpga.data.dataset import Split
from tests.networks import network_spec

# A membrane loses a constant a step, on either side of 0, and a credit nothing.
FILES = {
    rtl_gen.contract.neurons: """
from dataclasses import dataclass

from rtl_gen.contract.checks import check_range
from rtl_gen.contract.neurons.base import NeuronSpec


@dataclass(frozen=True, kw_only=True)
class LinearSpec(NeuronSpec):
    loss: int
    keep = 1.0

    def _check_leak(self):
        check_range("Loss", self.loss, 1, self.membrane_max)

    @property
    def leaked_max(self):
        return self.membrane_max + 1

    def credit_max(self, inject, steps):
        return inject * steps


SPEC = LinearSpec
""",
    rtl_gen.neurons: """
from amaranth.hdl import Mux


def leaked(neuron, membrane):
    small = (membrane < neuron.loss) & (membrane > -neuron.loss)
    return Mux(small, 0, Mux(membrane < 0, membrane + neuron.loss, membrane - neuron.loss))


def decayed(neuron, credit):
    return credit
""",
    sim.reference.neurons: """
import numpy as np

from sim.reference.neurons.threshold import Thresholded, settle


def fire(layer, thresholds, currents, membrane, spikes, gates, membranes):
    fired = saturated = 0
    for p, current in enumerate(currents):
        for j, u in enumerate(membrane.tolist()):
            u = np.sign(u) * max(0, abs(u) - layer.neuron.loss)
            membrane[j], spikes[p, j], gates[p, j], cut = settle(
                Thresholded.of(layer), int(thresholds[j]), int(u + current[j]))
            membranes[p, j] = membrane[j]
            fired, saturated = fired + int(spikes[p, j]), saturated + cut
    return fired, saturated


def credits_of(layer, feedback, gates, spikes):
    return np.cumsum((gates * feedback)[::-1], axis=0)[::-1]
""",
    snnfpga.network.neurons: """
def lost(neuron, membrane):
    return membrane.clamp(-neuron.loss, neuron.loss)


def compiled_leak(neuron):
    return None
""",
}


@pytest.fixture
def kind(tmp_path, monkeypatch):
    """The kind ``linear``, found where the four folders look."""
    for package, text in FILES.items():
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / "linear.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    importlib.invalidate_caches()
    yield importlib.import_module("rtl_gen.contract.neurons.linear").SPEC
    for package in FILES:
        monkeypatch.delitem(importlib.sys.modules, f"{package.__name__}.linear", raising=False)


@pytest.fixture
def spec(kind):
    plain = network_spec(sizes=(9,), depth=2, membrane_bits=8, threshold=40, surrogate_width=30)
    neuron = kind(membrane_bits=8, threshold=40, reset="subtract", loss=5)
    layers = tuple(replace(layer, neuron=neuron) for layer in plain.blocks[0].layers)
    return replace(plain, blocks=(replace(plain.blocks[0], layers=layers),))


def test_it_travels_in_the_file(spec):
    table = spec.to_dict()
    assert table["blocks"][0]["layers"][0]["neuron"] == {
        "kind": "linear", "membrane_bits": 8, "threshold": 40, "reset": "subtract", "loss": 5}
    assert NetworkSpec.from_dict(table) == spec


def test_pytorch_and_the_reference_agree(spec):
    rng = np.random.default_rng(3)
    split = Split((rng.random((6, 8, spec.inputs)) < 0.4).astype(np.uint8), np.arange(6) % spec.classes)
    measured = measure(random_network(spec, 4, density=0.4), split, "reference", lambda *_: None)
    assert measured.differences.compared["membranes"] == 6 * 8 * 18
    assert not any(measured.differences.differing.values())


def test_the_hardware_charges_as_the_reference_does(spec):
    layer, m = spec.blocks[0].layers[0], Module()
    membrane, current, exact = Signal(signed(8)), Signal(signed(10)), Signal(signed(12))
    m.d.comb += exact.eq(leak(layer, membrane) + current)
    stored = np.zeros((layer.rows, layer.outputs), np.int32)
    found = []

    async def all_membranes(context):
        context.set(current, 17)
        for value in range(-128, 128):
            context.set(membrane, value)
            found.append(context.get(exact))

    simulator = Simulator(m)
    simulator.add_testbench(all_membranes)
    simulator.run()
    stored[-1] = 17 << layer.weights.shadow_bits
    for value, charged in zip(range(-128, 128), found, strict=True):
        before = np.full(layer.outputs, value, np.int32)
        trace = Trace(*(np.zeros((1, layer.outputs), kind) for kind in (np.uint8, np.uint8, np.int32)))
        forward(layer, stored, np.zeros((1, layer.inputs), np.uint8), before, trace)
        wanted = min(max(charged, -128), 127)
        assert trace.membranes[0, 0] == (wanted - 40 if wanted >= 40 else wanted)
