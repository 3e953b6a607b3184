"""What a specification makes of the shifts that the configuration leaves open."""

import pytest

from snnfpga.config.file import read_config
from snnfpga.network.specify import with_divided_feedback
from tests.networks import network_spec


def divided(*settings, **parts):
    spec = network_spec(classes=10, rate_shift=8, readout_rate_shift=2, depth=2, **parts)
    return with_divided_feedback(read_config(None, list(settings)), spec.blocks[0])


def shifts(block):
    return (block.readout.feedback_shift, [layer.update.rate_shift for layer in block.layers],
            [layer.update.feedback_shift for layer in block.layers])


def test_what_feedback_is_divided_by_sums_and_passed_credits_are_not():
    block = divided()
    # Ten classes of 8 bits need 19; credits of the last layer pass down, those of the first do not.
    assert shifts(block) == (3, [8, 5], [4, 1])
    assert block.readout.rate_shift == 2


def test_shifts_by_hand_stay():
    assert shifts(divided("on_chip.rate_shift=8")) == (3, [8, 8], [4, 1])
    assert shifts(divided("on_chip.feedback_shift=4")) == (3, [8, 5], [4, 4])


def test_a_fixed_readout_stays_exact():
    assert shifts(divided(learned=False)) == (None, [8, 8], [4, 4])


@pytest.mark.parametrize(("rate_shift", "left"), [(2, 0), (0, 0)])
def test_feedback_is_not_divided_by_more_than_the_sums_were(rate_shift, left):
    spec = network_spec(classes=10, rate_shift=rate_shift)
    block = with_divided_feedback(read_config(None, []), spec.blocks[0])
    assert block.readout.feedback_shift == (rate_shift or None)
    assert block.layers[0].update.rate_shift == left
