"""Modules of snnTorch and SpikingJelly without a file: spikes beside those that the packages themselves compute."""

import numpy as np
import pytest
import torch
from torch import nn

import snnfpga
from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.data.dataset import Split
from snnfpga.importers.recorded import _first, _last
from snnfpga.network.inference import batch_passages, weights_of

STEPS, BATCH = 16, 12
MOST = 0.02         # of the first layer's spikes, by leaks of three shifts and weights of 16 bits


def linear(inputs, outputs, **more):
    torch.manual_seed(inputs + outputs)
    made = nn.Linear(inputs, outputs, **more)
    with torch.no_grad():
        made.weight *= 2.5
    return made


def ours(modules, events):
    """Spikes of the first layer, (T, B, N), as the modules have them in order."""
    shape = tuple(events.shape[2:])
    found = snnfpga.from_torch(modules, shape, settings=("network.weight_bits=16",), on_line=lambda line: None)
    flat = _last(events.reshape(STEPS, BATCH, -1).numpy().astype(np.uint8), shape)
    split = Split(np.ascontiguousarray(flat.swapaxes(0, 1)), np.zeros(BATCH, np.int64))
    values = found.network.values
    return next(batch_passages(values.spec, weights_of(values), split))[0].spikes[0].numpy()


def compared(modules, shape, first):
    """Ours beside ``first``, which computes a step of the first layer."""
    events = (torch.rand(STEPS, BATCH, *shape, generator=torch.Generator().manual_seed(1)) < 0.4).float()
    with torch.no_grad():
        wanted = torch.stack([first(step) for step in events])
    found = _first(ours(modules, events), tuple(wanted.shape[2:]))
    wanted = wanted.reshape(STEPS, BATCH, -1).numpy()
    assert 0.02 < wanted.mean() < 0.9
    return np.abs(found - wanted).sum() / wanted.sum()


@pytest.mark.parametrize("kind", ["late", "zero", "recurrent", "synaptic", "conv"])
def test_snntorch(kind):
    snn = pytest.importorskip("snntorch", reason="snntorch is not installed")
    connect, shape, end = linear(20, 24), (20,), 24
    if kind == "conv":
        torch.manual_seed(0)
        connect, shape = nn.Conv2d(2, 4, 3, padding=1), (2, 4, 4)
        end = 64
        with torch.no_grad():
            connect.weight *= 2.5
    made = {"late": lambda: snn.Leaky(beta=0.9), "conv": lambda: snn.Leaky(beta=0.8),
            "zero": lambda: snn.Leaky(beta=0.7, threshold=0.75, reset_mechanism="zero"),
            "recurrent": lambda: snn.RLeaky(beta=0.85, linear_features=24),
            "synaptic": lambda: snn.Synaptic(alpha=0.55, beta=0.9)}[kind]()
    modules = [connect, made, *([nn.Flatten()] if kind == "conv" else []), linear(end, 3), snn.Leaky(beta=0.9)]
    states = []

    def first(events):
        currents = connect(events)
        if not states:
            states[:] = [torch.zeros_like(currents)] * (1 if type(made).__name__ == "Leaky" else 2)
        spikes, *after = made(currents, *states)
        states[:] = [spikes, *after] if kind == "recurrent" else after
        return spikes

    assert compared(modules, shape, first) <= MOST


@pytest.mark.parametrize("kind", ["lif", "plain", "soft", "shifted", "parametric", "cuba"])
def test_spikingjelly(kind):
    neuron = pytest.importorskip("spikingjelly.activation_based.neuron", reason="spikingjelly is not installed")
    made = {"lif": lambda: neuron.LIFNode(), "plain": lambda: neuron.LIFNode(tau=4.0, decay_input=False),
            "soft": lambda: neuron.IFNode(v_reset=None),
            "shifted": lambda: neuron.LIFNode(tau=2.0, v_reset=-0.25, v_threshold=0.5),
            "parametric": lambda: neuron.ParametricLIFNode(init_tau=2.0),
            "cuba": lambda: neuron.CUBALIFNode(c_decay=0.5, v_decay=0.75)}[kind]()
    connect = linear(20, 24)
    modules = nn.Sequential(connect, made, linear(24, 3), neuron.IFNode())
    assert compared(modules, (20,), lambda events: made(connect(events))) <= MOST


