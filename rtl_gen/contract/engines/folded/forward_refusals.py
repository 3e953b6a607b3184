"""What the folded forward engine does not serve."""

from collections.abc import Callable, Iterator

from ...plan import BlockPlan, LayerPlan
from ...protocol import MAX_LAYERS
from ...spec import MAX_INPUTS
from ..refusals import Refusal

__all__ = ["ForwardRefusals"]


class ForwardRefusals:
    """Why the folded forward engine cannot serve a block.

    Parameters
    ----------
    plan
        The block, and where everything of it lies.
    index
        Its number in the network.
    """

    def __init__(self, plan: BlockPlan, index: int) -> None:
        self._plan, self._block, self._index = plan, plan.block, index

    def all(self) -> Iterator[Refusal]:
        """Directives, widths that differ, what no engine computes, its size."""
        yield from self._directives()
        yield from self._widths()
        block = self._block
        if block.depth > MAX_LAYERS:
            yield self._refusal(
                f"A block in hardware must have at most {MAX_LAYERS} layers, not {block.depth} as block "
                "{index} has; make two blocks of it", f"a block of {block.depth} layers",
                f"blocks of at most {MAX_LAYERS} layers", None)
        if any(layer.layer.synapses.kind == "conv" and layer.layer.synapses.groups > 1 for layer in self._plan.layers):
            yield self._refusal(
                "Convolutions in hardware must have groups of 1, and block {index} has more; take groups 1, or "
                "evaluate it on torch or the reference", "a convolution with groups", "groups of 1",
                lambda layer: layer.layer.synapses.kind == "conv" and layer.layer.synapses.groups > 1)
        for number, layer in enumerate(block.layers):
            if layer.residual is None:
                continue
            source, target = self._plan.layers[number - layer.residual.below], self._plan.layers[number]
            if source.places != target.places:
                yield self._refusal(
                    "Layers in hardware that add currents of an earlier one must lie on a grid of the same "
                    f"pixels, and layer {number} of block {{index}} has {target.places} where the other has "
                    f"{source.places}; evaluate it on torch or the reference", "currents of another grid",
                    "layers of one grid", lambda plan, target=target: plan is target)
        size = max(max(layer.inputs, layer.layer.outputs) for layer in self._plan.layers)
        if size > MAX_INPUTS:
            yield self._refusal(
                f"A block in hardware must have at most {MAX_INPUTS} inputs and neurons in a layer, not {size} "
                "as block {index} has; make it smaller", f"{size} inputs or neurons",
                f"at most {MAX_INPUTS} inputs and neurons in a layer", None)

    def _directives(self) -> Iterator[Refusal]:
        directives = self._block.directives
        if directives.reads > 1:
            yield self._refusal(
                f"A block that is not one layer of each input at each neuron must read 1 weight word in a "
                f"cycle, not {directives.reads} as block {{index}}; take 1 read", "two reads of a folded block",
                "reads 1", None)
        if directives.unroll:
            yield self._refusal(
                "A block that is not one layer of each input at each neuron must not unroll its window, and "
                "block {index} does; take unroll false", "an unrolled window of a folded block", "unroll false", None)

    def _widths(self) -> Iterator[Refusal]:
        """All layers share their memories, whose words have one width."""
        for what, bits in (("weight bits", [layer.weights.bits for layer in self._block.layers]),
                           ("shadow bits", [layer.weights.shadow_bits for layer in self._block.layers]),
                           ("membrane bits", [layer.neuron.membrane_bits for layer in self._block.layers])):
            if len(set(bits)) > 1:
                yield self._refusal(
                    f"Layers of a block in hardware must have the same {what}, not "
                    f"{', '.join(map(str, bits))} as block {{index}}; make them equal, or make blocks of the layers",
                    f"{what} that differ in a block", f"the same {what} in all layers of a block", None)

    def _refusal(self, line: str, what: str, change: str,
                 stands: Callable[[LayerPlan], bool] | None) -> Refusal:
        """One line, with the block's number in it, and the layers where it ``stands``, or the block as a whole."""
        places = (f"block {self._index}",) if stands is None else tuple(
            f"block {self._index} layer {number}" for number, layer in enumerate(self._plan.layers) if stands(layer))
        return Refusal(line=line.format(index=self._index), what=what, places=places, change=change)
