import pytest
import torch

from snnfpga.learning.loss import LOSSES


@pytest.mark.parametrize(("name", "probability"), [
    ("logistic", torch.sigmoid), ("hard_sigmoid", lambda logits: (logits / 8 + 0.5).clamp(0, 1))])
def test_the_gradient_is_the_error(name, probability):
    logits = torch.tensor([[9.0, -1.0, 0.5], [-6.0, 2.0, 3.0]], requires_grad=True)
    LOSSES[name](logits, torch.tensor([0, 0])).backward()
    wanted = probability(logits.detach()) - torch.tensor([[1.0, 0, 0], [1.0, 0, 0]])
    torch.testing.assert_close(logits.grad, wanted / 2)
