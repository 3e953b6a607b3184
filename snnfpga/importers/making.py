"""From stage to stage of a chain: sizes, what waits for neurons, and the layers that they make."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from ..network.architecture import Conv, Given, Linear
from .graph import NirError
from .matching import SourceLayer
from .neurons import Neurons, folded, spread
from .stages import (
    Array,
    ConvStage,
    FlattenStage,
    LinearStage,
    NeuronStage,
    PoolStage,
    ScaleStage,
    Stage,
)

# As ours; a mean's weights are divided, and a maximum of spikes is whether any came.
POOLS = {"sum": "sum", "mean": "sum", "max": "or", "or": "or"}


@dataclass(frozen=True, eq=False, kw_only=True)
class Raw:
    """A layer before its grid: the neurons' stage, the neurons, what is given, and the pooling before it.

    Its last neuron fires ``always`` where it stands for the bias of a readout.
    """

    stage: NeuronStage
    neurons: Neurons
    given: Given
    synapses: Linear | Conv
    pool: PoolStage | None
    shape: tuple[int, ...]
    always: bool = False


@dataclass
class Making:
    """What stands so far: the grid that it ends in, and what waits for neurons."""

    shape: tuple[int, ...]
    flat: bool = False
    last: bool = False
    pool: PoolStage | None = None
    factor: Array | None = None
    waiting: LinearStage | ConvStage | None = None
    integrator: NeuronStage | None = None
    seen: tuple[int, ...] = ()      # by the weights that wait
    layers: list[Raw] = field(default_factory=list)
    sources: list[SourceLayer] = field(default_factory=list)    # of neurons that fire, in their order
    warnings: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Values that a step has here."""
        return math.prod(self.shape)

    def take(self, stage: Stage) -> None:
        """Go on by a stage.

        Raises
        ------
        NirError
            If it has no place here, or sizes do not meet.
        """
        _TAKE[type(stage)](self, stage)


