"""What a graph says, in order from the input: a chain of stages, with what its neurons compute."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Dynamics:
    """What a neuron computes in a step, as its framework does: leak, add, compare, reset.

    ``i = current_keep * i + x`` where there is a synapse, else ``i = x``; ``v = keep * v + gain * i + constant``. It
    fires where v is above its threshold, or with ``reached`` at or above it. Arrays hold one value for all neurons, or
    one each in the neurons' shape.

    Attributes
    ----------
    keep
        What a membrane keeps of itself in a step; 1 of the neuron that does not leak.
    gain, constant
        What a current counts, and what is added in every step.
    threshold
        None of a leaky integrator, which never fires.
    reached
        Whether a membrane at the threshold fires; else it must be above.
    reset
        ``zero``; ``subtract`` the threshold; or ``subtract-late``, in the step after and after its leak.
    current_keep
        What a current keeps of itself in a step; None where it is of a step alone.
    said
        The numbers that this follows from, for people: dt and the like.
    grid
        Of a network that was ours: its integers' ``fraction`` and ``bits``, ``membrane_bits``, and where it has them
        ``amount`` and ``current_bits``; None of others.
    """

    keep: Array
    gain: Array
    constant: Array
    threshold: Array | None
    reached: bool
    reset: str
    current_keep: Array | None = None
    said: str = ""
    grid: dict[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class LinearStage:
    """Each input to each output: ``weight`` (outputs, inputs), ``bias`` (outputs,) or None."""

    name: str
    weight: Array
    bias: Array | None = None


@dataclass(frozen=True, eq=False)
class ConvStage:
    """A convolution: ``weight`` (filters, channels of a group, kernel, kernel), ``bias`` (filters,) or None."""

    name: str
    weight: Array
    bias: Array | None
    stride: int
    padding: int
    groups: int
    input_shape: tuple[int, int] | None = None


@dataclass(frozen=True)
class PoolStage:
    """A pooling of ``size`` x ``size``, ``sum``, ``mean`` or ``max``, whose squares do not overlap."""

    name: str
    kind: str
    size: int


@dataclass(frozen=True)
class FlattenStage:
    """Channels, rows and columns become one line, in this order; ``shape`` is what is said to reach it, or None."""

    name: str
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class ScaleStage:
    """What passes is multiplied by ``factor``, one or one each, and ``shift`` is added; None adds nothing."""

    name: str
    factor: Array
    shift: Array | None = None


@dataclass(frozen=True, eq=False)
class NeuronStage:
    """Neurons, and their own spikes of the step before through ``recurrent``, if they are inputs too."""

    name: str
    dynamics: Dynamics
    recurrent: LinearStage | None = None


Stage = LinearStage | ConvStage | PoolStage | FlattenStage | ScaleStage | NeuronStage


@dataclass(frozen=True, eq=False)
class Chain:
    """A whole network: the shape of its inputs, (inputs,) or (channels, rows, columns), and its stages.

    Attributes
    ----------
    outputs
        The shape that the Output says; None where nothing does.
    readout
        The grid of the readout of a network that was ours, as :attr:`Dynamics.grid`, and the ``reading`` of one that
        leaks; None of others.
    """

    shape: tuple[int, ...]
    stages: tuple[Stage, ...]
    outputs: tuple[int, ...] | None = None
    readout: dict[str, Any] | None = None
