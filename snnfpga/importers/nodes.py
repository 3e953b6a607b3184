"""Nodes without a state as stages: connections, convolutions, poolings and what only changes the shape."""

from collections.abc import Callable

import numpy as np

from .graph import NirError, Node
from .stages import ConvStage, FlattenStage, LinearStage, PoolStage, ScaleStage, Stage

NEURONS = ("IF", "LIF", "LI", "CubaLIF")


def linear(node: Node) -> LinearStage:
    """A Linear or an Affine."""
    weight = node.array("weight")
    if weight.ndim != 2:
        raise NirError(f"weight of {node} must be a matrix (outputs, inputs), not of shape {weight.shape}; mend "
                       "the shape")
    bias = None
    if node.kind == "Affine":
        bias = node.array("bias").reshape(-1)
        if bias.size != len(weight):
            raise NirError(f"bias of {node} must have {len(weight)} values, one an output, not {bias.size}; give it "
                           "as many")
    return LinearStage(node.name, weight, bias if bias is not None and bias.any() else None)


def _conv(node: Node) -> ConvStage:
    weight = node.array("weight")
    if weight.ndim != 4 or weight.shape[2] != weight.shape[3]:
        raise NirError(f"weight of {node} must be (filters, channels, kernel, kernel) with a square kernel, not of "
                       f"shape {weight.shape}; pad the kernel with zeros to a square")
    kernel = weight.shape[2]
    stride, dilation = (_one(node, name, 1, least=1) for name in ("stride", "dilation"))
    if dilation != 1:
        raise NirError(f"dilation of {node} must be 1, not {dilation}; write the kernel out with zeros between")
    padding = {"valid": 0, "same": (kernel - 1) // 2}.get(node.text("padding") or "")
    if node.text("padding") == "same" and (kernel % 2 == 0 or stride != 1):
        raise NirError(f"padding same of {node} must be of an odd kernel at stride 1, not of {kernel} at {stride}; "
                       "give it as a number")
    if padding is None:
        padding = _one(node, "padding", 0, least=0)
    bias = node.array("bias", 0.0).reshape(-1)
    if bias.any() and bias.size != len(weight):
        raise NirError(f"bias of {node} must have {len(weight)} values, one a filter, not {bias.size}; give it as many")
    shape = node.sizes("input_shape") if "input_shape" in node.parameters else None
    # Sinabs writes (channels,) where it had to guess; the grid is known from what reaches the node.
    return ConvStage(node.name, weight, bias if bias.any() else None, stride, padding,
                     _one(node, "groups", 1, least=1), shape if shape is not None and len(shape) == 2 else None)


def _pool(node: Node) -> PoolStage:
    size = _one(node, "kernel_size", None, least=1)
    stride, padding = _one(node, "stride", size), _one(node, "padding", 0)
    if stride != size or padding:
        raise NirError(f"{node} must pool squares that do not overlap, without padding: stride {size} and padding 0 "
                       f"for its kernel_size {size}, not {stride} and {padding}; change the pooling, or take a "
                       "convolution of that stride")
    return PoolStage(node.name, "sum" if node.kind == "SumPool2d" else "mean", size)


def _flatten(node: Node) -> FlattenStage:
    shape = node.sizes("input_type") if "input_type" in node.parameters else ()
    start, last = _one(node, "start_dim", 0), _one(node, "end_dim", -1)
    # Some writers keep a batch or a time axis of 1 before the others.
    extra = max(0, len(shape) - 3) if not len(shape) or shape[0] == 1 else 0
    if start - extra != 0 or last not in (-1, len(shape) - 1):
        raise NirError(f"{node} must flatten all dimensions, start_dim 0 and end_dim -1, not {start} and {last} of "
                       f"{shape}; flatten the whole")
    return FlattenStage(node.name, shape or None)


def _scale(node: Node) -> ScaleStage:
    return ScaleStage(node.name, node.array("scale"))


def _one(node: Node, name: str, default: int | None, least: int | None = None) -> int:
    """A parameter that is one whole number for both directions, however it is written."""
    values = np.unique(node.array(name, None if default is None else float(default)))
    if len(values) != 1 or values[0] != int(values[0]):
        raise NirError(f"{name} of {node} must be one whole number for both directions, not "
                       f"{', '.join(f'{value:g}' for value in values)}; take it square")
    if least is not None and values[0] < least:
        raise NirError(f"{name} of {node} must be at least {least}, not {values[0]:g}; change it")
    return int(values[0])


STAGES: dict[str, Callable[[Node], Stage]] = {
    "Linear": linear, "Affine": linear, "Conv2d": _conv, "SumPool2d": _pool, "AvgPool2d": _pool, "Flatten": _flatten,
    "Scale": _scale,
}
