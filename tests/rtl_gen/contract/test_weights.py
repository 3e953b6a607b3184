"""What a stored weight is read as: the same wherever it is read."""

import numpy as np
import pytest

from rtl_gen.contract.weights import WeightSpec, read_weights, stored_weights
from sim.reference.weight import weight_read


@pytest.mark.parametrize("bits", [1, 2, 5])
@pytest.mark.parametrize("shadow_bits", [0, 1, 4])
def test_all_that_can_be_stored(bits, shadow_bits):
    spec = WeightSpec(bits=bits, shadow_bits=shadow_bits, fraction_bits=0, bias=False)
    high = 1 << (spec.stored_bits - 1)
    stored = np.arange(-high, high, dtype=np.int32)
    read = read_weights(stored, bits, shadow_bits)
    assert read.dtype == np.int32
    assert read.tolist() == [weight_read(value, bits, shadow_bits) for value in stored.tolist()]
    if bits == 1:
        assert read.tolist() == [-1] * high + [1] * high
    else:
        assert read.tolist() == [value // 2 ** shadow_bits for value in stored.tolist()]


@pytest.mark.parametrize("shadow_bits", [0, 1, 8])
@pytest.mark.parametrize(("bits", "weights"), [(1, [-1, 1]), (2, range(-2, 2)), (6, range(-32, 32))])
def test_what_is_stored_reads_back(bits, weights, shadow_bits):
    read = np.array(weights, np.int32)
    stored = stored_weights(read, bits, shadow_bits)
    np.testing.assert_array_equal(read_weights(stored, bits, shadow_bits), read)
    if bits == 1:       # as far from the other sign on either side
        assert stored.tolist() == [-1 << shadow_bits, 1 << shadow_bits]
