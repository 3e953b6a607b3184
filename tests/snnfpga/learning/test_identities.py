"""Where two rules are the same rule, in float64, to 1e-12 of the largest gradient. Autograd BPTT is the oracle."""

import math

import pytest
import torch

from snnfpga.config.models import Config
from snnfpga.learning.online import StepLearner
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch
from snnfpga.learning.traces import Traces
from snnfpga.network.initial import initialise
from snnfpga.network.neuron import spiking
from snnfpga.network.window import BlockWeights, Flows, block_layers, layer_rest, layer_run, rest

STEPS, BATCH, INPUTS, CLASSES = 12, 5, 9, 3
SENSOR = (5, 4, 2)
ON_GRID = ["6C3"], ["P2", "4C2P1", "8"]      # needs a sensor; poolings and strides that the border cuts


def drawn(rule, *, blocks, learning, sensor=None, change=None, **network):
    """Settings, a network in float64, and events and labels for it; ``change`` is done to the network first."""
    config = Config.model_validate({"network": {"blocks": blocks} | network,
                                    "learning": {"rule": rule} | learning})
    generator = torch.Generator().manual_seed(4)
    inputs = INPUTS if sensor is None else math.prod(sensor)
    events = (torch.rand(STEPS, BATCH, inputs, generator=generator) < 0.4).to(torch.uint8)
    trained = initialise(config, events.float(), CLASSES, sensor).double()
    if change is not None:
        change(trained)
    return config, trained, events, torch.arange(BATCH) % CLASSES


def left_on(trained):
    """Gradients by name."""
    return {name: value.grad for name, value in trained.named_parameters() if value.grad is not None}


def gradients(rule, *, factors=None, shown=slice(None), batch=None, **case):
    """Gradients of all weights after one batch, by name.

    ``shown`` are the steps that the rule sees; ``batch`` is what the batch has beside them.
    """
    config, trained, events, labels = drawn(rule, **case)
    learn = RULES[rule].learn if factors is None else StepLearner(*factors)
    learn(trained, config.learning, Batch(events=events[shown], labels=labels, **batch or {}))
    return left_on(trained)


def assert_equal(found, wanted):
    assert found
    assert found.keys() == wanted.keys()
    for name, value in found.items():
        assert value.dtype == torch.float64
        assert value.abs().max() > 0, name
        assert (value - wanted[name]).abs().max() <= 1e-12 * wanted[name].abs().max(), name


def assert_different(found, wanted):
    assert any((value - wanted[name]).abs().max() > 1e-3 * value.abs().max() for name, value in found.items())


STEPWISE = {"accumulate": "cumulative"}
WINDOW = {"window": 4, "loss_at": "step", **STEPWISE}
NO_TRACE = STEPWISE | {"traces": {"pre": 0.0, "alpha_post": 0.0}}      # with which s-tllr is sltt


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("accumulate", ["window", "cumulative"])
def test_windows_of_one_step_in_one_block_are_sltt(bias, accumulate):
    blocks, learning = ((8, 7),), {"accumulate": accumulate}
    truncated = gradients("truncated-local", blocks=blocks, bias=bias,
                          learning=learning | {"window": 1, "loss_at": "step"})
    sltt = gradients("sltt", blocks=blocks, bias=bias, learning=learning)
    assert_equal(truncated, sltt)
    assert_different(gradients("truncated-local", blocks=blocks, bias=bias,
                               learning=learning | {"window": 2, "loss_at": "step"}), sltt)


def test_the_causal_half_of_s_tllr_with_the_neurons_leak_is_ottt():
    blocks = ((8, 7), (6,))
    leak = 1 - 2 ** -3
    traces = {"pre": leak, "post": 0.2, "alpha_pre": 1.0, "alpha_post": 0.0}
    ottt = gradients("ottt", blocks=blocks, learning=STEPWISE)
    assert_equal(gradients("s-tllr", blocks=blocks, learning=STEPWISE | {"traces": traces}), ottt)
    assert_different(gradients("s-tllr", blocks=blocks, learning=STEPWISE | {"traces": traces | {"alpha_post": -1.0}}),
                     ottt)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("readout", ["learned", "fixed"])
@pytest.mark.parametrize("window", [1, 3, 4, STEPS])
def test_truncated_local_of_single_layers_is_a_trace_that_restarts(window, bias, readout):
    blocks = ((8,), (7,))
    truncated = gradients("truncated-local", blocks=blocks, bias=bias, readout=readout,
                          learning=WINDOW | {"window": window})
    traced = gradients("decolle", blocks=blocks, bias=bias, readout=readout,
                       learning=STEPWISE | {"traces": {"restart": window}})
    assert_equal(truncated, traced)
    if window > 1:
        assert_different(gradients("lls", blocks=blocks, bias=bias, readout=readout, learning=STEPWISE), traced)


