"""A block: layers that learn together, and how they are laid out in hardware."""

from dataclasses import dataclass

from .checks import SpecError, check_choice, check_flag, check_range
from .kinds import kinds_in
from .layer import LayerSpec
from .readout import MAX_CLASSES, ReadoutSpec

MEMORIES = ("auto", "block", "distributed")
MAX_LANES = 512
MAX_READS = 2
MAX_AHEAD = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Directives:
    """How a block is laid out in hardware. None changes a result, but that without an engine a block never learns.

    Attributes
    ----------
    lanes
        Neurons computed in parallel; any number.
    memory
        Where the weights lie: ``block`` RAM, ``distributed`` RAM, or ``auto`` (the synthesis tool decides).
    engine
        Which engine learns, a module of :mod:`rtl_gen.contract.engines.learning`: ``reverse``, over truncated windows,
        or ``none``: the block runs, and never learns.
    reads
        Weight words that the forward pass reads in a cycle: 1, or 2 through both ports of the memory.
    unroll
        Whether an active row is learned from in one cycle, or in one for each position at which it was active: the
        update engine takes more area with each position of the window, or none.
    classes_per_cycle
        Classes that the readout's backward pass walks in a cycle, all where there are fewer; None takes the fewest
        that keep up with the update engine.
    ahead
        Events, and ends of steps, that may wait in front of the block beside the step that its engine gathers, so that
        the block before it goes on while this one learns; 0 is no queue.
    """

    lanes: int
    memory: str
    engine: str
    reads: int = 1
    unroll: bool = False
    classes_per_cycle: int | None = None
    ahead: int = 0

    def __post_init__(self) -> None:
        check_range("Lanes", self.lanes, 1, MAX_LANES)
        check_range("Reads", self.reads, 1, MAX_READS)
        check_choice("Memory", self.memory, MEMORIES)
        check_flag("Unroll", self.unroll)
        check_choice("Engine", self.engine, kinds_in(f"{__package__}.engines.learning"))
        if self.classes_per_cycle is not None:
            check_range("Classes per cycle", self.classes_per_cycle, 1, MAX_CLASSES)
        check_range("Ahead", self.ahead, 0, MAX_AHEAD)

    @property
    def learns(self) -> bool:
        """Whether there is an engine that learns."""
        return self.engine != "none"


@dataclass(frozen=True, kw_only=True)
class BlockSpec:
    """Layers that learn together, from their own readout, over a window of K steps.

    Attributes
    ----------
    layers
        The layers, input side first; their number is the block depth.
    window
        K: steps through which credit is carried back, and the depth of every state buffer.
    loss_steps
        The loss reads the last ``loss_steps`` positions of a window: steps K - loss_steps .. K - 1.
    update_interval
        Learn from every m-th window of a sample.
    """

    layers: tuple[LayerSpec, ...]
    readout: ReadoutSpec
    window: int
    loss_steps: int
    update_interval: int
    directives: Directives

    def __post_init__(self) -> None:
        if not self.layers:
            raise SpecError("A block must have at least one layer, not none")
        check_range("Window", self.window, 1, 1 << 16)
        check_range("Loss steps", self.loss_steps, 1, self.window, f" for a window of {self.window} steps")
        check_range("Update interval", self.update_interval, 1, 1 << 16)
        if self.readout.reading != "sum" and self.loss_steps != self.window:
            raise SpecError(f"A block whose readout is read by {self.readout.reading} must have its loss in all "
                            f"{self.window} steps of a window, not in {self.loss_steps}")
        sizes = [layer.outputs for layer in self.layers]
        wanted = [layer.inputs for layer in self.layers[1:]] + [self.readout.inputs]
        for index, (made, taken) in enumerate(zip(sizes, wanted, strict=True)):
            if made != taken:
                raise SpecError(f"Layer {index} of the block has {made} neurons, but what reads it takes {taken}")
        for index, layer in enumerate(self.layers):
            self._check_residual(index, layer)

    def _check_residual(self, index: int, layer: LayerSpec) -> None:
        if layer.residual is None:
            return
        below = layer.residual.below
        if below > index:
            raise SpecError(f"Layer {index} of the block must add currents of a layer 1..{index} below it, not {below}")
        source = self.layers[index - below]
        if source.outputs != layer.outputs or source.synapses.recurrent:
            raise SpecError(f"Layer {index} of the block must add currents of as many neurons as its own "
                            f"{layer.outputs}, that are not recurrent, not of the {source.outputs} "
                            f"{'recurrent ' if source.synapses.recurrent else ''}ones {below} below")

    @property
    def depth(self) -> int:
        return len(self.layers)

    @property
    def sources(self) -> frozenset[int]:
        """Layers whose currents are added to those of a later one."""
        return frozenset(index - layer.residual.below for index, layer in enumerate(self.layers) if layer.residual)

    @property
    def inputs(self) -> int:
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        return self.layers[-1].outputs
