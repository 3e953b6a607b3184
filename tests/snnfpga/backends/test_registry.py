"""What every line of the registry gives, and what it costs to read them."""

import subprocess
import sys

import numpy as np
import pytest

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.protocol import BLOCK_COUNTERS
from snnfpga.backends import registry
from snnfpga.backends.backend import Backend, Trace
from snnfpga.backends.registry import BACKENDS, Entry, check_name, described, learners, make
from snnfpga.data.dataset import Split
from tests.networks import network, samples


@pytest.fixture
def split():
    spikes, labels = samples(network().spec, 3)
    return Split(spikes, labels.astype(np.int64), np.array([7, 3, 4]))


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_does_what_its_line_says(name, split, tmp_path, monkeypatch, icarus):
    monkeypatch.chdir(tmp_path)
    backend, before = make(name, network(), icarus if name == "rtl" else None), network()
    assert isinstance(backend, Backend)
    done = []
    traces = list(backend.run(split, lambda number=1: done.append(number), trace=True))
    assert sum(done) == len(traces) == 3
    for trace, steps in zip(traces, split.lengths, strict=True):
        assert 0 <= trace.prediction < before.spec.classes
        for b, block in enumerate(before.spec.blocks):
            assert trace.answers[b].shape == (before.spec.classes,)
            assert [layer.shape for layer in trace.spikes[b]] == [(steps, layer.outputs) for layer in block.layers]
            assert [layer.shape for layer in trace.membranes[b]] == [layer.shape for layer in trace.spikes[b]]
    untraced = list(backend.run(split, lambda number=1: None, trace=False))
    assert [trace.prediction for trace in untraced] == [trace.prediction for trace in traces]
    assert all(trace.spikes is None and trace.membranes is None for trace in untraced)
    assert backend.counters() == {}
    if BACKENDS[name].learns:
        backend.learn(split, lambda number=1: None)
        assert set(backend.counters()) == set(BLOCK_COUNTERS)
        assert any((now != then).any() for one, other in zip(backend.network().weights, before.weights, strict=True)
                   for now, then in zip(one, other, strict=True))
    else:
        with pytest.raises(SnnfpgaError, match=f"^Backend {name} does not learn as the chip does; take one of ref"):
            backend.learn(split, lambda number=1: None)
        with pytest.raises(SnnfpgaError, match=f"^Backend {name} does not learn as the chip does; take one of ref"):
            check_name(name, to_learn=True)


def test_another_backend_is_one_file_and_one_line(monkeypatch):
    class Dice(Backend):
        def run(self, split, advance, *, trace):
            yield from (Trace(0, []) for _ in range(len(split)))

        def learn(self, split, advance):
            self._counters = {"updates": 1}

    monkeypatch.setattr("snnfpga.backends.reference.Dice", Dice, raising=False)
    monkeypatch.setitem(BACKENDS, "dice", Entry(target="reference:Dice", about="thrown"))
    assert isinstance(make("dice", network()), Dice)
    assert learners() == ["reference", "rtl", "dice"]
    assert described(BACKENDS) == "torch, reference, rtl: the hardware in a simulator, or dice: thrown"
    check_name("dice", to_learn=True)


def test_the_names_are_read_without_the_machines():
    script = ("import sys\nfrom snnfpga.backends.registry import BACKENDS\n"
              "assert not {'torch', 'numba', 'numpy', 'cocotb', 'amaranth', 'pydantic'} & set(sys.modules)")
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0


def test_the_reference_starts_without_pytorch():
    script = (f"import sys\nfrom {registry.__package__} import backend, reference, rtl\n"
              "assert 'torch' not in sys.modules")
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