@pytest.mark.parametrize("bias", [False, True])
def test_single_layers_are_that_trace_where_membranes_saturate(bias):
    case = {"blocks": [[8], [7]], "bias": bias, "membrane_bits": 8, "gain": 2.0, "surrogate_width": 9.0}
    truncated = gradients("truncated-local", learning=WINDOW, **case)
    assert_equal(truncated, gradients("decolle", learning=STEPWISE | {"traces": {"restart": 4}}, **case))
    _, network, events, _ = drawn("decolle", learning={}, **case)
    layer, weights = network.spec.blocks[0].layers[0], network.integers()[0].layers[0]
    _, charged = layer_run(layer, weights, events.double(), layer_rest(layer, BATCH, weights), Flows(frozenset()))
    assert ((charged == layer.neuron.membrane_min) | (charged == layer.neuron.membrane_max)).sum() > 1


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_one_block_with_the_whole_sample_as_its_window_is_bptt(reset):
    blocks = ((8, 7),)
    assert_equal(gradients("truncated-local", blocks=blocks, reset=reset, learning={"window": STEPS}),
                 gradients("bptt", blocks=blocks, reset=reset, learning={}))


@pytest.mark.parametrize("bias", [False, True])
def test_on_a_grid_windows_of_one_step_are_sltt(bias):
    case = {"blocks": [[*ON_GRID[0], *ON_GRID[1]]], "sensor": SENSOR, "bias": bias}
    truncated = gradients("truncated-local", learning=STEPWISE | {"window": 1, "loss_at": "step"}, **case)
    assert_equal(truncated, gradients("sltt", learning=STEPWISE, **case))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("blocks", [[["6C3S2"], ["4C2P1G2"], ["SP2", "8"]], [["AP2", "6C3P0"], ["7"]]])
def test_on_a_grid_single_layers_are_a_trace_that_restarts(blocks, bias):
    case = {"blocks": blocks, "sensor": SENSOR if len(blocks) == 3 else (8, 8, 2), "bias": bias}
    truncated = gradients("truncated-local", learning=WINDOW, **case)
    assert_equal(truncated, gradients("decolle", learning=STEPWISE | {"traces": {"restart": 4}}, **case))


def test_on_a_grid_one_block_with_the_whole_sample_as_its_window_is_bptt():
    case = {"blocks": [[*ON_GRID[0], *ON_GRID[1]]], "sensor": SENSOR}
    assert_equal(gradients("truncated-local", learning={"window": STEPS}, **case),
                 gradients("bptt", learning={}, **case))


def learned_thresholds(trained):
    """Rows of thresholds away from 0, where nothing would show."""
    for block in trained.blocks:
        for weights in block.layers:
            row = weights.linear.weight.data[:, -1]        # where there is no bias
            row.copy_(torch.linspace(-weights.limit / 2, weights.limit / 2, len(row)))


@pytest.mark.parametrize("blocks", [[["8"], ["7"]], [["6C3S2", "4C2P1", "8R"]]])
def test_thresholds_that_are_learned(blocks):
    """They have no trace in any rule, so windows are cut nowhere for them."""
    case = {"blocks": blocks, "sensor": SENSOR, "learn_threshold": True, "change": learned_thresholds}
    one = gradients("truncated-local", learning=WINDOW | {"window": 1}, **case)
    if len(blocks) == 1:
        assert_equal(one, gradients("s-tllr", learning=NO_TRACE, **case))
    else:
        assert_equal(one, gradients("lls", learning=STEPWISE, **case))
        assert_equal(gradients("truncated-local", learning=WINDOW, **case),
                     gradients("decolle", learning=STEPWISE | {"traces": {"restart": 4}}, **case))
    assert_different(gradients("truncated-local", learning=WINDOW, **case),
                     gradients("truncated-local", learning=WINDOW, **case | {"change": None}))


def test_currents_of_an_earlier_layer():
    case = {"blocks": [["6C3", "6C3", "6C3+2", "8", "8+1"]], "sensor": SENSOR}
    whole = gradients("bptt", learning={}, **case)
    assert_equal(gradients("truncated-local", learning={"window": STEPS}, **case), whole)
    cut = gradients("truncated-local", learning={"window": STEPS, "feedback": "dfa"}, **case)
    assert cut.keys() == whole.keys()
    assert_different(cut, whole)


@pytest.mark.parametrize("bits", [(8, 4), (4, 8)])
def test_credit_of_added_currents_is_that_of_a_plain_sum(bits):
    config = Config.model_validate({"network": {"blocks": [[8, "8+1"]],
                                                "layers": [{"weight_bits": each} for each in bits]}})
    events = (torch.rand(STEPS, BATCH, INPUTS, generator=torch.Generator().manual_seed(4)) < 0.4).float()
    network = initialise(config, events, CLASSES)
    block, states = network.spec.blocks[0], rest(network.spec.blocks[0], BATCH, events)
    first, second = block.layers
    matrices = [matrix.detach().requires_grad_() for matrix in network.integers()[0].layers]
    own = events @ matrices[0]
    below, _ = spiking(own, states[0].membrane, first.neuron.threshold, first)
    added = (below @ matrices[1]) * 2 ** second.residual.own_shift + own * 2 ** second.residual.shift
    spikes, _ = spiking(added, states[1].membrane, second.neuron.threshold, second)
    weights = torch.randn(spikes.shape, generator=torch.Generator().manual_seed(5))
    wanted = torch.autograd.grad((spikes * weights).sum(), matrices)
    for joined in (True, False):
        layers, _ = block_layers(block, BlockWeights(matrices, network.integers()[0].readout), events, states, joined)
        assert torch.equal(layers[-1], spikes)
        found = torch.autograd.grad((layers[-1] * weights).sum(), matrices, allow_unused=True)
        assert torch.equal(found[1], wanted[1])
        assert found[1].abs().max() > 0
        if joined:
            torch.testing.assert_close(found[0], wanted[0])
        else:
            assert found[0] is None


