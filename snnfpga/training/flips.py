"""Weights of one bit that are learned by flips, with no float weights behind them.

BSO: binary spiking online optimization algorithm, ICML 2025. A running mean of the gradient is kept; where it asks for
the other sign strongly enough, the weight changes its own. The spread that its T-BSO measures over the steps of a
sample is here that of batches.
"""

from collections.abc import Callable, Iterable

import torch
from torch import nn

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.models import Config
from ..network.frontends.registry import settings_of

# Chosen on digits-events, on a split that no result is of. The paper's 5e-7 is of gradients of another size.
THRESHOLDS = {"bso": 3e-4, "t-bso": 0.1}
SPREAD_KEPT = 0.999     # of the running mean of squared gradients, a batch


def check(config: Config) -> None:
    """Refuse what flips cannot serve: weights of more bits than one, regrids, gains, a threshold without flips.

    Raises
    ------
    SnnfpgaError
        If there are others.
    """
    network, wanted = config.network, config.training.optimiser
    if wanted not in THRESHOLDS:
        if config.training.flip_threshold is not None:
            raise SnnfpgaError(f"Config training.flip_threshold means nothing to training.optimiser={wanted}; leave it "
                               f"out, or take one of {', '.join(THRESHOLDS)}", USAGE)
        return
    if config.training.regrid:
        raise SnnfpgaError(f"Config training.regrid means nothing to training.optimiser={wanted}, whose weights have "
                           "one bit; leave it out, or take adamw or sgd", USAGE)
    if network.weight_bits != 1 or any(own.weight_bits != 1 for own in settings_of(network)):
        raise SnnfpgaError(f"Config training.optimiser={wanted} flips weights of one bit and needs "
                           f"network.weight_bits=1, not {network.weight_bits}; take adamw or sgd for others", USAGE)
    if network.readout == "learned" and network.readout_bits not in (None, 1):
        raise SnnfpgaError(f"Config training.optimiser={wanted} flips weights of one bit and needs "
                           f"network.readout_bits=1, not {network.readout_bits}, or readout=fixed", USAGE)
    if network.normalise != "none":
        raise SnnfpgaError(f"Config training.optimiser={wanted} has no gain to learn and cannot serve "
                           f"network.normalise={network.normalise}; take none", USAGE)


class BinaryFlips(torch.optim.Optimizer):
    """An optimiser that changes the signs of weights.

    Parameters
    ----------
    lr
        Share of a gradient in the running mean: 1e-3 in the paper.
    threshold
        A weight w flips where w / |w| times the mean is above this, or with ``adaptive`` above this many times the root
        of the running mean of its squares.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, threshold: float, adaptive: bool) -> None:
        super().__init__(parameters, {"lr": lr, "threshold": threshold, "adaptive": adaptive})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        """Follow the gradients that there are."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["mean"] = torch.zeros_like(weight)
                    if group["adaptive"]:
                        state["square"], state["batches"] = torch.zeros_like(weight), torch.zeros(())
                state["mean"].lerp_(weight.grad, group["lr"])
                least = group["threshold"]
                if group["adaptive"]:
                    state["square"].lerp_(weight.grad.square(), 1 - SPREAD_KEPT)
                    state["batches"] += 1
                    # Of the first batches the mean holds but a part.
                    least = least * (state["square"] / (1 - SPREAD_KEPT ** state["batches"].item())).sqrt()
                weight.mul_(torch.where(weight.sign() * state["mean"] > least, -1.0, 1.0))
