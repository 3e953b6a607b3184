"""Neurons over a window in one pass each way: the loops of :mod:`.neuron`, compiled for the processor.

Equal to the plain loops to the bit, forward and backward: the same operations in the same order.
"""

import numpy as np
import torch
from numba import prange
from numpy.typing import NDArray
from torch import Tensor

from rtl_gen.contract.layer import LayerSpec
from sim.reference.compiled import compiled

from .gather import on_torch_threads

CHUNK = 1024        # neurons at a time: what they carry from step to step stays in the nearest cache


def charge_fire_reset(currents: Tensor, membrane: Tensor, threshold: Tensor | int, layer: LayerSpec,
                      leak: float) -> tuple[Tensor, Tensor, Tensor]:
    """Spikes (K, ...) and gates (K, ...), uint8, of currents (K, ...), and the membrane (...) after the window.

    As :func:`.neuron.integrate` and :func:`.surrogates.gates`, of float32; ``membrane`` (...) is left as it was, and
    loses ``floor(membrane * leak)`` in a step.
    """
    currents, after = currents.detach().contiguous(), membrane.detach().clone(memory_format=torch.contiguous_format)
    threshold = torch.as_tensor(threshold, dtype=currents.dtype).detach().expand_as(after).contiguous()
    spikes, gates = torch.empty_like(currents), torch.empty_like(currents, dtype=torch.uint8)
    triangle = layer.surrogate.shape == "triangle"
    on_torch_threads(
        _forward, _steps(currents), after.view(-1).numpy(), _steps(spikes), _steps(gates),
        np.float32(leak),
        np.float32(layer.neuron.membrane_min), np.float32(layer.neuron.membrane_max), threshold.view(-1).numpy(),
        layer.neuron.reset == "zero", np.float32(layer.neuron.reset_amount or 0), triangle,
        np.float32(2.0 ** -layer.surrogate.width if triangle else layer.surrogate.width),
        np.float32(layer.surrogate.height))
    return spikes, gates, after


def credits(grad: Tensor, gates: Tensor, fired: Tensor | None, area: float, keep: float) -> Tensor:
    """:func:`.neuron.credits`, of float32."""
    found = torch.empty_like(grad, memory_format=torch.contiguous_format)
    # The error of a window's answer is the same in all its steps, and is read once.
    grad = grad[:1].contiguous() if grad.stride(0) == 0 else grad.contiguous()
    on_torch_threads(
        _backward, _steps(grad), _steps(gates), _steps(gates if fired is None else fired.view(torch.uint8)),
        fired is not None, np.float32(area), np.float32(keep), _steps(found))
    return found


def _steps(values: Tensor) -> NDArray[np.generic]:
    return values.view(len(values), -1).numpy()


@compiled(parallel=True)
def _forward(currents: NDArray[np.float32], membrane: NDArray[np.float32], spikes: NDArray[np.float32],
             gates: NDArray[np.uint8], leak: np.float32, lowest: np.float32, highest: np.float32,
             thresholds: NDArray[np.float32], zero: bool, amount: np.float32, triangle: bool, width: np.float32,
             height: np.float32) -> None:
    """``amount`` is what a reset by subtraction takes; 0 takes the threshold."""
    steps, neurons = currents.shape
    own = amount == np.float32(0)
    one, none = np.float32(1), np.float32(0)
    for chunk in prange((neurons + CHUNK - 1) // CHUNK):
        first, last = chunk * CHUNK, min(neurons, (chunk + 1) * CHUNK)
        u, threshold = membrane[first:last], thresholds[first:last]
        for t in range(steps):
            current, spike, gate = currents[t, first:last], spikes[t, first:last], gates[t, first:last]
            for j in range(len(u)):
                v = current[j] + u[j] - np.floor(u[j] * leak)
                v = lowest if v < lowest else v
                v = highest if v > highest else v
                fires = one if v >= threshold[j] else none
                spike[j] = fires
                u[j] = v - fires * (v if zero else threshold[j] if own else amount)
                distance = abs(v - threshold[j])
                if triangle:
                    left = height - np.floor(distance * width)
                    gate[j] = np.uint8(left if left > none else none)
                else:
                    gate[j] = np.uint8(1) if distance < width else np.uint8(0)


@compiled(parallel=True)
def _backward(grad: NDArray[np.float32], gates: NDArray[np.uint8], fired: NDArray[np.uint8], stops: bool,
              area: np.float32, keep: np.float32, found: NDArray[np.float32]) -> None:
    steps, neurons = found.shape
    none, same = np.float32(0), len(grad) == 1
    for chunk in prange((neurons + CHUNK - 1) // CHUNK):
        first, last = chunk * CHUNK, min(neurons, (chunk + 1) * CHUNK)
        carried = np.zeros(last - first, np.float32)
        for t in range(steps - 1, -1, -1):
            credit, gate, signal = found[t, first:last], gates[t, first:last], grad[0 if same else t, first:last]
            if stops:
                stop = fired[t, first:last]
                for j in range(len(carried)):
                    carried[j] = none if stop[j] else carried[j]
            for j in range(len(carried)):
                credit[j] = np.float32(gate[j]) * (signal[j] / area) + carried[j]
                carried[j] = credit[j] * keep
