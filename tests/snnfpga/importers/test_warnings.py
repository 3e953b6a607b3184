"""What an import warns of where it would be wrong without a word."""

import numpy as np
import pytest

import snnfpga
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.weights import read_weights

from .nir_files import chain, dyadic, lif, write

WEIGHT = dyadic(np.random.default_rng(1), 3, 4)


def imported(tmp_path, *, weight=WEIGHT, bias=0.0, scale=1.0, source="snntorch", settings=(), **neuron):
    bias = np.array([bias, 0.0, 0.0])
    file = write(tmp_path / "a.nir", chain(
        ("Affine", {"weight": weight * scale, "bias": bias * scale}),
        ("LIF", {**lif(3, 0.5, 1.0, threshold=scale), **neuron}), inputs=4), None)
    return snnfpga.import_nir(file, source, settings=settings, on_line=lambda line: None)


def test_a_grid_much_coarser_than_its_bits_is_said(tmp_path):
    line, = imported(tmp_path, bias=40.0).warnings
    assert line.startswith("weights of node 1 are off by up to ")
    assert "small beside its bias" in line


@pytest.mark.parametrize("scale", [1e-9, 1e6, 1e30])
def test_weights_of_any_size_use_their_bits(tmp_path, scale):
    """Their unit and the threshold's is one of no consequence."""
    found, plain = (imported(tmp_path, scale=own, weight=WEIGHT * 1.01) for own in (scale, 1.0))
    assert found.warnings == ()
    assert found.layers[0].weight_error < 0.005
    own, other = (made.network.spec.blocks[0].layers[0].neuron.threshold for made in (found, plain))
    assert abs(own - other) <= 1


def test_a_readout_of_any_size_uses_its_bits(tmp_path):
    """Answers are the same in any unit."""
    values = []
    for scale in (1.0, 1e-12, 1e9):
        file = write(tmp_path / "a.nir", chain(("Linear", {"weight": WEIGHT}), ("LIF", lif(3, 0.5, 1.0)),
                                               ("Linear", {"weight": np.eye(3) * 1.01 * scale}), inputs=4), None)
        made = snnfpga.import_nir(file, "snntorch", on_line=lambda line: None).network.values
        readout = made.spec.blocks[0].readout
        values.append(read_weights(made.readouts[0], readout.weight_bits, readout.shadow_bits))
    for found in values:
        np.testing.assert_array_equal(found > 0, np.eye(3))
        assert found.max() >= values[0].max() - 1


def test_a_threshold_of_few_units_is_said(tmp_path):
    weight = np.random.default_rng(2).normal(size=(3, 4))
    line, = imported(tmp_path, weight=np.where(np.arange(4) == 0, 13.3, weight)).warnings
    assert line.startswith("the threshold of node 1 is 10 units of its weights, as a few of these are much larger ")


def test_weights_that_use_their_bits_are_not(tmp_path):
    assert imported(tmp_path).warnings == ()
    assert imported(tmp_path, bias=0.5).warnings == ()


def test_a_slow_leak_that_no_shifts_come_near_is_said(tmp_path):
    slow, line = imported(tmp_path, tau=np.full(3, 0.1), r=np.full(3, 1000.0)).warnings
    assert "a time constant of 1e+03 steps" in slow
    assert line.startswith("node 1 keeps 0.99")


def test_a_reset_to_a_value_where_the_convention_subtracts_is_refused(tmp_path):
    with pytest.raises(SnnfpgaError, match=r"^Node 1 \(LIF\) resets to v_reset -0\.5, and the convention subtracts"):
        imported(tmp_path, v_reset=np.full(3, -0.5))


def test_parameters_of_two_shapes_are_refused(tmp_path):
    with pytest.raises(SnnfpgaError, match=r"^Parameters of Node 1 \(LIF\) must have one shape, not "):
        imported(tmp_path, tau=np.full(3, 2e-4), r=np.full(2, 2.0))


