"""The loops of :mod:`.scan` for a CUDA device, where Triton is installed; CUDA builds of PyTorch bring it.

Equal to the plain loops of :mod:`.neuron`: the same operations in the same order, no product and sum in one rounding.
"""

import torch
import triton
from torch import Tensor
from triton import language as tl

from rtl_gen.contract.layer import LayerSpec

BLOCK = 256         # neurons of a program: each goes through all steps, its membrane in a register
EXACT = {"enable_fp_fusion": False}


def charge_fire_reset(currents: Tensor, membrane: Tensor, threshold: Tensor | int, layer: LayerSpec,
                      leak: float) -> tuple[Tensor, Tensor, Tensor]:
    """As :func:`.scan.charge_fire_reset`."""
    currents, after = currents.detach().contiguous(), membrane.detach().clone(memory_format=torch.contiguous_format)
    thresholds = torch.as_tensor(threshold, dtype=currents.dtype, device=currents.device).detach()
    spikes, gates = torch.empty_like(currents), torch.empty_like(currents, dtype=torch.uint8)
    triangle = layer.surrogate.shape == "triangle"
    _forward[(triton.cdiv(after.numel(), BLOCK),)](
        currents, after, thresholds.expand_as(after).contiguous(), spikes, gates, after.numel(), len(currents),
        leak, float(layer.neuron.membrane_min),
        float(layer.neuron.membrane_max), 2.0 ** -layer.surrogate.width if triangle else float(layer.surrogate.width),
        float(layer.surrogate.height), float(layer.neuron.reset_amount or 0), layer.neuron.reset == "zero",
        layer.neuron.reset_amount is not None, triangle, BLOCK, **EXACT)
    return spikes, gates, after


def credits(grad: Tensor, gates: Tensor, fired: Tensor | None, area: float, keep: float) -> Tensor:
    """As :func:`.scan.credits`."""
    found = torch.empty_like(grad, memory_format=torch.contiguous_format)
    same, neurons = grad.stride(0) == 0, grad[0].numel()
    grad = (grad[:1] if same else grad).contiguous()
    _backward[(triton.cdiv(neurons, BLOCK),)](
        grad, gates, gates if fired is None else fired.view(torch.uint8), found, neurons, len(found),
        0 if same else neurons, area, keep, fired is not None, BLOCK, **EXACT)
    return found


@triton.jit
def _forward(currents, membrane, thresholds, spikes, gates, neurons, steps, leak, lowest, highest, width, height,
             amount, ZERO: tl.constexpr, AMOUNT: tl.constexpr, TRIANGLE: tl.constexpr, SIZE: tl.constexpr):
    place = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    inside = place < neurons
    u = tl.load(membrane + place, mask=inside, other=0.0)
    threshold = tl.load(thresholds + place, mask=inside, other=0.0)
    for _ in range(steps):
        v = tl.load(currents + place, mask=inside, other=0.0) + u - tl.floor(u * leak)
        v = tl.minimum(tl.maximum(v, lowest), highest)
        fires = (v >= threshold).to(tl.float32)
        tl.store(spikes + place, fires, mask=inside)
        distance = tl.abs(v - threshold)
        if TRIANGLE:
            gate = tl.maximum(height - tl.floor(distance * width), 0.0)
        else:
            gate = (distance < width).to(tl.float32)
        tl.store(gates + place, gate.to(tl.uint8), mask=inside)
        if ZERO:
            u = v - fires * v
        elif AMOUNT:
            u = v - fires * amount
        else:
            u = v - fires * threshold
        currents += neurons
        spikes += neurons
        gates += neurons
    tl.store(membrane + place, u, mask=inside)


# A count of 1 would become a constant, which has no type to be cast to.
@triton.jit(do_not_specialize=["steps"])
def _backward(grad, gates, fired, found, neurons, steps, stride, area, keep, STOPS: tl.constexpr, SIZE: tl.constexpr):
    place = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    inside = place < neurons
    carried = tl.zeros((SIZE,), tl.float32)
    last = (steps - 1).to(tl.int64)
    grad += last * stride
    gates += last * neurons
    fired += last * neurons
    found += last * neurons
    for _ in range(steps):
        if STOPS:
            stop = tl.load(fired + place, mask=inside, other=0)
            carried = tl.where(stop != 0, 0.0, carried)
        signal = tl.load(grad + place, mask=inside, other=0.0)
        gate = tl.load(gates + place, mask=inside, other=0).to(tl.float32)
        credit = gate * tl.div_rn(signal, area) + carried
        tl.store(found + place, credit, mask=inside)
        carried = credit * keep
        grad -= stride
        gates -= neurons
        fired -= neurons
        found -= neurons
