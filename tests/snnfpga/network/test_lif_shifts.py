"""Neurons that leak by signed shifts, in training."""

import pytest
import torch

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.neurons.lif_shifts import LifShiftsSpec
from snnfpga.config.models import Config
from snnfpga.network.initial import initialise
from snnfpga.network.neuron import integrate
from snnfpga.network.neurons import lif_shifts
from tests.networks import layer, with_shifts


def config(**network):
    return Config.model_validate({"network": {"blocks": [[6], [5]], **network}})


def initial(**network):
    return initialise(config(**network), torch.ones(4, 3, 9), 3)


@pytest.mark.parametrize(("keep", "shifts"), [
    (0.5, (1,)), (0.75, (2,)), (0.875, (3,)), (0.25, (1, 2)), (0.9, (3, -5, 7)), (0.95, (4, -6, 8)), (0.8, (2, -4, 6)),
    (0.85, (3, 5, -7)), (0.0625, (1, 2, 3))])
def test_the_nearest_shifts(keep, shifts):
    assert lif_shifts.nearest_shifts(keep, 16) == shifts


def test_a_narrow_membrane_has_fewer_shifts():
    assert lif_shifts.nearest_shifts(0.9, 5) == (3,)


def test_a_configuration_names_neuron_and_leak():
    network = initial(neuron="lif_shifts", keep=0.9, layers=[{"keep": 0.5}, {"neuron": "lif"}][:1])
    first, second = (block.layers[0].neuron for block in network.export().spec.blocks)
    assert isinstance(first, LifShiftsSpec)
    assert (first.leak_shifts, second.leak_shifts) == ((1,), (3, -5, 7))
    assert second.keep == 230 / 256


def test_what_a_layer_says_of_its_leak_wins():
    network = initial(neuron="lif_shifts", keep=0.9, layers=[{"leak_shift": 4}, {"neuron": "lif", "leak": False}])
    first, second = (block.layers[0].neuron for block in network.spec.blocks)
    assert (first.leak_shifts, second.kind, second.leak_shift) == ((4,), "lif", None)


def test_a_leak_shift_is_one_shift():
    neuron = initial(neuron="lif_shifts", leak_shift=4).spec.blocks[0].layers[0].neuron
    assert neuron.leak_shifts == (4,)


@pytest.mark.parametrize(("network", "message"), [
    ({"keep": 0.9}, "Config network.keep means nothing to network.neuron=lif, whose leak is one shift; set "
                    "network.leak_shift, or take network.neuron=lif_shifts"),
    ({"neuron": "lif_shifts", "leak_shift": None},
     "Config network.neuron=lif_shifts needs network.keep, the share of itself that a membrane keeps in a step, or a "
     "leak_shift; give one, or take network.neuron=lif"),
    ({"neuron": "lif_shifts", "keep": 0.9, "layers": [{"leak": False}]},
     "Config network.neuron=lif_shifts needs network.keep, the share of itself that a membrane keeps in a step, or a "
     "leak_shift; give one, or take network.neuron=lif"),
    ({"neuron": "lif_shifts", "keep": 0.01},
     "Config network.keep must be within 0.01 of what up to 3 shifts of a membrane of 16 bits can keep, not 0.01; the "
     "nearest is 0.125, or take network.neuron=lif with leak_shift null for no leak")])
def test_leaks_that_a_neuron_does_not_have(network, message):
    with pytest.raises(SnnfpgaError) as caught:
        initial(**network)
    assert (str(caught.value), caught.value.exit_code) == (message, USAGE)


def test_products_beyond_float32_take_the_plain_loops():
    """A membrane of 24 bits times 13: float32 would round it, and lose another unit of the leak."""
    spec = with_shifts(layer(membrane_bits=24), (3, -5, 7))
    assert lif_shifts.compiled_leak(spec.neuron) is None
    membrane = torch.tensor([[float((1 << 23) - 1), float(-(1 << 23)), 8388593.0, -8388593.0]])
    wanted = [int(value) - (int(value) * 13 >> 7) for value in membrane[0].tolist()]
    charged = integrate(torch.zeros(1, 1, 4), membrane, 1 << 22, spec)[1]
    assert charged[0, 0].tolist() == wanted