def _pool(made: Making, stage: PoolStage) -> None:
    if made.waiting is not None or made.pool is not None or made.flat or len(made.shape) != 3:
        raise NirError(f"Node {stage.name} pools what are no spikes of a grid (after {_before(made)}); pool spikes, "
                       "once, before the next connections")
    if stage.kind == "max" and not made.layers:
        raise NirError(f"Node {stage.name} takes a maximum of inputs, which may count more than one event; pool spikes "
                       "of neurons, or the data")
    channels, height, width = made.shape
    if stage.size > min(height, width):
        raise NirError(f"Node {stage.name} must pool squares within {height} x {width}, not of {stage.size}; change it")
    made.pool, made.shape = stage, (channels, height // stage.size, width // stage.size)
    if made.factor is not None:
        by = made.factor.reshape(channels, -1)
        if not np.allclose(by, by[:, :1]) or (stage.kind == "max" and (by <= 0).any()):
            raise NirError(f"The Scale before node {stage.name} must scale all pixels of a channel alike, and a "
                           "maximum's by factors above 0; take one factor a channel")
        made.factor = np.broadcast_to(by[:, :1, None], made.shape)


def _before(made: Making) -> str:
    return next((f"node {part.name}" for part in (made.waiting, made.pool) if part is not None),
                f"shape {' x '.join(map(str, made.shape))}")


def _flatten(made: Making, stage: FlattenStage) -> None:
    said, found = ([side for side in shape if side > 1] for shape in (stage.shape or made.shape, made.shape))
    if said != found:
        raise NirError(f"Node {stage.name} flattens {' x '.join(map(str, stage.shape))}, and "
                       f"{' x '.join(map(str, made.shape))} reach it; mend the shape")
    made.flat = True


def _scale(made: Making, stage: ScaleStage) -> None:
    factor, place = stage.factor, f"Node {stage.name}"
    if made.waiting is not None:
        by = spread(place, factor, made.shape).reshape(_columns(made), -1)
        if not np.allclose(by, by[:, :1]):
            raise NirError(f"{place} must scale all neurons of a filter alike; take one factor a channel")
        weight = made.waiting.weight * by[:, 0].reshape(-1, *[1] * (made.waiting.weight.ndim - 1))
        bias = None if made.waiting.bias is None else made.waiting.bias * by[:, 0]
        if stage.shift is not None:
            added = spread(place, stage.shift, made.shape).reshape(_columns(made), -1)[:, 0]
            bias = added if bias is None else bias + added
        made.waiting = replace(made.waiting, weight=weight, bias=bias)
    elif stage.shift is not None:
        raise NirError(f"{place} normalises what are no currents (after {_before(made)}); put it between connections "
                       "and their neurons")
    elif made.pool is not None and factor.size > 1:
        raise NirError(f"{place} must stand before node {made.pool.name}, or scale all alike; swap them")
    else:
        found = spread(place, factor, made.shape)
        made.factor = found if made.factor is None else made.factor * found


def _linear(made: Making, stage: LinearStage) -> None:
    outputs, inputs = stage.weight.shape
    if isinstance(made.waiting, ConvStage):
        raise NirError(f"Node {stage.name} follows node {made.waiting.name} without neurons between; put some there")
    if len(made.shape) == 3 and not made.flat and (made.shape[1:] != (1, 1)):
        raise NirError(f"Node {stage.name} sees a grid of {' x '.join(map(str, made.shape))} and needs a Flatten "
                       "before it; add one")
    if inputs != made.size:
        raise NirError(f"Node {stage.name} takes {inputs} inputs, and {made.size} reach it; mend the shape")
    weight, bias = stage.weight, stage.bias
    if made.factor is not None:
        weight = weight * made.factor.reshape(1, -1)
    if isinstance(made.waiting, LinearStage):
        earlier = made.waiting
        more = 0.0 if earlier.bias is None else weight @ earlier.bias
        bias = None if bias is None and earlier.bias is None else more + (0.0 if bias is None else bias)
        weight = weight @ earlier.weight
    else:
        made.seen = made.shape
    made.waiting, made.factor = replace(stage, weight=weight, bias=bias), None
    made.shape, made.flat = (outputs,), False


def _conv(made: Making, stage: ConvStage) -> None:
    if made.waiting is not None:
        raise NirError(f"Node {stage.name} follows node {made.waiting.name} without neurons between; put some there")
    if len(made.shape) != 3 or made.flat:
        raise NirError(f"Node {stage.name} is a convolution and needs channels, rows and columns, not "
                       f"{' x '.join(map(str, made.shape))}; give the Input its shape")
    channels, height, width = made.shape
    filters, part, kernel = stage.weight.shape[:3]
    if part * stage.groups != channels:
        raise NirError(f"Node {stage.name} takes {part * stage.groups} channels, and {channels} reach it; mend the "
                       "shape")
    if stage.input_shape is not None and stage.input_shape != (height, width):
        raise NirError(f"Node {stage.name} takes a grid of {' x '.join(map(str, stage.input_shape))}, and {height} x "
                       f"{width} reach it; mend the shape")
    if min(height, width) + 2 * stage.padding < kernel:
        raise NirError(f"Node {stage.name} has a kernel of {kernel} on a grid of {height} x {width}; pad it")
    weight = stage.weight
    if made.factor is not None:
        by = made.factor.reshape(channels, -1)
        if not np.allclose(by, by[:, :1]):
            raise NirError(f"The Scale before node {stage.name} must scale all pixels of a channel alike; take one "
                           "factor a channel")
        each = by[:, 0].reshape(stage.groups, 1, part, 1, 1)
        weight = (weight.reshape(stage.groups, -1, part, kernel, kernel) * each).reshape(weight.shape)
    made.seen, made.factor, made.waiting = made.shape, None, replace(stage, weight=weight)
    made.shape = (filters, *((side + 2 * stage.padding - kernel) // stage.stride + 1 for side in (height, width)))


def _neurons(made: Making, stage: NeuronStage) -> None:
    if made.waiting is None and _any(made, stage):
        made.pool = replace(made.pool, kind="or")
        made.sources.append(SourceLayer(node=stage.name, shape=made.shape, layer=None))
        return
    if made.waiting is None:
        raise NirError(f"Node {stage.name} must follow connections, a Linear, an Affine or a Conv2d, not "
                       f"{_before(made)}; add some")
    if stage.dynamics.threshold is None:
        if not made.last or isinstance(made.waiting, ConvStage) or stage.recurrent is not None:
            raise NirError(f"Node {stage.name} integrates and never fires (LI), which only the last node after a "
                           "Linear can; take spiking neurons there")
        made.integrator = stage
        return
    neurons = folded(stage, made.shape, _columns(made))
    given, synapses = _given(made, stage, neurons)
    made.sources.append(SourceLayer(node=stage.name, shape=made.shape, layer=len(made.layers)))
    made.layers.append(Raw(stage=stage, neurons=neurons, given=given, synapses=synapses, pool=made.pool,
                           shape=made.shape))
    made.waiting = made.pool = None


def _any(made: Making, stage: NeuronStage) -> bool:
    """Whether neurons behind a sum fire just where any event came: they forget, and one event is enough."""
    own = stage.dynamics
    if made.pool is None or made.pool.kind != "sum" or own.threshold is None or stage.recurrent is not None:
        return False
    forgets = own.reset == "zero" and own.current_keep is None and not own.constant.any()
    enough = own.gain.min() >= own.threshold.max() if own.reached else own.gain.min() > own.threshold.max()
    return bool(made.factor is None and forgets and enough)


def _columns(made: Making) -> int:
    return len(made.waiting.weight)


def _given(made: Making, stage: NeuronStage, neurons: Neurons) -> tuple[Given, Linear | Conv]:
    """The weights that wait, in the unit in which all their neurons have one threshold."""
    waiting, factors = made.waiting, neurons.factors
    weight = divided(made.pool, waiting.weight) * factors.reshape(-1, *[1] * (waiting.weight.ndim - 1))
    bias = neurons.constant + (0.0 if waiting.bias is None else waiting.bias)
    recurrent = None
    if stage.recurrent is not None:
        if isinstance(waiting, ConvStage):
            raise NirError(f"Node {stage.name} is recurrent after a convolution, and only after a Linear or an Affine "
                           "can it be; take one")
        recurrent = stage.recurrent.weight
        if recurrent.shape != (len(weight), len(weight)):
            raise NirError(f"Node {stage.recurrent.name} must join {len(weight)} neurons to themselves, not be of "
                           f"shape {recurrent.shape}; mend the shape")
        bias = bias + (0.0 if stage.recurrent.bias is None else stage.recurrent.bias)
        recurrent = recurrent * factors[:, None]
    bias = bias * factors
    given = Given(weights=weight, recurrent=recurrent, bias=bias if bias.any() else None,
                  channels_first=isinstance(waiting, LinearStage) and len(made.seen) == 3)
    if isinstance(waiting, ConvStage):
        return given, Conv(len(weight), weight.shape[2], waiting.stride, waiting.padding, waiting.groups)
    return given, Linear(len(weight), recurrent is not None)


def divided(pool: PoolStage | None, weight: Array) -> Array:
    """Weights behind a mean, which is a sum here: biases then keep their unit."""
    return weight / pool.size ** 2 if pool is not None and pool.kind == "mean" else weight


_TAKE = {PoolStage: _pool, FlattenStage: _flatten, ScaleStage: _scale, LinearStage: _linear, ConvStage: _conv,
         NeuronStage: _neurons}
