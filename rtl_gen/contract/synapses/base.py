"""What every kind of synapses has."""

from abc import ABC, abstractmethod

from ..kinds import Part


class Synapses(Part, ABC):
    """The way from a layer's inputs to its neurons.

    Attributes
    ----------
    inputs, outputs
        Values that are read, and neurons that are reached.
    recurrent
        Whether the layer's own spikes of the step before are inputs too: their rows follow those of the inputs.
    """

    inputs: int
    outputs: int
    recurrent: bool = False

    @property
    @abstractmethod
    def rows(self) -> int:
        """Rows of the weight matrix that belong to the inputs."""

    @property
    @abstractmethod
    def columns(self) -> int:
        """Columns of the weight matrix."""

    @property
    @abstractmethod
    def reached_max(self) -> int:
        """The most neurons that one input reaches."""
