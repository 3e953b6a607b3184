import pytest
import torch

from snnfpga.config.learning import LearningConfig
from snnfpga.learning.loss import LOSSES, loss_from
from snnfpga.learning.rule import Batch


@pytest.mark.parametrize(("name", "probability"), [
    ("logistic", torch.sigmoid), ("hard_sigmoid", lambda logits: (logits / 8 + 0.5).clamp(0, 1))])
def test_the_gradient_is_the_error(name, probability):
    logits = torch.tensor([[9.0, -1.0, 0.5], [-6.0, 2.0, 3.0]], requires_grad=True)
    LOSSES[name](logits, torch.tensor([0, 0])).backward()
    wanted = probability(logits.detach()) - torch.tensor([[1.0, 0, 0], [1.0, 0, 0]])
    torch.testing.assert_close(logits.grad, wanted / 2)


@pytest.mark.parametrize(("name", "errors"), [
    ("squared", [[-0.75, -0.5, 2.0], [1.25, -1.5, 0.0]]), ("squared_margin", [[-0.75, 0.0, 2.0], [0.0, 0.0, 0.0]])])
def test_squared_errors(name, errors):
    logits = torch.tensor([[0.25, -0.5, 2.0], [2.25, -1.5, 0.0]], requires_grad=True)
    LOSSES[name](logits, torch.tensor([0, 0])).backward()
    torch.testing.assert_close(logits.grad, torch.tensor(errors) / 2)


@pytest.mark.parametrize("gap", [20.0, 90.0])
def test_errors_that_move_no_weight_are_none(gap):
    labels = torch.tensor([0])
    logits = torch.tensor([[0.0, -gap, 1.0]], requires_grad=True)
    loss_from(LearningConfig(), Batch(events=torch.zeros(1, 1, 1), labels=labels))(logits, labels).backward()
    wanted = torch.softmax(logits.detach(), 1) - torch.tensor([[1.0, 0, 0]])
    assert wanted[0, 1] > 0
    torch.testing.assert_close(logits.grad, wanted)
    assert logits.grad.count_nonzero() == (2 if gap > 60 else 3)
