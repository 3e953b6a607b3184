"""A warm start: the same weights, trained for a while as a network of rates, without steps.

The analogue half of tandem learning: Wu, Chua, Zhang, Li, Li, Tan, IEEE Transactions on Neural Networks and Learning
Systems 34(1), 2023; the spiking half is what any rule does afterwards. Gradients go end to end, and each readout has a
loss.
"""

import torch
from torch import Tensor
from torch.nn import functional

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.layer import LayerSpec

from ..config.models import Config
from ..data.dataset import Split
from ..learning.loss import LOSSES
from ..network.frontends.registry import architecture_of
from ..network.network import SpikingNetwork
from ..network.sparse import plain_products
from ..network.synapses import currents, pooled
from ..network.window import read_out


def check(config: Config) -> None:
    """Refuse recurrent layers, whose rates would need steps, and residual ones, whose currents a chain does not know.

    Raises
    ------
    SnnfpgaError
        If there are such layers, or learned thresholds, and a warm start is asked for.
    """
    if not config.training.warm_epochs:
        return
    layers = architecture_of(config.network).layers
    if config.network.learn_threshold or any(layer.adds for layer in layers):
        raise SnnfpgaError("Config training.warm_epochs cannot serve currents of earlier layers (+), nor "
                           "network.learn_threshold; take 0, or leave them out", USAGE)
    if any(layer.recurrent for layer in layers):
        raise SnnfpgaError("Config training.warm_epochs cannot serve recurrent layers, whose rates take steps to find; "
                           "take 0, or layers without R", USAGE)


def warm_start(network: SpikingNetwork, config: Config, train: Split) -> None:
    """Train ``network`` by the rates of its inputs for ``training.warm_epochs``, with AdamW at the configured rate."""
    training = config.training
    optimiser = torch.optim.AdamW(network.parameters(), lr=training.rate)
    generator = torch.Generator().manual_seed(config.seed << 20)        # epochs count from this and one
    labels, steps = torch.from_numpy(train.labels), train.spikes.shape[1]
    for _ in range(training.warm_epochs):
        for chosen in torch.randperm(len(labels), generator=generator).split(training.batch):
            integers = network.integers()
            device = integers[0].readout.device
            rates, loss = torch.from_numpy(train.spikes[chosen.numpy()]).to(device).float().mean(1), 0.0
            for spec, weights, trained in zip(network.spec.blocks, integers, network.blocks, strict=True):
                for layer, matrix in zip(spec.layers, weights.layers, strict=True):
                    rates = rates_of(layer, matrix, rates)
                logits = read_out(spec.readout, weights.readout, rates) * (steps * trained.logit_scale)
                loss = loss + LOSSES[config.learning.loss](logits, labels[chosen].to(device))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            network.clip()
    optimiser.zero_grad(set_to_none=True)


def rates_of(layer: LayerSpec, weights: Tensor, rates: Tensor) -> Tensor:
    """Spikes a step (B, N) of neurons whose inputs fire at ``rates`` (B, inputs).

    A membrane on its way from 0 to the threshold is half of it in the mean, and of that half it loses its leak a step;
    where a reset takes another amount, it is on its way from so much below the threshold.
    """
    leak, amount = 1.0 - layer.neuron.keep, layer.neuron.reset_amount or layer.neuron.threshold
    mean = layer.neuron.threshold / amount - 0.5        # of the membrane, in amounts
    with plain_products():      # others take whole numbers of events alone
        current = currents(pooled(rates, layer.pool), weights, layer)
    if layer.current is not None:       # the sum of what each step keeps of those before
        current = current / (1.0 - layer.current.keep)
    return functional.hardtanh(current / amount - leak * mean, 0.0, 1.0)
