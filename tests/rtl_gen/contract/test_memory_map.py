import numpy as np
import pytest

from rtl_gen.contract.memory_map import geometry, pack, readout_to_words, unpack, words_to_readout
from rtl_gen.contract.protocol import Memory
from tests.networks import block, network


@pytest.mark.parametrize(("learned", "stored", "words"), [
    (False, [[1, -1, -1], [-1, 1, 1]], [[0, 1, 1], [1, 0, 0]]),
    (True, [[1, -1, -1], [-128, 127, 0]], [[1, -1, -1], [-128, 127, 0]]),
])
def test_signs_of_a_fixed_readout_are_bits(learned, stored, words):
    spec = network(block(4, 2, learned=learned)).spec
    found = readout_to_words(spec, 0, np.array(stored, np.int32))
    assert found.tolist() == words
    shape = geometry(spec, 0, 0, Memory.READOUT)
    back = words_to_readout(spec, 0, unpack(shape, pack(shape, found)))
    assert (back.tolist(), back.dtype) == (stored, np.int32)