class Leaky(nn.Module):
    """Stands for snnTorch's, whose own are tested where it is installed."""

    def __init__(self, **more):
        super().__init__()
        self.beta, self.threshold, self.reset_mechanism = torch.tensor(0.5), torch.tensor(1.0), "subtract"
        self.reset_delay, self.inhibition, self.state_quant = True, False, False
        vars(self).update(more)


def filled(module, value):
    """The module with all its weights at ``value``."""
    nn.init.constant_(module.weight, value)
    return module


class RLeaky(Leaky):
    """Stands for snnTorch's, whose zero takes what comes in the step after a spike as well."""


class CUBALIFNode(nn.Module):
    """Stands for SpikingJelly's, whose membrane leaks to 0."""

    v_reset = -0.25


@pytest.mark.parametrize(("modules", "shape", "message"), [
    ([nn.Linear(4, 3), Leaky(reset_delay=False)], (4,),
     "Module 1 (Leaky) subtracts at once with reset_delay=False, after which a neuron left above its threshold must "
     "clear two, and no neuron here does; take reset_delay=True, or reset_mechanism zero"),
    ([nn.Linear(4, 3), Leaky(reset_mechanism="none")], (4,),
     "Module 1 (Leaky) must reset by subtract or zero, not none; set reset_mechanism"),
    ([nn.Linear(4, 3), Leaky(inhibition=True)], (4,),
     "Module 1 (Leaky) must have no inhibition, state_quant or graded_spikes_factor; leave them out"),
    ([nn.Linear(4, 3), RLeaky(reset_mechanism="zero")], (4,),
     "Module 1 (RLeaky) resets to zero with reset_delay=True in the step after a spike, and loses what comes in then, "
     "as no neuron here does; take reset_delay=False, or reset_mechanism subtract"),
    ([nn.Linear(4, 3), CUBALIFNode()], (4,),
     "Module 1 (CUBALIFNode) must have v_reset 0, to which its membrane leaks, or None, not -0.25; train it so"),
    ([nn.Linear(4, 3), Leaky(threshold=torch.tensor(-1.0))], (4,),
     "Node 1 must have thresholds above what a reset leaves, not -1 above it; train it so"),
    ([nn.Linear(4, 3), Leaky(beta=torch.tensor(0.0))], (4,),
     "Node 1 keeps nothing of a membrane in a step, so that no subtraction before its leak is what a late one takes; "
     "train with a leak that keeps some, or with a reset to zero"),
    (nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.ReLU())), (4,),
     "Module 1.0 (ReLU) has no counterpart here: it passes on numbers that are no spikes; take spiking neurons"),
    ([nn.Linear(4, 3), nn.Hardshrink()], (4,),
     "Module 1 (Hardshrink) has no counterpart here: known are Linear, Conv2d, AvgPool2d, Flatten, MaxPool2d, "
     "BatchNorm2d, Leaky, RLeaky, Synaptic, RSynaptic, IFNode, LIFNode, ParametricLIFNode, CUBALIFNode; replace it"),
    ([nn.Linear(4, 3), type("LIFBoxCell", (nn.Module,), {"__module__": "norse.torch.module"})()], (4,),
     "Module 1 (LIFBoxCell) has no counterpart here: its package's modules are read from files alone: write one with "
     "norse.torch.to_nir, and take snnfpga import --from norse"),
    ([nn.Linear(4, 3), type("NonSpikingLIFNode", (nn.Module,), {})()], (4,),
     "Module 1 (NonSpikingLIFNode) has no counterpart here: it integrates and never fires; leave it out where it is "
     "the last, as a Linear at the end is summed over the steps, or import a file with its LI and --reading"),
    ([nn.Linear(4, 3), type("LinearRecurrentContainer", (nn.Module,), {})()], (4,),
     "Module 1 (LinearRecurrentContainer) has no counterpart here: it is recurrent, which here snnTorch's RLeaky and "
     "RSynaptic alone are; take one of these"),
    ([nn.MaxPool2d(2), nn.Conv2d(2, 2, 2), Leaky()], (2, 4, 4),
     "Node 0 takes a maximum of inputs, which may count more than one event; pool spikes of neurons, or the data"),
    ([nn.Linear(4, 3), nn.BatchNorm1d(3, track_running_stats=False), Leaky()], (4,),
     "Module 1 (BatchNorm1d) must keep its statistics; take track_running_stats=True, and train it so"),
    ([nn.Linear(4, 3), Leaky(), nn.BatchNorm1d(3), nn.Linear(3, 3), Leaky()], (4,),
     "Node 2 normalises what are no currents (after shape 3); put it between connections and their neurons"),
    ([nn.Linear(5, 3), Leaky()], (4,), "Node 0 takes 5 inputs, and 4 reach it; mend the shape"),
    ([nn.Linear(4, 3), Leaky()], (1, 4), "input_shape must be (inputs,) or (channels, rows, columns), not (1, 4); "
                                         "leave out the batch and time"),
    ([], (4,), "The modules must be a torch.nn.Sequential, or a list of layers in order, and there are none; give them "
               "in the order in which events pass"),
    ([nn.Conv2d(1, 2, 3, padding_mode="circular"), Leaky()], (1, 4, 4),
     "Module 0 (Conv2d) must pad with zeros, not circular; change padding_mode"),
    ([nn.Conv2d(1, 2, 3, dilation=2), Leaky()], (1, 8, 8),
     "dilation of Node 0 (Conv2d) must be 1, not 2; write the kernel out with zeros between"),
    ([nn.Conv2d(1, 2, 3), Leaky(), nn.AvgPool2d(2, divisor_override=-2)], (1, 4, 4),
     "Module 2 (AvgPool2d) must divide by a number above 0, not -2; change divisor_override"),
    ([nn.Conv2d(1, 2, 3), Leaky(), nn.AvgPool2d(2, ceil_mode=True)], (1, 4, 4),
     "Module 2 (AvgPool2d) must leave out squares that the border cuts; take ceil_mode False"),
    ([nn.Conv2d(1, 2, 3), Leaky(), nn.AvgPool2d("a")], (1, 4, 4),
     "kernel_size of Node 2 (AvgPool2d) must be real numbers, not text; mend it"),
    ([nn.Conv2d(1, 2, 3), Leaky(), nn.Flatten(2)], (1, 4, 4),
     "Module 2 (Flatten) must flatten all dimensions but the batch, start_dim 1 and end_dim -1, not 2 and -1; flatten "
     "the whole"),
    ([nn.Linear(4, 3, device="meta"), Leaky()], (4,),
     "weight of Module 0 (Linear) is on the device meta, which holds no numbers; load the trained ones"),
    ([nn.Linear(4, 3, dtype=torch.complex64), Leaky()], (4,),
     "weight of Module 0 (Linear) must be real numbers, not complex ones; train it so"),
    ([filled(nn.Linear(4, 3), torch.nan), Leaky()], (4,),
     "weight of Module 0 (Linear) must be finite, and 12 of 12 values are NaN or infinite; train the network again"),
    ([nn.Linear(4, 3), Leaky(threshold=torch.tensor(torch.inf))], (4,),
     "threshold of Module 1 (Leaky) must be finite, and 1 of 1 values are NaN or infinite; train the network again"),
    ([nn.Linear(4, 3), Leaky(threshold="high")], (4,),
     "threshold of Module 1 (Leaky) must be real numbers in a dense tensor, and cannot be read as such (could not "
     "convert string to float: 'high'); convert it"),
    ([nn.Linear(4, 3), Leaky(graded_spikes_factor=torch.full((3,), 2.0))], (4,),
     "Module 1 (Leaky) must have no inhibition, state_quant or graded_spikes_factor; leave them out"),
    ([nn.Linear(4, 3), Leaky], (4,), "Module 1 must be a layer, not the class Leaky; make one of it"),
    (nn.Sequential, (4,), "Module 0 must be a layer, not the class Sequential; make one of it"),
    ([nn.Linear(4, 3), type("IFNode", (nn.Module,), {})()], (4,),
     "Module 1 (IFNode) must have v_reset, and has none; is it of another version or package?"),
    ([nn.Linear(4, 3), type("IFNode", (nn.Module,), {"surrogate_function": type("S", (), {"spiking": False})()})()],
     (4,), "Module 1 (IFNode) gives out numbers that are no spikes; take spiking=True in its surrogate_function"),
    ([nn.Linear(4, 3), nn.BatchNorm1d(3, eps=-2.0), Leaky()], (4,),
     "Module 1 (BatchNorm1d) must have running_var and eps whose sum is above 0; train it so"),
])
def test_modules_that_cannot_be_had(modules, shape, message):
    with pytest.raises(SnnfpgaError) as caught:
        snnfpga.from_torch(modules, shape)
    assert (str(caught.value), caught.value.exit_code) == (message, 2)


