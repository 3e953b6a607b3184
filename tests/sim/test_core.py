from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from rtl_gen.contract.network_file import read, write
from rtl_gen.core import Core
from rtl_gen.mailbox import MailboxCore
from sim import runner
from sim.core import CoreError, run_on_core
from sim.reference.initial import random_network
from sim.reference.network import Reference
from tests.networks import network_spec

SCRIPT = """
import numpy as np
from board.host.host import Host
from board.host.link import MmioLink
from rtl_gen.contract.network_file import read, write

def learn(link, spec, *, network, data, through_mailbox, out):
    host = Host(MmioLink(link) if through_mailbox else link, spec)
    host.load(read(network))
    found = []
    with np.load(data) as arrays:
        for number, (spikes, label) in enumerate(zip(arrays["spikes"], arrays["labels"])):
            if number in (4, 8):
                host.set_rates([3, 4] if number == 4 else [1, 0])
            if number % 4 == 0:
                result, steps = host.run_stepwise(spikes, label=int(label), learn=True)
                assert len(steps) == len(spikes)
            else:
                result = host.run(spikes, label=int(label), learn=True)
            found.append([result.prediction, result.answers.tolist()])
    write(out, host.network())
    return {"results": found, "counters": host.counters(), "errors": int(host.errors())}

def breaks(link, spec):
    link.read(0x7ffc)

def waits(link, spec):
    link.receive(1e-5)
"""
SPEC = network_spec(inputs=10, sizes=(9, 6), lanes=4, window=3, max_steps=8)


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    folder = tmp_path_factory.mktemp("script")
    (folder / "host_script.py").write_text(SCRIPT)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory, icarus):
    """Builds each core once."""
    @cache
    def build(component):
        return runner.build(component(SPEC), build_dir=tmp_path_factory.mktemp("device"), simulator=icarus)
    return build


@pytest.mark.parametrize("component", [Core, MailboxCore])
def test_the_host_driver_learns_as_the_reference_does(built, component, script, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(script)
    network = replace(random_network(SPEC, 5, density=0.3), rates=(0, 2))
    write(tmp_path / "network.safetensors", network)
    generator = np.random.default_rng(5)
    spikes = (generator.random((12, 6, SPEC.inputs)) < 0.3).astype(np.uint8)
    labels = generator.integers(0, SPEC.classes, 12)
    np.savez(tmp_path / "data.npz", spikes=spikes, labels=labels)
    found = run_on_core(built(component), script="host_script:learn", arguments={
        "network": str(tmp_path / "network.safetensors"), "data": str(tmp_path / "data.npz"),
        "through_mailbox": component is MailboxCore, "out": str(tmp_path / "learned.safetensors")})

    reference = Reference(network)
    wanted = []
    for number, (sample, label) in enumerate(zip(spikes, labels, strict=True)):
        reference.rates = [0, 2] if number < 4 else [3, 4] if number < 8 else [1, 0]
        wanted.append(reference.run(sample, int(label), True))
    assert found["results"] == [[result.prediction, result.answers[-1].tolist()] for result in wanted]
    assert found["errors"] == 0
    assert found["counters"] | {f"block{b}.{name}": value for b, counters in enumerate(reference.counters)
                                for name, value in counters.items()} == found["counters"]
    learned, wanted = read(tmp_path / "learned.safetensors"), reference.network()
    assert (learned.window_numbers, learned.rates) == (wanted.window_numbers, (1, 0))
    for block in range(len(SPEC.blocks)):
        assert np.array_equal(learned.weights[block][0], wanted.weights[block][0])
        assert np.array_equal(learned.readouts[block], wanted.readouts[block])


def test_a_script_that_fails_is_quoted(built, script, monkeypatch):
    monkeypatch.syspath_prepend(script)
    with pytest.raises(CoreError, match="BusError: Read of 0x7ffc was answered SLVERR"):
        run_on_core(built(Core), script="host_script:breaks", arguments={})


def test_a_wait_in_vain_ends(built, script, monkeypatch):
    monkeypatch.syspath_prepend(script)
    with pytest.raises(CoreError, match="TimeoutError: Waited 10 us of simulated time for a packet"):
        run_on_core(built(Core), script="host_script:waits", arguments={})
