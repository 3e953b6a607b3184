import numpy as np
import pytest

from sim.compare import TOLD, Comparison


def test_what_differs_is_counted_by_quantity_and_described():
    found = Comparison(("spikes", "weights"), "the reference")
    found.compare("spikes", "spikes of block 0", np.zeros((2, 3), np.uint8), np.zeros((2, 3)))
    assert (found.total, found.described, found.summary()) == (0, [], "")
    found.compare("weights", "weights", np.array([[1, 2], [3, 4]], np.int32), np.array([[1, 2], [-3, 5]]))
    assert found.compared == {"spikes": 6, "weights": 4}
    assert found.differing == {"spikes": 0, "weights": 2}
    assert (found.total, found.summary()) == (2, "2 weights")
    assert found.described == ["weights at (1, 0): 3, the reference has -3",
                               "weights at (1, 1): 4, the reference has 5"]


def test_a_value_that_is_no_whole_number_differs_from_the_next():
    found = Comparison(("answers",), "torch")
    found.compare("answers", "answer", [3], [3.5])
    assert found.described == ["answer at (0,): 3, torch has 3.5"]


def test_only_the_first_are_described():
    found = Comparison(("spikes",), "torch")
    for sample in range(2):
        found.compare("spikes", f"sample {sample}", np.ones(TOLD - 1), np.zeros(TOLD - 1))
    assert (found.total, len(found.described)) == (2 * TOLD - 2, TOLD)
    assert found.described[-1].startswith("sample 1 at (0,)")


def test_values_of_different_things_are_not_compared():
    with pytest.raises(ValueError, match=r"^Compared spikes must have one shape, not \(2,\) and \(3,\)$"):
        Comparison(("spikes",), "torch").compare("spikes", "spikes", [0, 1], [0, 1, 0])