def test_what_is_said_twice_or_held_otherwise_is_the_same():
    """A divisor that is the square's or in the weights, a factor of ones, and bfloat16, which NumPy lacks."""
    plain = [nn.Conv2d(1, 2, 3), Leaky(), nn.AvgPool2d(2), nn.Flatten(), filled(nn.Linear(2, 3), 0.75), Leaky()]
    filled(plain[0], 0.5)
    for module in (plain[0], plain[4]):
        nn.init.zeros_(module.bias)
    other = [plain[0].bfloat16(), Leaky(graded_spikes_factor=torch.ones(9)), nn.AvgPool2d(2, divisor_override=4),
             *plain[3:]]
    summed = [*plain[:2], nn.AvgPool2d(2, divisor_override=1), plain[3], filled(nn.Linear(2, 3), 0.1875), Leaky()]
    nn.init.zeros_(summed[4].bias)
    first, *others = (snnfpga.from_torch(modules, (1, 4, 4), on_line=lambda line: None).network.values
                      for modules in (plain, other, summed))
    for second in others:
        assert first.spec == second.spec
        for ours, theirs in zip(first.weights[0], second.weights[0], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_maximum_of_spikes_and_a_normalisation(tmp_path):
    """A maximum is whether any spike came, and statistics that stand are weights and biases."""
    torch.manual_seed(3)
    norm = nn.BatchNorm2d(3)
    with torch.no_grad():
        norm.running_mean.uniform_(-0.2, 0.2)
        norm.running_var.uniform_(0.1, 0.5)
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.uniform_(0.0, 0.3)
    modules = [nn.Conv2d(2, 3, 3, padding=1), norm, Leaky(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 2), Leaky(), nn.Flatten(),
               nn.Linear(4, 3), Leaky()]
    events = (torch.rand(STEPS, BATCH, 2, 4, 4, generator=torch.Generator().manual_seed(1)) < 0.4).float()
    found = snnfpga.from_torch(modules, (2, 4, 4), settings=("network.weight_bits=16",), on_line=lambda line: None)
    assert found.network.spec.blocks[0].layers[1].pool.kind == "or"
    split = Split(np.ascontiguousarray(_last(events.reshape(STEPS, BATCH, -1).numpy().astype(np.uint8), (
        2, 4, 4)).swapaxes(0, 1)), np.zeros(BATCH, np.int64))
    values = found.network.values
    ours = next(batch_passages(values.spec, weights_of(values), split))[0].spikes
    with torch.no_grad():
        currents = norm.eval()(modules[0](events.flatten(0, 1))).unflatten(0, (STEPS, BATCH))
        first = _late(currents)
        pooled = nn.functional.max_pool2d(first.flatten(0, 1), 2)
        second = _late(modules[4](pooled).unflatten(0, (STEPS, BATCH)))
    for own, wanted in zip(ours, (first, second), strict=False):
        seen = _first(own.numpy(), tuple(wanted.shape[2:]))
        wanted = wanted.reshape(STEPS, BATCH, -1).numpy()
        assert np.abs(seen - wanted).sum() <= MOST * wanted.sum()
        assert 0.02 < wanted.mean() < 0.9


def _late(currents):
    """Spikes of :class:`Leaky`, which keeps a half and subtracts a step late."""
    v, before, found = torch.zeros_like(currents[0]), torch.zeros_like(currents[0]), []
    for x in currents:
        v = 0.5 * v + x - before
        before = (v > 1.0).float()
        found.append(before)
    return torch.stack(found)


def test_a_network_from_modules_is_one_like_any_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.savez("mine.npz", spikes=(rng.random((20, 6, 4)) < 0.5).astype(np.uint8), label=np.arange(20) % 3)
    found = snnfpga.from_torch([linear(4, 6), Leaky(), nn.Dropout(), linear(6, 3), Leaky()], (4,), data="mine.npz",
                               name="made", on_line=lambda line: None)
    assert found.to_dict()["source"]["from"] == "modules"
    assert "made" in repr(found)
    with pytest.raises(SnnfpgaError, match=r"in memory alone has no folder for what is learned; give out"):
        snnfpga.learn(found, data="mine.npz")
    found.network.save("made.safetensors")
    measured = snnfpga.evaluate("made.safetensors", backend="reference", on_line=lambda line: None)
    assert measured.measured.differences.total == 0
