"""How many classes a readout walks in a cycle: as its block says, or as many as keep up with the update engine."""

import pytest

from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.declared import engines_of
from tests.networks import network_spec


def walk(**settings):
    return engines_of(network_spec(**{"inputs": 784, "sizes": (200,), "classes": 10} | settings).blocks[0]).readout.walk


@pytest.mark.parametrize(("settings", "per_cycle", "parts"), [
    (dict(lanes=16), 2, 5),                                 # 145 of 784 inputs are active in a window of 4 steps
    (dict(lanes=8), 1, 10),
    (dict(lanes=40), 4, 3),
    (dict(lanes=16, window=1, loss_steps=1), 5, 2),
    (dict(lanes=16, inputs=40), 10, 1),
    (dict(lanes=16, classes=2), 1, 2),
])
def test_what_keeps_up_with_the_update_engine(settings, per_cycle, parts):
    found = walk(**settings)
    assert (found.classes_per_cycle, found.parts) == (per_cycle, parts)


@pytest.mark.parametrize(("asked", "per_cycle", "parts"), [(1, 1, 10), (3, 3, 4), (6, 5, 2), (9, 5, 2), (64, 10, 1)])
def test_what_is_asked_for_is_evened_out(asked, per_cycle, parts):
    found = walk(classes_per_cycle=asked)
    assert (found.classes_per_cycle, found.parts) == (per_cycle, parts)


@pytest.mark.parametrize("asked", [0, 65, True, 2.0])
def test_other_numbers_are_refused(asked):
    with pytest.raises(SpecError, match=r"^Classes per cycle must be"):
        network_spec(classes_per_cycle=asked)
