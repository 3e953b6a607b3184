"""Currents of large layers equal the ordinary product to the bit; their gradient is the ordinary one."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.errors import TypingError

from snnfpga.learning.memory import ActivationMeter
from snnfpga.network import sparse
from snnfpga.network.gather import gather_columns, gather_rows
from snnfpga.network.synapses import currents
from tests import networks

INPUTS, OUTPUTS = 83, 37       # neither whole words of events nor whole groups


def layer(**changes):
    return networks.layer(**{"inputs": INPUTS, "outputs": OUTPUTS, "membrane_bits": 16} | changes)


def drawn(spec, density, dtype=torch.uint8):
    generator = torch.Generator().manual_seed(round(density * 100))
    limit = (1 << (spec.weights.bits - 1)) - 1
    events = (torch.rand(9, 13, INPUTS, generator=generator) < density).to(dtype)
    weights = torch.randint(-limit, limit + 1, (spec.rows, OUTPUTS), generator=generator).float().requires_grad_()
    return events, weights, torch.randn(9, 13, OUTPUTS, generator=generator)


def ours(events, weights, spec):
    return currents(events.flatten(0, -2), weights, spec).unflatten(0, events.shape[:-1])


def plain(events, weights, spec):
    with sparse.plain_products():
        return ours(events, weights, spec)


def graph(found):
    """Names of what made it, back to the weights."""
    names, node = [], found.grad_fn
    while node is not None:
        names.append(node.name())
        node = next((before for before, _ in node.next_functions if before is not None), None)
    return names


@pytest.fixture(autouse=True)
def nothing_is_small(monkeypatch):
    monkeypatch.setattr(sparse, "SMALL", 0)


@pytest.mark.parametrize("as_bytes", [True, False])
@pytest.mark.parametrize("density", [0.0, 0.02, 0.1, 0.6, 1.0])
@pytest.mark.parametrize("changes", [{}, {"bias": True}, {"weight_bits": 12}])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_equal_to_the_ordinary_product(monkeypatch, as_bytes, density, changes, dtype):
    monkeypatch.setattr(sparse, "BYTES", as_bytes)
    spec = layer(**changes)
    events, weights, taste = drawn(spec, density, dtype)
    if dtype.is_floating_point:
        events.requires_grad_()
    found = ours(events, weights, spec)
    assert "ProductBackward" in graph(found)
    wanted = plain(events, weights, spec)
    assert torch.equal(found, wanted)
    leaves = [weights, events] if dtype.is_floating_point else [weights]
    for got, right in zip(torch.autograd.grad((found * taste).sum(), leaves),
                          torch.autograd.grad((wanted * taste).sum(), leaves), strict=True):
        torch.testing.assert_close(got, right, rtol=1e-6, atol=1e-5)


def test_counts_above_one_are_multiplied():
    spec = layer()
    events, weights, taste = drawn(spec, 0.02)
    events = events.flatten(0, 1) * 3
    taste = taste.flatten(0, 1)
    found = sparse.product(events, weights, spec.weights.bits, 3)
    wanted = events.float() @ weights
    assert torch.equal(found, wanted)
    torch.testing.assert_close(torch.autograd.grad((found * taste).sum(), weights),
                               torch.autograd.grad((wanted * taste).sum(), weights), rtol=1e-6, atol=1e-5)


def test_the_density_chooses(monkeypatch):
    seen = []
    monkeypatch.setattr(sparse, "gather_columns", lambda *given: seen.append(given) or gather_columns(*given))
    spec = layer()
    for density, walks in ((0.05, 1), (0.5, 0)):
        events, weights, taste = drawn(spec, density)
        (ours(events, weights, spec) * taste).sum().backward()
        assert len(seen) == walks
        seen.clear()


@pytest.mark.parametrize(("as_bytes", "bits", "density", "table"), [
    (True, 8, 0.01, torch.int8), (True, 8, 0.1, None), (True, 12, 0.1, torch.float32), (False, 8, 0.1, torch.int8),
    (False, 8, 0.5, None)])
def test_the_density_chooses_forward(monkeypatch, as_bytes, bits, density, table):
    seen = []
    monkeypatch.setattr(sparse, "BYTES", as_bytes)
    monkeypatch.setattr(sparse, "gather_rows", lambda *given: seen.append(given[1].dtype) or gather_rows(*given))
    spec = layer(weight_bits=bits)
    events, weights, _ = drawn(spec, density)
    ours(events, weights, spec)
    assert seen == ([] if table is None else [table])


def test_bytes_are_made_once_for_each_weights():
    weights = torch.arange(-6.0, 6.0).view(3, 4).t()
    found = sparse.bytes_of(weights)
    assert found.rows.is_contiguous()
    assert sparse.bytes_of(weights) is found
    weights += 1
    assert torch.equal(sparse.bytes_of(weights).rows, weights.to(torch.int8))


@pytest.mark.skipif(not sparse.BYTES, reason="no AVX-512, or a PyTorch without oneDNN's product of bytes")
@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 200), inputs=st.integers(1, 300), outputs=st.integers(1, 140), largest=st.integers(1, 127),
       seed=st.integers(0, 99))
def test_products_of_bytes_of_any_size(rows, inputs, outputs, largest, seed):
    """oneDNN's own are wrong where the inputs are no whole tiles, in some sizes and not in others."""
    generator = torch.Generator().manual_seed(seed)
    events = torch.randint(0, largest + 1, (rows, inputs), generator=generator).to(torch.uint8)
    weights = torch.randint(-128, 128, (inputs, outputs), generator=generator).float()
    assert torch.equal(sparse.Bytes(weights).times(events), events.float() @ weights)


