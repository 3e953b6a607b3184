"""Synapses from each input to each neuron."""

from dataclasses import dataclass

from ..checks import check_flag, check_range
from .base import Synapses

MAX_NEURONS = 1 << 24


@dataclass(frozen=True, kw_only=True)
class DenseSpec(Synapses):
    """Each input reaches each neuron; the weight matrix is (inputs, outputs).

    Attributes
    ----------
    inputs, outputs
        Presynaptic events have an index below ``inputs``; there are ``outputs`` neurons.
    recurrent
        Whether the layer's own spikes of the step before are inputs too.
    """

    inputs: int
    outputs: int
    recurrent: bool = False

    def __post_init__(self) -> None:
        check_range("Layer inputs", self.inputs, 1, MAX_NEURONS)
        check_range("Layer outputs", self.outputs, 1, MAX_NEURONS)
        check_flag("Layer recurrent", self.recurrent)

    @property
    def rows(self) -> int:
        """Rows of the weight matrix that belong to the inputs."""
        return self.inputs

    @property
    def columns(self) -> int:
        """Columns of the weight matrix: one a neuron."""
        return self.outputs

    @property
    def reached_max(self) -> int:
        """The most neurons that one input reaches: all."""
        return self.outputs


SPEC = DenseSpec
