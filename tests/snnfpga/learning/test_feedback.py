"""Feedback: where one kind is another, in float64, to 1e-12 of the largest gradient; and what is refused."""

import math

import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.models import Config
from snnfpga.learning import feedback
from snnfpga.learning.loss import LOSSES
from snnfpga.learning.registry import check
from tests.snnfpga.learning.test_identities import (
    ON_GRID,
    SENSOR,
    STEPWISE,
    WINDOW,
    assert_different,
    assert_equal,
    gradients,
)

LOCAL = [("truncated-local", WINDOW), ("truncated-local", {"window": 4}), ("lls", STEPWISE)]
ALL = [*LOCAL, ("sltt", STEPWISE), ("ottt", STEPWISE)]
DEEP = ((8, 7), (6,))


def found(rule, learning, way, blocks=DEEP, **case):
    return gradients(rule, blocks=blocks, learning=learning | {"feedback": way}, **case)


def constant_errors(monkeypatch, loss):
    """Losses that are linear in the logits."""
    monkeypatch.setitem(LOSSES, "cross_entropy", lambda logits, labels: loss(logits, labels).sum(1).mean())


def with_waves(network):
    for block in network.blocks:
        block.fixed_readout.copy_(torch.from_numpy(feedback._waves(*block.fixed_readout.shape)))


@pytest.mark.parametrize(("rule", "learning"), ALL)
@pytest.mark.parametrize("sensor", [None, SENSOR])
def test_square_waves_as_the_readout_are_the_readout(rule, learning, sensor):
    case = {"blocks": DEEP} if sensor is None else {"blocks": ON_GRID, "sensor": sensor}
    readout = found(rule, learning, "readout", readout="fixed", change=with_waves, **case)
    assert_equal(found(rule, learning, "square", readout="fixed", change=with_waves, **case), readout)
    assert_different(found(rule, learning, "random", readout="fixed", change=with_waves, **case), readout)


@pytest.mark.parametrize(("rule", "learning"), ALL)
def test_the_sign_of_errors_of_one_is_the_error(rule, learning, monkeypatch):
    assert_different(found(rule, learning, "sign"), found(rule, learning, "readout"))
    constant_errors(monkeypatch, lambda logits, labels: torch.where(labels[:, None] == 1, logits, -logits))
    assert_equal(found(rule, learning, "sign"), found(rule, learning, "readout"))


@pytest.mark.parametrize(("rule", "learning"), ALL)
def test_labels_are_the_error_of_logits_that_are_wanted(rule, learning, monkeypatch):
    assert_different(found(rule, learning, "labels"), found(rule, learning, "random"))
    constant_errors(monkeypatch, lambda logits, labels: -logits.gather(1, labels[:, None]))
    assert_equal(found(rule, learning, "labels"), found(rule, learning, "random"))


@pytest.mark.parametrize(("rule", "learning"), LOCAL)
def test_direct_feedback_to_single_layers_is_random(rule, learning):
    assert_equal(found(rule, learning, "dfa", ((8,), (7,))), found(rule, learning, "random", ((8,), (7,))))
    assert_different(found(rule, learning, "dfa"), found(rule, learning, "random"))


@pytest.mark.parametrize(("rule", "learning"), LOCAL)
def test_direct_feedback_takes_no_way_through_layers(rule, learning, monkeypatch):
    constant_errors(monkeypatch, lambda logits, labels: logits)
    deep, alone = found(rule, learning, "dfa", ((8, 7),)), found(rule, learning, "random", ((8,),))
    name = "blocks.0.layers.0.linear.weight"
    assert_equal({name: deep[name]}, {name: alone[name]})


@pytest.mark.parametrize(("rule", "learning"), LOCAL)
def test_global_direct_feedback_in_one_block_is_that_of_the_block(rule, learning):
    assert_equal(found(rule, learning, "global-dfa", ((8, 7),)), found(rule, learning, "dfa", ((8, 7),)))
    assert_different(found(rule, learning, "global-dfa"), found(rule, learning, "dfa"))


def test_global_direct_feedback_is_the_same_whoever_has_the_error():
    """The layers; the readouts before the last learn by their own errors, where they have any."""
    local, last = found("lls", STEPWISE, "global-dfa"), found("sltt", STEPWISE, "global-dfa")
    assert set(local) - set(last) == {"blocks.0.learned_readout.linear.weight"}
    assert_equal({name: local[name] for name in last}, last)


@pytest.mark.parametrize("way", ["random", "square", "sign", "labels", "dfa", "global-dfa"])
def test_readouts_learn_by_their_errors_whatever_layers_are_told(way):
    readouts = ["blocks.0.learned_readout.linear.weight", "blocks.1.learned_readout.linear.weight"]
    one, other = found("truncated-local", WINDOW, way), found("truncated-local", WINDOW, "readout")
    assert_equal({name: one[name] for name in readouts}, {name: other[name] for name in readouts})


def test_matrices_are_of_the_size_of_a_fixed_readout(monkeypatch):
    """So that gradients neither grow nor shrink where the readout's own are left."""
    constant_errors(monkeypatch, lambda logits, labels: logits)
    name = "blocks.0.layers.0.linear.weight"
    for readout in ("fixed", "learned"):
        sizes = [found("lls", STEPWISE, way, ((200,),), readout=readout)[name].norm() for way in ("random", "readout")]
        assert abs(math.log2(sizes[0] / sizes[1])) < 0.7


@pytest.mark.parametrize(("settings", "message"), [
    ({"learning": {"rule": "bptt", "feedback": "dfa"}},
     "Config learning.feedback means nothing to rule bptt, yet is dfa; leave it out, or take one of truncated-local, "
     "sltt, ottt, otpe, s-tllr, tess, decolle, lls"),
    ({"learning": {"rule": "sltt", "feedback": "dfa"}},
     "Config learning.feedback=dfa needs an error in each block, and rule sltt has one at the last readout alone; take "
     "global-dfa"),
    ({"learning": {"feedback": "global-dfa"}, "training": {"parallel": "blocks"}},
     "Config learning.feedback=global-dfa needs all blocks in one process, which training.parallel=blocks takes apart; "
     "take dfa, or parallel=data"),
    ({"learning": {"rule": "decolle", "feedback": "labels", "error_threshold": 0.1}},
     "Config learning.error_threshold is of errors, and learning.feedback=labels knows none; leave it out, or take "
     "sign"),
])
def test_refused(settings, message):
    with pytest.raises(SnnfpgaError) as caught:
        check(Config.model_validate(settings))
    assert (str(caught.value), caught.value.exit_code) == (message, 2)