def test_a_threshold_that_is_small_beside_all_weights_is_said_to_be(tmp_path):
    line, = imported(tmp_path, weight=WEIGHT * 1.01, v_threshold=np.full(3, 0.1)).warnings
    assert line == ("the threshold of node 1 is 14 units of its weights, beside which it is small, and leaks are "
                    "rounded down to units: take more weight_bits; or are --from, --dt and --gain not right?")
    line, = imported(tmp_path, weight=WEIGHT * 1.01, v_threshold=np.full(3, 1e-3)).warnings
    assert line.startswith("the threshold of node 1 is 1 unit of its weights, beside which it is small, ")


@pytest.mark.parametrize(("change", "why"), [
    ({"v_threshold": np.full(3, 1e-9)}, "a spike takes 2.68e-07 units of the weights of 8 bits off a membrane, which "
                                        "has whole ones; take more weight_bits; or "),
    ({"v_threshold": np.array([1e-9, 1.0, 1.0])}, "a spike takes 2.68e-07 units of the weights of 8 bits off a "
     "membrane, which has whole ones, and thresholds of its neurons differ 1e+09 times; take more weight_bits; or "),
    ({"weight": WEIGHT, "v_threshold": np.full(3, 1e-4)}, "a spike takes 0.0256 units of the weights of 8 bits off a "
     "membrane, which has whole ones; take more weight_bits; or "),
    ({"tau": np.full(3, 1e30)}, "the threshold, or what a reset takes off, is 6.71e+35 units of the weights, and a "
                                "membrane of 24 bits holds 8388607; "),
    ({"weight": WEIGHT * 1e-9}, "the threshold, or what a reset takes off, is 2.71e+11 units of the weights, and a "
                                "membrane of 24 bits holds 8388607; "),
    ({"weight": WEIGHT * 0, "v_threshold": np.full(3, 1e30)}, "the threshold, or what a reset takes off, is 2e+30 "
     "units of the weights, and a membrane of 24 bits holds 8388607; "),
    ({"weight": WEIGHT.astype(np.float64) * 1e-320}, "the threshold, or what a reset takes off, is more than 1e+308 "
     "units of the weights, and a membrane of 24 bits holds 8388607; "),
    ({"v_threshold": np.full(3, 5e6)}, "the threshold, or what a reset takes off, is 1.34e+09 units of the weights, "
     "and a membrane of 24 bits holds 8388607; "),
    ({"bias": 1e305, "v_threshold": np.full(3, 1e299)}, "a spike takes 0.000254 units of the weights of 8 bits off a "
     "membrane, which has whole ones; take more weight_bits; or "),
    ({"v_threshold": np.array([1e-200, 1.0, 1e200])}, "thresholds of its neurons are 1e-200 .. 1e+200; "),
    ({"v_threshold": np.full(3, 1e306)}, "the threshold is 1e+306, and a current counts 1 in a membrane; "),
    ({"settings": ["network.layers.0.membrane_bits=8"]}, "the threshold, or what a reset takes off, is 268 units of "
     "the weights, and a membrane of 8 bits holds 127; take more membrane_bits; or "),
    ({"settings": ["network.membrane_bits=6"]}, "the threshold, or what a reset takes off, is 268 units of the "
     "weights, and a membrane of 6 bits holds 31; take more membrane_bits; or "),
])
def test_a_threshold_that_does_not_fit_its_weights_is_refused(tmp_path, change, why):
    with pytest.raises(SnnfpgaError) as caught:
        imported(tmp_path, **{"weight": WEIGHT * 1.01} | change)
    assert str(caught.value) == (f"Threshold and weights of node 1 do not fit together: {why}are they of one trained "
                                 "network, and --from, --dt and --gain right?")
    assert caught.value.exit_code == 2


def test_a_small_threshold_whose_reset_is_to_zero_is_right(tmp_path):
    """Whatever is above 0 fires, and nothing is left."""
    threshold = np.full(3, 1e-9)
    made = imported(tmp_path, tau=np.full(3, 1.0), source="spikingjelly", v_threshold=threshold, v_reset=np.zeros(3),
                    r=np.ones(3)).network.values
    neuron = made.spec.blocks[0].layers[0].neuron
    assert (neuron.threshold, neuron.reset) == (1, "zero")
