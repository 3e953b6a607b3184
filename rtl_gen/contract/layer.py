"""A layer: parts that are put together, and what follows from them together."""

from dataclasses import dataclass

from .checks import SpecError, check_range
from .current import CurrentSpec
from .grid import PoolSpec
from .neurons.base import NeuronSpec
from .residual import ResidualSpec
from .surrogate import SurrogateSpec
from .synapses.base import Synapses
from .update import UpdateSpec
from .weights import WeightSpec

MAX_INPUT = 255


@dataclass(frozen=True, kw_only=True)
class LayerSpec:
    """Synapses and the spiking neurons they feed.

    Attributes
    ----------
    synapses, weights
        Which inputs reach which neurons, and the widths of the matrix between them.
    neuron, surrogate
        What the neurons do with their currents, and what stands in for a spike's derivative.
    update
        How the weights change.
    pool
        What happens to the events before the synapses; None for nothing.
    residual
        The earlier layer whose currents are added to this one's; None for none.
    current
        Where currents linger from step to step, how; None where those of a step are its own.
    input_max
        How often an input may come in a step, of the network's first layer: its value is how often it came.
    """

    synapses: Synapses
    weights: WeightSpec
    neuron: NeuronSpec
    surrogate: SurrogateSpec
    update: UpdateSpec
    pool: PoolSpec | None = None
    residual: ResidualSpec | None = None
    current: CurrentSpec | None = None
    input_max: int = 1

    def __post_init__(self) -> None:
        check_range("Largest input", self.input_max, 1, MAX_INPUT)
        self.surrogate.check(self.neuron)
        if self.neuron.threshold_shift is not None and self.weights.bits == 1:
            raise SpecError("A layer with learned thresholds must have weights of at least 2 bits, not 1")
        if self.residual is not None and self.synapses.recurrent:
            raise SpecError("A recurrent layer must have its own currents alone, not those of an earlier layer too")
        if self.pool is not None and self.pool.outputs != self.synapses.inputs:
            raise SpecError(f"Synapses of {self.synapses.inputs} inputs must have as many as the pool before them has "
                            f"outputs, not {self.pool.outputs}")

    @property
    def inputs(self) -> int:
        """Presynaptic events have an index below this."""
        return self.synapses.inputs if self.pool is None else self.pool.inputs

    @property
    def outputs(self) -> int:
        """Neurons."""
        return self.synapses.outputs

    @property
    def largest_event(self) -> int:
        """The largest value of an input of the synapses."""
        if self.pool is None:
            return self.input_max
        return self.pool.largest * self.input_max if self.pool.kind == "sum" else 1

    @property
    def event_rows(self) -> int:
        """Rows of the weight matrix that events are weighed by: of inputs, then of the layer's own spikes."""
        return self.synapses.rows + (self.outputs if self.synapses.recurrent else 0)

    @property
    def rows(self) -> int:
        """Rows of the weight matrix: of the inputs, of the layer's own spikes, of the thresholds, then the bias."""
        return self.event_rows + (self.neuron.threshold_shift is not None) + self.weights.bias

    @property
    def columns(self) -> int:
        """Columns of the weight matrix: one a neuron, or one a filter."""
        return self.synapses.columns
