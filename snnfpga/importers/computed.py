"""What a chain computes, step by step in float64, as the framework that it came from does."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from .stages import (
    Array,
    Chain,
    ConvStage,
    FlattenStage,
    LinearStage,
    NeuronStage,
    PoolStage,
    ScaleStage,
    Stage,
)


@torch.no_grad()
def computed(chain: Chain, events: Tensor, several: bool = False) -> tuple[list[Tensor], Tensor]:
    """Spikes of each layer of spiking neurons, (T, B, ...) in its shape, and answers (B, classes), float64.

    Parameters
    ----------
    events
        (T, B, ...) in the shape of the chain's input.
    several
        Whether a neuron fires as often in a step as its membrane holds thresholds, as Sinabs' ``MultiSpike`` does.
    """
    spikes, answers, events = [], None, events.double()
    for stage in chain.stages:
        if not isinstance(stage, NeuronStage):
            events = passed(stage, events)
            continue
        fired, levels = neurons(stage, events, several)
        if stage.dynamics.threshold is None:
            answers = levels.sum(0)
        else:
            spikes.append(fired)
            events = fired
    return spikes, events.flatten(2).sum(0) if answers is None else answers


def passed(stage: Stage, events: Tensor) -> Tensor:
    """What (T, B, ...) become behind a stage without a state."""
    if isinstance(stage, LinearStage):
        return functional.linear(events, tensor(stage.weight), tensor(stage.bias))
    if isinstance(stage, FlattenStage):
        return events.flatten(2)
    if isinstance(stage, ScaleStage):
        factor, shift = (_spread(part, events.shape[2:]) for part in (stage.factor, stage.shift))
        return events * factor + (0.0 if shift is None else shift)
    flat = events.flatten(0, 1)
    if isinstance(stage, ConvStage):
        flat = functional.conv2d(flat, tensor(stage.weight), tensor(stage.bias), stage.stride, stage.padding, 1,
                                 stage.groups)
    elif isinstance(stage, PoolStage):
        size = stage.size
        flat = functional.max_pool2d(flat, size) if stage.kind == "max" else functional.avg_pool2d(flat, size) * (
            1.0 if stage.kind == "mean" else size ** 2)
    return flat.unflatten(0, events.shape[:2])


def neurons(stage: NeuronStage, currents: Tensor, several: bool = False) -> tuple[Tensor, Tensor]:
    """Spikes and membranes after the reset, both (T, B, ...), of neurons of a stage; an integrator has no spikes."""
    fired, levels = [], []
    for spikes, v in _steps(stage, currents, several):
        fired.append(spikes)
        levels.append(v)
    return torch.stack(fired), torch.stack(levels)


def _steps(stage: NeuronStage, currents: Tensor, several: bool) -> Iterator[tuple[Tensor, Tensor]]:
    own, shape = stage.dynamics, currents.shape[2:]
    keep, gain, constant, alpha = (_spread(part, shape) for part in (own.keep, own.gain, own.constant,
                                                                     own.current_keep))
    threshold = _spread(own.threshold, shape)
    v, i, before = torch.zeros_like(currents[0]), torch.zeros_like(currents[0]), torch.zeros_like(currents[0])
    for x in currents:
        if stage.recurrent is not None:
            x = x + functional.linear(before, tensor(stage.recurrent.weight), tensor(stage.recurrent.bias))
        i = x if alpha is None else alpha * i + x
        v = keep * v + gain * i + constant
        if threshold is None:
            yield before, v
            continue
        late = own.reset == "subtract-late"
        if late:
            v = v - before * threshold
        before = (v >= threshold if own.reached else v > threshold).double()
        if several:
            before = torch.floor(v.clamp(min=0.0) / threshold)
        if not late:
            v = v * (1.0 - before) if own.reset == "zero" else v - before * threshold
        yield before, v


def tensor(values: Array | None) -> Tensor | None:
    """Values as a tensor of its own in float64; None of None."""
    return None if values is None else torch.tensor(values, dtype=torch.float64)


def _spread(values: Array | None, shape: torch.Size) -> Tensor | None:
    """A parameter in the shape of the neurons: one for all, one a channel, or one each."""
    found = tensor(values)
    if found is None or found.numel() == 1:
        return None if found is None else found.reshape(())
    return found.reshape(shape) if found.numel() == shape.numel() else found.reshape(-1, *[1] * (len(shape) - 1))
