"""A network file in PyTorch: answers, spikes and membranes of samples, without learning."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.weights import read_weights

from ..data.dataset import Split
from ..data.step_labels import of_windows
from .answers import answers_of, window_logits
from .levels import whole
from .neuron import after_reset, thresholds_of
from .window import BlockWeights, Flows, layer_rest, layer_run, layer_window, read_out, rest

BATCH = 256     # samples at a time: bounds the memory of a trace


@dataclass(frozen=True)
class BatchPassage:
    """What samples left in a block; spikes and membranes hold an entry a layer.

    Attributes
    ----------
    spikes, membranes
        (T, B, outputs) float32, integer-valued; a membrane is the one after the reset.
    answers
        (B, classes) float64, integer-valued.
    windows
        (W, B, classes) float64, integer-valued: the logits at the end of each window; None where steps have no labels.
    """

    spikes: list[Tensor]
    membranes: list[Tensor]
    answers: Tensor
    windows: Tensor | None


@dataclass(frozen=True)
class Evaluation:
    """How well a network does.

    Attributes
    ----------
    predictions
        (N,) int64: the class of the last block's largest answer, the lowest where several are.
    accuracies
        Of each block's readout, 0..1; the last is the network's. Where steps have labels, of its labelled windows.
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
            [_float(read_weights(matrix, layer.weights.bits, layer.weights.shadow_bits), device)
             for matrix, layer in zip(layers, spec.layers, strict=True)],
            _float(read_weights(readout, spec.readout.weight_bits, spec.readout.shadow_bits), device)))
    return blocks


def _float(values: NDArray[np.int32], device: str) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(device)


def run_block(block: BlockSpec, weights: BlockWeights, events: Tensor, within: Tensor | None = None,
              windows: bool = False) -> BatchPassage:
    """Whole samples (T, B, inputs) through a block; ``within`` as :func:`batches` gives it."""
    spikes, membranes, flows = [], [], Flows(block.sources)
    for layer, matrix, state in zip(block.layers, weights.layers, rest(block, events.shape[1], events), strict=True):
        events, charged = layer_run(layer, matrix, events, state, flows)
        spikes.append(events)
        membranes.append(after_reset(charged, events, thresholds_of(layer, matrix), layer))
    steps = whole(block.readout, read_out(block.readout, weights.readout, events))
    return BatchPassage(spikes, membranes, answers_of(block, steps, within),
                        window_logits(block, steps, within) if windows else None)


@torch.no_grad()
def batch_passages(spec: NetworkSpec, weights: list[BlockWeights], split: Split) -> Iterator[list[BatchPassage]]:
    """For each batch of samples, in order, what they left in each block; spikes go on after a sample's end."""
    for events, within in batches(split, weights):
        batch = []
        for block, own in zip(spec.blocks, weights, strict=True):
            batch.append(run_block(block, own, events, within, split.step_labels is not None))
            events = batch[-1].spikes[-1]
        yield batch


def batches(split: Split, weights: list[BlockWeights]) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Samples as events (T, B, inputs), as many at a time as fit, where the weights are.

    Beside them (T, B, 1), whether a step is within its sample; None where all samples are equally long.
    """
    device = weights[0].readout.device
    for start in range(0, len(split), BATCH):
        part = slice(start, start + BATCH)
        events = torch.from_numpy(split.spikes[part]).to(device).float().transpose(0, 1)
        yield events, within_samples(split.lengths, part, len(events), device)


def within_samples(lengths: NDArray[np.int64] | None, chosen: slice | NDArray, steps: int,
                   device: torch.device) -> Tensor | None:
    """(T, B, 1) float32: 1 in the steps of each chosen sample, 0 after its end."""
    if lengths is None:
        return None
    ends = torch.from_numpy(lengths[chosen]).to(device)
    return (torch.arange(steps, device=device)[:, None] < ends).float()[:, :, None]


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
    of_step_labels: list[list[Tensor]] = []
    fired = [[0.0] * block.depth for block in spec.blocks]
    for events, within in batches(split, weights):
        predictions.append([])
        of_step_labels.append([])
        for b, (block, own) in enumerate(zip(spec.blocks, weights, strict=True)):
            share, flows = events.shape[1] / len(split), Flows(block.sources)
            for index, (layer, matrix) in enumerate(zip(block.layers, own.layers, strict=True)):
                events, _ = layer_window(layer, matrix, events, layer_rest(layer, events.shape[1], matrix), flows)
                fired[b][index] += float(events.mean()) * share
            steps = whole(block.readout, read_out(block.readout, own.readout, events))
            predictions[-1].append(predict(answers_of(block, steps, within)))
            if split.step_labels is not None:
                of_step_labels[-1].append(window_predictions(window_logits(block, steps, within)).T)
    blocks = [torch.cat(parts).cpu().numpy() for parts in zip(*predictions, strict=True)]
    accuracies = [float((block == split.labels).mean()) for block in blocks]
    if split.step_labels is not None:
        accuracies = [_window_accuracy(spec.blocks[b], split, torch.cat(parts).cpu().numpy())
                      for b, parts in enumerate(zip(*of_step_labels, strict=True))]
    return Evaluation(blocks[-1], accuracies, fired)


def window_predictions(logits: Tensor) -> Tensor:
    """(W, B) classes of the largest logits (W, B, classes) of windows."""
    return predict(logits.flatten(0, 1)).unflatten(0, logits.shape[:2])


def _window_accuracy(block: BlockSpec, split: Split, predictions: NDArray[np.int64]) -> float:
    """Share of the labelled windows that are answered right, of predictions (N, W)."""
    labels = of_windows(split.step_labels, block.window, block.loss_steps, split.lengths)
    return float((predictions == labels)[labels >= 0].mean())
