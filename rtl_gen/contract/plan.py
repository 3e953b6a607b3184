"""Where everything of a block lies: words, rows and addresses, said once for engines, host and estimates.

The neurons of a layer fill words of as many lanes as the block has; the last word may have lanes to spare. Each word's
column of weights lies row by row. Layers lie behind one another: a layer's bases are the sums of what is before it.
"""

from dataclasses import dataclass

from .block import BlockSpec
from .layer import LayerSpec

__all__ = ["BlockPlan", "LayerPlan", "plan_of"]


@dataclass(frozen=True, kw_only=True)
class LayerPlan:
    """Words and addresses of one layer.

    Attributes
    ----------
    layer
        The layer.
    lanes
        Neurons in a word.
    words, word_base
        Words of neurons, and the number of the first.
    rows, column_words, weight_base
        Rows of the weight matrix, words across its columns, and the address of the first weight word.
    inputs, input_base
        Events have an index below ``inputs``; the number of the first input.
    """

    layer: LayerSpec
    lanes: int
    words: int
    word_base: int
    rows: int
    column_words: int
    weight_base: int
    inputs: int
    input_base: int

    @property
    def weight_words(self) -> int:
        """Words of the weights."""
        return self.column_words * self.rows

    @property
    def last_lanes(self) -> int:
        """Lanes of the last word that are neurons and not padding."""
        return self.layer.outputs - (self.words - 1) * self.lanes


@dataclass(frozen=True, kw_only=True)
class BlockPlan:
    """A block and its layers' plans.

    Attributes
    ----------
    block
        The block.
    layers
        Plans of its layers, input side first.
    """

    block: BlockSpec
    layers: tuple[LayerPlan, ...]

    @property
    def lanes(self) -> int:
        """Neurons in a word."""
        return self.block.directives.lanes

    @property
    def readout_words(self) -> int:
        """Words of the neurons that the readout walks."""
        return words_of(self.block.readout.inputs, self.lanes)

    def name_of(self, layer: int, kind: str) -> str:
        """What a layer's memory of that kind is called within the block."""
        return kind if self.block.depth == 1 else f"layer{layer}.{kind}"


def words_of(values: int, lanes: int) -> int:
    """Words of ``lanes`` values each that hold ``values``."""
    return -(-values // lanes)


def plan_of(block: BlockSpec) -> BlockPlan:
    """The plan of a block."""
    lanes, layers = block.directives.lanes, []
    word_base = weight_base = input_base = 0
    for layer in block.layers:
        found = LayerPlan(
            layer=layer, lanes=lanes, words=words_of(layer.outputs, lanes), word_base=word_base, rows=layer.rows,
            column_words=words_of(layer.columns, lanes), weight_base=weight_base, inputs=layer.inputs,
            input_base=input_base)
        layers.append(found)
        word_base += found.words
        weight_base += found.weight_words
        input_base += found.inputs
    return BlockPlan(block=block, layers=tuple(layers))
