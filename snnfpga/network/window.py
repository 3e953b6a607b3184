"""A block over a window of steps, on integer-valued weights."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.readout import ReadoutSpec

from .linger import NextCurrent, linger
from .neuron import RecurrentWindow, integrate, integrate_recurrent, spiking, thresholds_of
from .sparse import are_plain
from .synapses import currents, pooled, to_counted


@dataclass(frozen=True)
class BlockWeights:
    """Integer-valued float32 weights of a block: a matrix (rows, columns) a layer, and the readout (rows, classes)."""

    layers: list[Tensor]
    readout: Tensor


class State(NamedTuple):
    """What a layer keeps from step to step.

    Attributes
    ----------
    membrane
        (B, N), after the reset.
    spikes
        (B, N), of the step before; None where the layer is not recurrent.
    current
        (B, N), of the step before; None where currents do not linger.
    """

    membrane: Tensor
    spikes: Tensor | None
    current: Tensor | None = None


def rest(block: BlockSpec, batch: int, like: Tensor) -> list[State]:
    """State of each layer at a sample's start, with the type and the device of ``like``."""
    return [layer_rest(layer, batch, like) for layer in block.layers]


def layer_rest(layer: LayerSpec, batch: int, like: Tensor) -> State:
    """State of a layer at a sample's start."""
    silence = like.new_zeros(batch, layer.outputs)
    return State(silence, silence if layer.synapses.recurrent else None, None if layer.current is None else silence)


class Flows:
    """Currents of a block's layers, one after the other from the first, kept where a later layer adds them.

    Parameters
    ----------
    sources
        As :attr:`rtl_gen.contract.spec.BlockSpec.sources`: those that are kept.
    joined
        Whether credit goes back to the earlier layer.
    """

    def __init__(self, sources: frozenset[int], joined: bool = True) -> None:
        self._sources, self._joined = sources, joined
        self._next = 0
        self._kept: dict[int, Tensor] = {}

    def through(self, layer: LayerSpec, own: Tensor) -> Tensor:
        """Currents of the next layer from its ``own``, both (..., N), with what it adds; every shift is exact."""
        if layer.residual is not None:
            added = self.below(layer.residual.below)
            own = own * 2.0 ** layer.residual.own_shift + added * 2.0 ** layer.residual.shift
        if self._next in self._sources:
            self._kept[self._next] = own if self._joined else own.detach()
        self._next += 1
        return own

    def below(self, layers: int) -> Tensor:
        """Currents (..., N) that were kept of the layer so many below the next."""
        return self._kept[self._next - layers]


def from_below(layer: LayerSpec, weights: Tensor, events: Tensor, flows: Flows) -> Tensor:
    """Currents (K, B, N) of events (K, B, inputs), a layer's own spikes left out."""
    own = currents(pooled(events.flatten(0, 1), layer.pool), weights, layer).unflatten(0, events.shape[:2])
    return flows.through(layer, own)


def own_weights(layer: LayerSpec, weights: Tensor) -> Tensor | None:
    """(N, N): from each neuron of a recurrent layer to each; None of others."""
    return weights[layer.synapses.rows:layer.synapses.rows + layer.outputs] if layer.synapses.recurrent else None


def layer_window(layer: LayerSpec, weights: Tensor, events: Tensor, state: State,
                 flows: Flows) -> tuple[Tensor, State]:
    """Spikes (K, B, N) of events (K, B, inputs), and the state after the window; credit goes to weights and events."""
    below, own = from_below(layer, weights, events, flows), own_weights(layer, weights)
    threshold = thresholds_of(layer, weights)
    if own is None:
        if layer.current is not None:
            below = linger(layer.current, below, state.current)
        spikes, membrane = spiking(below, state.membrane, threshold, layer)
        return spikes, State(membrane, None, None if layer.current is None else below[-1].detach())
    if layer.current is not None:
        return _recurrent_lingering(layer, below, own, state, threshold)
    spikes, membrane = RecurrentWindow.apply(below, own, state.membrane, state.spikes, threshold, layer)
    return spikes, State(membrane.detach(), spikes[-1].detach())


