"""The shift of a readout's feedback: what it may be, what it makes of widths, and which files have it."""

from dataclasses import replace

import pytest
from safetensors import safe_open

from rtl_gen.contract.arithmetic import (
    exact_feedback_max,
    feedback_max,
    fitting_feedback_shift,
    signed_bits,
)
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.network_file import read, write
from rtl_gen.contract.spec import NetworkSpec
from tests.networks import block, network


def with_shift(base, shift):
    return replace(base, readout=replace(base.readout, feedback_shift=shift))


def test_a_fixed_readout_has_none():
    with pytest.raises(SpecError, match=r"^A fixed readout must have exact feedback, without a feedback shift, not one "
                                        "of 2$"):
        with_shift(block(12, 10, learned=False), 2)


def test_it_has_a_range():
    with pytest.raises(SpecError, match=r"^Readout feedback shift must be an integer in 0\.\.31, not 32$"):
        with_shift(block(12, 10), 32)


@pytest.mark.parametrize(("classes", "bits", "shift"), [(10, 8, 3), (10, 4, 0), (2, 8, 0), (64, 16, 13)])
def test_the_fitting_one_is_the_smallest_that_saturates_nothing(classes, bits, shift):
    base = block(12, 10, classes=classes)
    readout = replace(base.readout, weight_bits=bits)
    assert fitting_feedback_shift(readout) == shift
    fits = replace(base, readout=replace(readout, feedback_shift=shift))
    assert signed_bits(feedback_max(fits, 0)) <= 16
    if shift:
        assert exact_feedback_max(readout) + (1 << shift - 2) >> shift - 1 > 32767
        assert feedback_max(with_shift(fits, shift - 1), 0) == 32768


def test_it_travels_in_a_file_and_is_absent_where_feedback_is_exact(tmp_path):
    for shift in (None, 0, 3):
        start = network(with_shift(block(12, 10), shift))
        write(tmp_path / "n.safetensors", start)
        assert read(tmp_path / "n.safetensors").spec == start.spec
        # Older readers must refuse what they would learn otherwise, and take the rest.
        with safe_open(tmp_path / "n.safetensors", framework="numpy") as file:
            assert file.metadata()["version"] == ("2" if shift is None else "4")
        table = start.spec.to_dict()
        assert ("feedback_shift" in table["blocks"][0]["readout"]) == (shift is not None)
        assert NetworkSpec.from_dict(table) == start.spec