@pytest.mark.parametrize("outputs", [1, 16, 131, 128 + 32 + 5])
@pytest.mark.parametrize("inputs", [3, 64, 263])
@pytest.mark.parametrize("density", [0.0, 0.02, 0.4, 1.0])
def test_sums_of_any_size(inputs, outputs, density):
    """Whole numbers, whose sums have no order: through columns by the hundred, by the sixteen and one by one."""
    generator = torch.Generator().manual_seed(inputs * outputs)
    events = (torch.rand(70, inputs, generator=generator) < density).to(torch.uint8)
    down, up = (torch.randint(-128, 128, (rows, outputs), generator=generator) for rows in (inputs, 70))
    for table in (down.to(torch.int8), down.float()):
        assert torch.equal(gather_rows(events, table), events.float() @ down.float())
    wanted = events.float().t() @ up.float()
    assert torch.equal(gather_columns(events, up.float()), wanted)
    onto = torch.arange(wanted.numel()).view_as(wanted).float()
    gather_columns(events, up.float(), onto)
    assert torch.equal(onto, wanted + torch.arange(wanted.numel()).view_as(wanted))


def test_what_is_no_event_reads_nothing_beyond():
    events, table = torch.full((70, 9), 255, dtype=torch.uint8), torch.ones(70, 20)
    assert torch.equal(gather_columns(events, table), torch.full((9, 20), 70.0))
    assert torch.equal(gather_rows(events, table[:9]), torch.full((70, 20), 9.0))


def test_threads_change_no_bit():
    events, _, taste = drawn(layer(), 0.1)
    events, taste = events.flatten(0, 1), taste.flatten(0, 1)
    many = (torch.rand(300, 117, generator=torch.Generator().manual_seed(0)) < 0.2).to(torch.uint8)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 16):
            torch.set_num_threads(threads)
            found.append((gather_columns(events, taste), gather_rows(many, taste)))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, two) for others in found[1:] for one, two in zip(found[0], others, strict=True))


@pytest.mark.parametrize("table", [torch.ones(5, 20, dtype=torch.float64), torch.ones(5, 20, dtype=torch.int16)])
def test_other_tables_are_refused(table):
    with pytest.raises(TypingError):
        gather_rows(torch.ones(3, 5, dtype=torch.uint8), table)


def test_starting_leaves_the_threads_of_pytorch_alone():
    """In a process of its own: Numba tells OpenMP its number of threads once, when it starts."""
    code = ("import torch; from snnfpga.network.gather import gather_rows; torch.set_num_threads(1); "
            "gather_rows(torch.ones(9, 8, dtype=torch.uint8), torch.ones(8, 3)); print(torch.get_num_threads())")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1\n"


def test_gradients_add_up_in_place_to_the_same_bits(monkeypatch):
    spec = layer()
    events, weights, taste = drawn(spec, 0.1)
    in_place, into = sparse.adds_in_place(weights.detach().clone().requires_grad_()), []
    monkeypatch.setattr(sparse, "gather_columns", lambda *given: into.append(given[2:]) or gather_columns(*given))
    for leaf in (weights, in_place):
        for part in (taste, 3 * taste, -0.7 * taste):
            (ours(events, leaf, spec) * part).sum().backward()
    assert torch.equal(in_place.grad, weights.grad)
    assert [len(sums) for sums in into] == [0, 0, 0, 0, 1, 1]


def test_what_is_kept_are_bytes():
    spec = layer()
    events, weights, _ = drawn(spec, 0.1)
    with ActivationMeter() as meter:
        kept = ours(events, weights, spec)
    assert meter.peak_bytes == events.numel()
    del kept


def test_small_products_are_ordinary(monkeypatch):
    spec = layer()
    events, weights, _ = drawn(spec, 0.1)
    monkeypatch.setattr(sparse, "SMALL", events.numel() * OUTPUTS + 1)
    assert "ProductBackward" not in graph(ours(events, weights, spec))
