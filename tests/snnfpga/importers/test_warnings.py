"""What an import warns of where it would be wrong without a word."""

import numpy as np
import pytest

import snnfpga
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.weights import read_weights

from .nir_files import chain, dyadic, lif, write

WEIGHT = dyadic(np.random.default_rng(1), 3, 4)


def imported(tmp_path, *, weight=WEIGHT, bias=0.0, scale=1.0, source="snntorch", **neuron):
    bias = np.array([bias, 0.0, 0.0])
    file = write(tmp_path / "a.nir", chain(
        ("Affine", {"weight": weight * scale, "bias": bias * scale}),
        ("LIF", {**lif(3, 0.5, 1.0, threshold=scale), **neuron}), inputs=4), None)
    return snnfpga.import_nir(file, source)


def test_a_grid_much_coarser_than_its_bits_is_said(tmp_path):
    line, = imported(tmp_path, bias=40.0).warnings
    assert line.startswith("weights of node 1 are off by up to ")
    assert "small beside its bias" in line


@pytest.mark.parametrize("scale", [1e-9, 1e6])
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
