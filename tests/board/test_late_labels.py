import re

import numpy as np
import pytest

from board.host.host import Host
from board.host.late_labels import LateLabels
from rtl_gen.contract.errors import SnnfpgaError
from sim.reference.network import Reference
from tests.board.fake_link import FakeCore, FakeLink
from tests.networks import network, samples

SPIKES, LABELS = samples(network().spec, 6)


@pytest.fixture
def host():
    return Host(FakeLink(FakeCore(network())), network().spec)


def weights(made):
    return np.concatenate([values.ravel() for values in (*sum(made.weights, ()), *made.readouts)])


def test_it_learns_in_the_order_of_the_labels_with_the_weights_of_then(host):
    late = LateLabels(host, keep=4)
    answers = [late.answer(number, SPIKES[number]).prediction for number in range(3)]
    untaught = Reference(network())
    np.testing.assert_array_equal(answers, untaught.evaluate(SPIKES[:3]))
    np.testing.assert_array_equal(weights(host.network()), weights(network()))
    taught = Reference(network())
    for number in (2, 0):
        result = late.label(number, int(LABELS[number]))
        assert result.prediction == taught.run(SPIKES[number], int(LABELS[number]), learn=True).prediction
        np.testing.assert_array_equal(weights(host.network()), weights(taught.network()))
    assert (weights(taught.network()) != weights(network())).any()
    assert late.waiting == [1]


def test_what_has_no_label_or_is_gone_teaches_nothing(host):
    late = LateLabels(host, keep=2)
    for number in range(3):
        late.answer(number, SPIKES[number])
    assert (late.waiting, late.dropped) == ([1, 2], 1)
    before = weights(host.network())
    assert late.label(0, 1) is None         # pushed out
    assert late.label(1, -1) is None        # none to come
    assert late.label("another", 1) is None
    np.testing.assert_array_equal(weights(host.network()), before)
    assert late.label(2, 1) is not None
    learned = weights(host.network())
    assert late.label(2, 0) is None         # a label counts once
    np.testing.assert_array_equal(weights(host.network()), learned)
    assert (late.waiting, late.dropped) == ([], 1)


def test_a_wrong_label_leaves_the_sample_to_wait(host):
    late = LateLabels(host)
    late.answer("a", SPIKES[0])
    with pytest.raises(ValueError, match=re.escape("Label must be in 0..2, or -1 for none, not 3")):
        late.label("a", 3)
    assert late.label("a", 2) is not None


def test_what_was_given_is_copied(host):
    """A program fills one array over and over."""
    buffer, late = SPIKES[0].copy(), LateLabels(host)
    late.answer(0, buffer)
    buffer[:] = 1
    late.label(0, 1)
    taught = Reference(network())
    taught.run(SPIKES[0], 1, learn=True)
    np.testing.assert_array_equal(weights(host.network()), weights(taught.network()))


def test_two_samples_cannot_have_one_key(host):
    late = LateLabels(host)
    late.answer(5, SPIKES[0])
    with pytest.raises(SnnfpgaError, match=r"^Sample 5 waits for its label already; give each sample a key of its own, "
                                           r"or forget this one with label\(5, -1\)$"):
        late.answer(5, SPIKES[1])
    with pytest.raises(ValueError, match="Sample must be"):
        late.answer(6, SPIKES[0][:, :3])
    assert late.waiting == [5]
    with pytest.raises(SnnfpgaError, match=r"^Samples kept for late labels must be at least 1, not 0$"):
        LateLabels(host, keep=0)