def test_recurrent_layers():
    """Credit through a layer's own spikes is cut with the window: at one step nothing of it is left."""
    blocks = (("8R", "7R"),)
    one = gradients("truncated-local", blocks=blocks, learning=WINDOW | {"window": 1})
    assert_equal(one, gradients("s-tllr", blocks=blocks, learning=NO_TRACE))
    for token, equal in (("8", True), ("8R", False)):      # of one layer nothing else is cut
        case = {"blocks": ((token,),)}
        (assert_equal if equal else assert_different)(
            gradients("truncated-local", learning=WINDOW, **case),
            gradients("ottt", learning=STEPWISE | {"traces": {"restart": 4}}, **case))
    whole = {"blocks": (("8R", 7),)}
    assert_equal(gradients("truncated-local", learning={"window": STEPS}, **whole),
                 gradients("bptt", learning={}, **whole))


def test_a_trace_of_one_layer_is_autograd_through_time():
    """The oracle: a graph of plain operations through all steps, the gate its only derivative."""
    blocks = ((8,),)
    found = gradients("ottt", blocks=blocks, learning={"accumulate": "window"})
    config = Config.model_validate({"network": {"blocks": blocks}})
    generator = torch.Generator().manual_seed(4)
    events = (torch.rand(STEPS, BATCH, INPUTS, generator=generator) < 0.4).double()
    network = initialise(config, events.float(), CLASSES).double()
    layer = network.spec.blocks[0].layers[0]
    integers = network.integers()[0]
    membrane, total = torch.zeros(BATCH, 8, dtype=torch.float64), 0.0
    for step in events:
        leaked = membrane - membrane * 2.0 ** -layer.neuron.leak_shift
        floored = leaked + (membrane.detach() * 2.0 ** -layer.neuron.leak_shift
                            - torch.floor(membrane.detach() * 2.0 ** -layer.neuron.leak_shift))
        charged = floored + step @ integers.layers[0]
        near = (charged.detach() - layer.neuron.threshold).abs() < layer.surrogate.width
        gate = near.double() / (2 * layer.surrogate.width)
        spike = (charged.detach() >= layer.neuron.threshold).double()
        membrane = charged - spike * layer.neuron.threshold
        spike = spike + gate * (charged - charged.detach())
        total = total + torch.nn.functional.cross_entropy(
            spike @ integers.readout * network.blocks[0].logit_scale, torch.arange(BATCH) % CLASSES)
    total.backward()
    wanted = {name: value.grad for name, value in network.named_parameters() if value.grad is not None}
    assert_equal(found, wanted)


def test_other_factors_are_other_rules():
    blocks = ((8, 7),)
    known = [gradients(rule, blocks=blocks, learning=STEPWISE) for rule in ("sltt", "ottt", "s-tllr", "tess")]
    for number, one in enumerate(known):
        for other in known[number + 1:]:
            assert_different(one, other)
    assert_equal(gradients("sltt", blocks=blocks, learning=STEPWISE, factors=(Traces(pre="leak"), "network")), known[1])


@pytest.mark.parametrize("rule", list(RULES))
def test_nothing_is_learned_after_a_samples_end(rule):
    """Samples that end after 7 steps are those samples cut there, whatever comes later."""
    config = Config.model_validate({"network": {"blocks": ((8,), (7,))}, "learning": {"rule": rule, "segment": 4}
                                    if rule == "bptt-checkpoint" else {"rule": rule}})
    generator = torch.Generator().manual_seed(4)
    events = (torch.rand(STEPS, BATCH, INPUTS, generator=generator) < 0.4).to(torch.uint8)
    ends = torch.full((BATCH,), 8)
    within = (torch.arange(STEPS)[:, None] < ends).double()[:, :, None]
    found = []
    for shown, mask in ((events[:8], None), (events, within), (events, None)):
        trained = initialise(config, events.float(), CLASSES).double()
        learned = RULES[rule].learn(trained, config.learning,
                                    Batch(events=shown, labels=torch.arange(BATCH) % CLASSES, within=mask))
        found.append(({name: value.grad for name, value in trained.named_parameters() if value.grad is not None},
                      learned.answers))
    (cut, cut_answers), (masked, answers), (whole, _) = found
    assert torch.equal(answers, cut_answers)
    assert_equal(masked, cut)
    assert_different(whole, cut)
