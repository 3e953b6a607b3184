"""Modules of snnTorch and SpikingJelly as a chain, known by the names of their classes: neither package is imported."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .graph import NirError, Node
from .nodes import STAGES
from .stages import Array, Chain, Dynamics, LinearStage, NeuronStage, PoolStage, ScaleStage, Stage
from .unserved import why_not

TRANSPARENT = ("Dropout", "Dropout2d", "Identity")      # nothing to a network that is not in training
ONE = np.float64(1.0)[...]


def chain_of_modules(modules: Any, input_shape: Sequence[int]) -> Chain:
    """The stages of modules in order.

    Parameters
    ----------
    modules
        A ``torch.nn.Sequential``, or modules in the order in which events go through them.
    input_shape
        (inputs,) or (channels, rows, columns) of one sample's step.

    Raises
    ------
    NirError
        If one of them is none that is known, or computes what there is not here; it is named.
    """
    shape = tuple(int(side) for side in input_shape)
    if len(shape) not in (1, 3) or min(shape) < 1:
        raise NirError(f"input_shape must be (inputs,) or (channels, rows, columns), not {shape}; leave out the batch "
                       "and time")
    stages = [stage for name, module in _leaves(modules, "") for stage in _stage(name, module)]
    if not stages:
        raise NirError("The modules must be a torch.nn.Sequential, or a list of layers in order, and there are none; "
                       "give them in the order in which events pass")
    return Chain(shape, tuple(stages))


def _leaves(modules: Any, place: str) -> Iterator[tuple[str, Any]]:
    """The layers in ``modules`` in order, by their names."""
    if isinstance(modules, list | tuple):
        named: Iterable[tuple[str, Any]] = ((str(number), module) for number, module in enumerate(modules))
    elif _kind(modules) in ("Sequential", "SeqToANNContainer", "MultiStepContainer"):
        named = modules.named_children()
    else:
        yield place, modules
        return
    for name, module in named:
        yield from _leaves(module, f"{place}.{name}" if place else name)


def _kind(module: Any) -> str:
    return type(module).__name__


def _stage(name: str, module: Any) -> Iterator[Stage]:
    kind = _kind(module)
    if kind in TRANSPARENT:
        return
    node = f"Module {name or '0'} ({kind})"
    if isinstance(module, type):
        raise NirError(f"Module {name or '0'} must be a layer, not the class {module.__name__}; make one of it")
    try:
        yield from _known(name, node, module)
    except AttributeError as error:
        raise NirError(f"{node} must have {error.name}, and has none; is it of another version or package?") from error


def _known(name: str, node: str, module: Any) -> Iterator[Stage]:
    """The stage of a layer that ``node`` names for people.

    Raises
    ------
    NirError
        If it is none that is known, or computes what there is not here.
    """
    kind = _kind(module)
    if kind in _NEURONS:
        dynamics = _NEURONS[kind](node, module)
        yield NeuronStage(name, dynamics, _recurrent(name, node, module) if kind.startswith("R") else None)
    elif kind in _PARTS:
        made = _PARTS[kind](node, module)
        yield STAGES[made[0]](Node(name, *made))
        if getattr(module, "divisor_override", None) is not None:
            yield _divided(name, node, module)
    elif kind == "MaxPool2d":
        yield _max(name, node, module)
    elif kind in ("BatchNorm1d", "BatchNorm2d"):
        yield _normalised(name, node, module)
    elif (reason := why_not(module)) is not None:
        raise NirError(f"{node} has no counterpart here: {reason}")
    else:
        known = ", ".join([*_PARTS, "MaxPool2d", "BatchNorm2d", *_NEURONS])
        inside = [child for child, _ in module.named_children()] if hasattr(module, "named_children") else []
        what = f"; its order of {', '.join(inside)} is not known: give a list of them in order" if inside else ""
        raise NirError(f"{node} has no counterpart here: known are {known}{what or '; replace it'}")


def _values(node: str, module: Any, name: str) -> Array:
    """A parameter, a tensor or a number, as float64.

    Raises
    ------
    NirError
        If it holds no real numbers, or NaN or infinite ones.
    """
    value = getattr(module, name)
    if getattr(value, "is_meta", False):
        raise NirError(f"{name} of {node} is on the device meta, which holds no numbers; load the trained ones")
    if getattr(value, "is_complex", bool)():
        raise NirError(f"{name} of {node} must be real numbers, not complex ones; train it so")
    try:
        # NumPy has no bfloat16, and some devices no float64.
        held = value.detach().cpu().double().numpy() if hasattr(value, "detach") else value
        found = np.asarray(held, np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise NirError(f"{name} of {node} must be real numbers in a dense tensor, and cannot be read as such "
                       f"({str(error).partition(chr(10))[0]}); convert it") from error
    if not np.isfinite(found).all():
        raise NirError(f"{name} of {node} must be finite, and {int((~np.isfinite(found)).sum())} of {found.size} "
                       "values are NaN or infinite; train the network again")
    return found


def _linear(node: str, module: Any) -> tuple[str, dict[str, Any]]:
    parts = {"weight": _values(node, module, "weight")}
    return ("Linear", parts) if module.bias is None else ("Affine", parts | {"bias": _values(node, module, "bias")})


def _conv(node: str, module: Any) -> tuple[str, dict[str, Any]]:
    if getattr(module, "padding_mode", "zeros") != "zeros":
        raise NirError(f"{node} must pad with zeros, not {module.padding_mode}; change padding_mode")
    parts = {name: getattr(module, name) for name in ("stride", "padding", "dilation", "groups")}
    bias = 0.0 if module.bias is None else _values(node, module, "bias")
    return "Conv2d", {"weight": _values(node, module, "weight"), "bias": bias, **parts}


def _pool(node: str, module: Any) -> tuple[str, dict[str, Any]]:
    if getattr(module, "ceil_mode", False):
        raise NirError(f"{node} must leave out squares that the border cuts; take ceil_mode False")
    return "AvgPool2d", {name: getattr(module, name) for name in ("kernel_size", "stride", "padding")}


def _divided(name: str, node: str, module: Any) -> ScaleStage:
    """What turns a mean into its sum divided by another number."""
    if module.divisor_override <= 0:
        raise NirError(f"{node} must divide by a number above 0, not {module.divisor_override}; "
                       "change divisor_override")
    area = float(np.prod(np.broadcast_to(module.kernel_size, 2)))
    return ScaleStage(name, np.float64(area / module.divisor_override)[...])


def _flatten(node: str, module: Any) -> tuple[str, dict[str, Any]]:
    if (module.start_dim, module.end_dim) != (1, -1):
        raise NirError(f"{node} must flatten all dimensions but the batch, start_dim 1 and end_dim -1, not "
                       f"{module.start_dim} and {module.end_dim}; flatten the whole")
    # Dimension 0 of a batch in PyTorch is none of a sample's.
    return "Flatten", {"start_dim": module.start_dim - 1, "end_dim": module.end_dim}


def _max(name: str, node: str, module: Any) -> PoolStage:
    """A maximum of spikes, which is whether any came."""
    if module.return_indices or module.ceil_mode or set(np.ravel(module.dilation)) != {1}:
        raise NirError(f"{node} must have dilation 1 and neither ceil_mode nor return_indices; leave them out")
    parts = {part: getattr(module, part) for part in ("kernel_size", "stride", "padding")}
    return replace(STAGES["SumPool2d"](Node(name, "MaxPool2d", parts)), kind="max")


def _normalised(name: str, node: str, module: Any) -> ScaleStage:
    """What a normalisation does once it is trained: its statistics stand."""
    if module.running_mean is None:
        raise NirError(f"{node} must keep its statistics; take track_running_stats=True, and train it so")
    variance = _values(node, module, "running_var") + _values(node, module, "eps")
    if (variance <= 0.0).any():
        raise NirError(f"{node} must have running_var and eps whose sum is above 0; train it so")
    factor = 1.0 / np.sqrt(variance)
    factor = factor if module.weight is None else factor * _values(node, module, "weight")
    shift = -factor * _values(node, module, "running_mean")
    return ScaleStage(name, factor, shift if module.bias is None else shift + _values(node, module, "bias"))


_PARTS: dict[str, Callable[[str, Any], tuple[str, dict[str, Any]]]] = {
    "Linear": _linear, "Conv2d": _conv, "AvgPool2d": _pool, "Flatten": _flatten}


def _snntorch(node: str, module: Any, current: Array | None) -> Dynamics:
    """Neurons of snnTorch: fire above the threshold, and reset a step late."""
    reset = module.reset_mechanism
    if reset not in ("subtract", "zero"):
        raise NirError(f"{node} must reset by subtract or zero, not {reset}; set reset_mechanism")
    if reset == "subtract" and not module.reset_delay:
        raise NirError(f"{node} subtracts at once with reset_delay=False, after which a neuron left above its "
                       "threshold must clear two, and no neuron here does; take reset_delay=True, or reset_mechanism "
                       "zero")
    if reset == "zero" and _kind(module) != "Leaky" and module.reset_delay:
        raise NirError(f"{node} resets to zero with reset_delay=True in the step after a spike, and loses what comes "
                       "in then, as no neuron here does; take reset_delay=False, or reset_mechanism subtract")
    graded = hasattr(module, "graded_spikes_factor") and (_values(node, module, "graded_spikes_factor") != 1.0).any()
    if module.inhibition or module.state_quant or graded:
        raise NirError(f"{node} must have no inhibition, state_quant or graded_spikes_factor; leave them out")
    beta = np.clip(_values(node, module, "beta"), 0.0, 1.0)
    return Dynamics(keep=beta, gain=ONE, constant=ONE * 0.0, threshold=_values(node, module, "threshold"),
                    reached=False, reset="zero" if reset == "zero" else "subtract-late", current_keep=current,
                    said=f"beta {beta.reshape(-1)[0]:.4g}")


def _leaky(node: str, module: Any) -> Dynamics:
    return _snntorch(node, module, None)


def _synaptic(node: str, module: Any) -> Dynamics:
    return _snntorch(node, module, np.clip(_values(node, module, "alpha"), 0.0, 1.0))


def _recurrent(name: str, node: str, module: Any) -> LinearStage:
    """The connections of ``RLeaky`` and ``RSynaptic`` to themselves."""
    own = getattr(module, "recurrent", None)
    if own is None or not hasattr(own, "weight") or own.weight.ndim != 2:
        raise NirError(f"{node} must have all_to_all connections of linear_features to itself; take them")
    place = f"recurrent of {node}"
    bias = None if getattr(own, "bias", None) is None else _values(place, own, "bias")
    return LinearStage(f"{name}.recurrent", _values(place, own, "weight"), bias)


def _spikingjelly(node: str, module: Any, keep: Array, gain: Array, said: str,
                  current: Array | None = None) -> Dynamics:
    """Neurons of SpikingJelly: fire where the threshold is reached, and reset in the same step."""
    if not getattr(getattr(module, "surrogate_function", None), "spiking", True):
        raise NirError(f"{node} gives out numbers that are no spikes; take spiking=True in its surrogate_function")
    back = 0.0 if module.v_reset is None else _values(node, module, "v_reset")
    return Dynamics(keep=keep, gain=gain, constant=ONE * 0.0, threshold=_values(node, module, "v_threshold") - back,
                    reached=True, reset="subtract" if module.v_reset is None else "zero", current_keep=current,
                    said=said)


def _if(node: str, module: Any) -> Dynamics:
    return _spikingjelly(node, module, ONE, ONE, "no leak")


def _lif(node: str, module: Any) -> Dynamics:
    tau = _values(node, module, "tau") if hasattr(module, "tau") else 1.0 + np.exp(-_values(node, module, "w"))
    if (tau <= 1.0).any():
        raise NirError(f"{node} must have tau above 1 step, not {tau.min():g}; train it so")
    return _spikingjelly(node, module, 1.0 - 1.0 / tau, 1.0 / tau if module.decay_input else ONE,
                         f"tau {tau.reshape(-1)[0]:.4g} steps")


def _cuba(node: str, module: Any) -> Dynamics:
    back = ONE * 0.0 if module.v_reset is None else _values(node, module, "v_reset").reshape(-1)
    if back.any():
        raise NirError(f"{node} must have v_reset 0, to which its membrane leaks, or None, not {back[back != 0][0]:g}; "
                       "train it so")
    keep = _values(node, module, "v_decay")
    return _spikingjelly(node, module, keep, ONE, f"v_decay {keep.reshape(-1)[0]:.4g}",
                         _values(node, module, "c_decay"))


_NEURONS: dict[str, Callable[[str, Any], Dynamics]] = {
    "Leaky": _leaky, "RLeaky": _leaky, "Synaptic": _synaptic, "RSynaptic": _synaptic, "IFNode": _if, "LIFNode": _lif,
    "ParametricLIFNode": _lif, "CUBALIFNode": _cuba}