def _recurrent_lingering(layer: LayerSpec, below: Tensor, own: Tensor, state: State,
                         threshold: Tensor | int) -> tuple[Tensor, State]:
    """Step by step, as a spike adds to a current that lingers; credit goes back through membranes and currents."""
    found, (membrane, before, kept) = [], state
    for added in below:
        kept = NextCurrent.apply(added + before @ own, kept, layer.current)
        spikes, membrane = RecurrentWindow.apply(kept[None], None, membrane, None, threshold, layer)
        before = spikes[0]
        found.append(before)
    return torch.stack(found), State(membrane.detach(), before.detach(), kept.detach())


def layer_run(layer: LayerSpec, weights: Tensor, events: Tensor, state: State, flows: Flows) -> tuple[Tensor, Tensor]:
    """Spikes and charged membranes (K, B, N) of events (K, B, inputs); nothing is kept for learning."""
    below, own = from_below(layer, weights, events, flows), own_weights(layer, weights)
    threshold = thresholds_of(layer, weights)
    if own is None:
        if layer.current is not None:
            below = linger(layer.current, below, state.current)
        return integrate(below, state.membrane, threshold, layer)[:2]
    return integrate_recurrent(below, own, state.membrane, state.spikes, threshold, layer, state.current)[:2]


def read_out(readout: ReadoutSpec, weights: Tensor, spikes: Tensor) -> Tensor:
    """What spikes (..., N) add to the logits, (..., classes)."""
    if spikes.dim() == 3 and not are_plain() and (readout.pool is None or readout.pool.kind != "or"):
        return ReadOut.apply(spikes, weights, readout.pool)
    return pooled(spikes.flatten(0, -2), readout.pool).unflatten(0, spikes.shape[:-1]) @ weights


class ReadOut(torch.autograd.Function):
    """:func:`read_out` of whole windows: an error that is the same in all steps goes back once for all."""

    @staticmethod
    def forward(ctx: Any, spikes: Tensor, weights: Tensor, pool: PoolSpec | None) -> Tensor:
        """``(spikes (K, B, N), weights (rows, classes)) -> (K, B, classes)``."""
        counts = pooled(spikes.flatten(0, 1), pool).unflatten(0, spikes.shape[:2])
        ctx.pool = pool
        ctx.save_for_backward(counts, weights)
        return counts @ weights

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        (counts, weights), grad, pool = ctx.saved_tensors, grads[0], ctx.pool
        steps, to_spikes, to_weights = grad.shape[:2], None, None
        if grad.stride(0) == 0:
            counts, grad = counts.sum(0, keepdim=True), grad[:1]
        counts, grad = counts.flatten(0, 1), grad.flatten(0, 1)
        if ctx.needs_input_grad[0]:
            to_spikes = grad @ weights.t()
            to_spikes = to_spikes if pool is None else to_counted(to_spikes, pool)
            to_spikes = to_spikes.unflatten(0, (-1, steps[1])).expand(*steps, -1)
        if ctx.needs_input_grad[1]:
            to_weights = counts.t() @ grad
        return to_spikes, to_weights, None


def block_window(block: BlockSpec, weights: BlockWeights, events: Tensor,
                 states: list[State]) -> tuple[Tensor, Tensor, list[State]]:
    """Run a block over the steps of a window.

    Parameters
    ----------
    events
        (K, B, inputs), 0 or 1, of any type.
    states
        As the window before left them.

    Returns
    -------
    Spikes of the last layer (K, B, N), what each step adds to the logits (K, B, classes), and the states.
    """
    layers, after = block_layers(block, weights, events, states)
    return layers[-1], read_out(block.readout, weights.readout, layers[-1]), after


def block_layers(block: BlockSpec, weights: BlockWeights, events: Tensor, states: list[State],
                 joined: bool = True) -> tuple[list[Tensor], list[State]]:
    """Spikes (K, B, N) of each layer of a block, and the states after; no credit runs between layers not ``joined``."""
    found, after, flows = [], [], Flows(block.sources, joined)
    for layer, matrix, state in zip(block.layers, weights.layers, states, strict=True):
        spikes, left = layer_window(layer, matrix, events, state, flows)
        found.append(spikes)
        after.append(left)
        events = spikes if joined else spikes.detach()
    return found, after
