"""Which steps learn: those of largest error, and those with spikes."""

import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.models import Config
from snnfpga.learning import truncated_local
from snnfpga.learning.loss import LOSSES
from snnfpga.learning.registry import check
from snnfpga.learning.rule import Batch
from snnfpga.learning.select import Strongest
from snnfpga.network.initial import initialise
from tests.snnfpga.learning.test_checkpoint import peak
from tests.snnfpga.learning.test_identities import BATCH, STEPS, WINDOW, assert_different, assert_equal, gradients

BLOCKS = ((8, 7), (6,))
SKIPPER = "bptt-checkpoint"


def test_errors_of_a_samples_strongest_steps_come_back():
    steps = torch.zeros(3, 2, 2, requires_grad=True)
    errors = torch.tensor([[[1.0, -1.0], [0.0, 0.0]], [[0.5, 0.5], [0.1, 0.0]], [[0.0, -3.0], [0.0, 0.2]]])
    Strongest.apply(steps, 2).backward(errors)
    kept = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert torch.equal(steps.grad, errors * kept[..., None])


def test_all_of_a_windows_steps_are_the_strongest_of_it():
    top = {"select": "top", "selected_steps": 4}
    every = gradients("truncated-local", blocks=BLOCKS, learning=WINDOW)
    assert_equal(gradients("truncated-local", blocks=BLOCKS, learning=WINDOW | top), every)
    assert_different(gradients("truncated-local", blocks=BLOCKS, learning=WINDOW | top | {"selected_steps": 2}), every)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_steps_with_few_spikes_are_as_if_they_had_not_been(reset, monkeypatch):
    """Where errors do not depend on the logits, so that it is the second pass alone that differs."""
    monkeypatch.setitem(LOSSES, "cross_entropy", lambda logits, labels: logits[labels == 1].sum() / BATCH)
    case, seen, topk = {"blocks": BLOCKS, "reset": reset}, [], torch.Tensor.topk
    monkeypatch.setattr(torch.Tensor, "topk", lambda *given: seen.append(topk(*given)) or seen[-1])
    skipped = gradients(SKIPPER, learning={"segment": STEPS, "skip": 0.5}, **case)
    kept = seen[0].indices.sort().values
    assert len(kept) == STEPS // 2
    assert_equal(skipped, gradients("bptt", learning={}, shown=kept, **case))
    assert_different(skipped, gradients("bptt", learning={}, **case))


def test_skipping_less_than_a_step_skips_nothing():
    whole = gradients("bptt", blocks=BLOCKS, learning={})
    assert_equal(gradients(SKIPPER, blocks=BLOCKS, learning={"skip": 0.2}), whole)
    assert_different(gradients(SKIPPER, blocks=BLOCKS, learning={"skip": 0.3}), whole)


def test_skipped_steps_are_not_kept():
    assert peak(SKIPPER, 64, segment=32, skip=0.5) < 0.6 * peak(SKIPPER, 64, segment=32)


@pytest.mark.parametrize(("learning", "message"), [
    ({"rule": "lls", "select": "top", "selected_steps": 2},
     "Rule lls learns at each step before it sees the next and cannot serve learning.select=top; take last or random, "
     "or rule truncated-local"),
    ({"skip": 0.5}, "Config learning.skip means nothing to rule truncated-local, yet is 0.5; leave it out, or take one "
                    "of bptt-checkpoint"),
    ({"select": "top", "selected_steps": 2}, "Config learning.select=top needs learning.loss_at=step: a window's one "
                                             "loss belongs to no step of its own"),
])
def test_refused(learning, message):
    with pytest.raises(SnnfpgaError) as caught:
        check(Config.model_validate({"learning": learning}))
    assert (str(caught.value), caught.value.exit_code) == (message, 2)


def test_the_strongest_steps_are_of_the_sample():
    """Of samples that end after 3 of 4 steps, the 3 strongest are all."""
    def learned(settings):
        config = Config.model_validate({"network": {"blocks": BLOCKS}, "learning": settings})
        events = (torch.rand(4, BATCH, 9, generator=torch.Generator().manual_seed(1)) < 0.4).to(torch.uint8)
        network = initialise(config, events.float(), 3).double()
        within = (torch.arange(4) < 3).double()[:, None, None].expand(4, BATCH, 1)
        truncated_local.learn(network, config.learning, Batch(
            events=events, labels=torch.arange(BATCH) % 3, within=within))
        return {name: value.grad for name, value in network.named_parameters() if value.grad is not None}

    top = {"select": "top", "selected_steps": 3}
    assert_equal(learned(WINDOW | top), learned(WINDOW))
