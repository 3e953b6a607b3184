"""A network file in PyTorch: answers, spikes and membranes of samples, without learning."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rtl_gen.network_file import Network
from rtl_gen.spec import BlockSpec, NetworkSpec

from ..data.dataset import Spikes, Split
from .neuron import after_reset
from .window import BlockWeights, layer_rest, layer_run, layer_window, read_out, rest

BATCH = 256     # samples at a time: bounds the memory of a trace


@dataclass(frozen=True)
class Passage:
    """What samples left in a block; spikes and membranes hold an entry a layer.

    Attributes
    ----------
    spikes, membranes
        (T, B, outputs) float32, integer-valued; a membrane is the one after the reset.
    answers
        (B, classes) float64, integer-valued.
    """

    spikes: list[Tensor]
    membranes: list[Tensor]
    answers: Tensor


@dataclass(frozen=True)
class Evaluation:
    """How well a network does.

    Attributes
    ----------
    predictions
        (N,) int64: the class of the last block's largest answer, the lowest where several are.
    accuracies
        Of each block's readout, 0..1; the last is the network's.
    rates
        Spikes for each neuron and step, for each block and layer.
    """

    predictions: NDArray[np.int64]
    accuracies: list[float]
    rates: list[list[float]]


def weights_of(network: Network, device: str = "cpu") -> list[BlockWeights]:
    """The weights that the forward pass reads: stored ones without their shadow bits."""
    blocks = []
    for spec, layers, readout in zip(network.spec.blocks, network.weights, network.readouts, strict=True):
        blocks.append(BlockWeights(
            [_float(matrix >> layer.shadow_bits, device) for matrix, layer in zip(layers, spec.layers, strict=True)],
            _float(readout >> spec.readout.shadow_bits, device)))
    return blocks


def _float(values: NDArray[np.int32], device: str) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(device)


def run_block(block: BlockSpec, weights: BlockWeights, events: Tensor) -> Passage:
    """A whole sample (T, B, inputs) through a block."""
    spikes, membranes = [], []
    for layer, matrix, state in zip(block.layers, weights.layers, rest(block, events.shape[1], events), strict=True):
        events, charged = layer_run(layer, matrix, events, state)
        spikes.append(events)
        membranes.append(after_reset(charged, events, layer))
    return Passage(spikes, membranes, read_out(block.readout, weights.readout, events).sum(0, dtype=torch.float64))


@torch.no_grad()
def passages(spec: NetworkSpec, weights: list[BlockWeights], spikes: Spikes) -> Iterator[list[Passage]]:
    """For each batch of samples (N, T, inputs), in order, what they left in each block."""
    for events in batches(spikes, weights):
        batch = []
        for block, own in zip(spec.blocks, weights, strict=True):
            batch.append(run_block(block, own, events))
            events = batch[-1].spikes[-1]
        yield batch


def batches(spikes: Spikes, weights: list[BlockWeights]) -> Iterator[Tensor]:
    """Samples (N, T, inputs) as events (T, B, inputs), as many at a time as fit, where the weights are."""
    for start in range(0, len(spikes), BATCH):
        yield torch.from_numpy(spikes[start:start + BATCH]).to(weights[0].readout.device).float().transpose(0, 1)


def predict(answers: Tensor) -> Tensor:
    """(B,) classes of the largest answers (B, classes); the lowest index of equal ones."""
    # argmax promises no order among equal values; the first position of the maximum does.
    classes = torch.arange(answers.shape[1], device=answers.device)
    largest = answers == answers.max(1, keepdim=True).values
    return torch.where(largest, classes, len(classes)).min(1).values


@torch.no_grad()
def evaluate(spec: NetworkSpec, weights: list[BlockWeights], split: Split) -> Evaluation:
    """Predictions and accuracies over ``split``."""
    predictions: list[list[Tensor]] = []
    fired = [[0.0] * block.depth for block in spec.blocks]
    for events in batches(split.spikes, weights):
        predictions.append([])
        for b, (block, own) in enumerate(zip(spec.blocks, weights, strict=True)):
            share = events.shape[1] / len(split)
            for index, (layer, matrix) in enumerate(zip(block.layers, own.layers, strict=True)):
                events, _ = layer_window(layer, matrix, events, layer_rest(layer, events.shape[1], matrix))
                fired[b][index] += float(events.mean()) * share
            predictions[-1].append(predict(read_out(block.readout, own.readout, events).sum(0, dtype=torch.float64)))
    blocks = [torch.cat(parts).cpu().numpy() for parts in zip(*predictions, strict=True)]
    return Evaluation(blocks[-1], [float((block == split.labels).mean()) for block in blocks], fired)
