"""Where everything of a block lies: words, rows and addresses, said once for engines, host and estimates.

The neurons of a layer fill words of as many lanes as the block has; the last word may have lanes to spare. Those of a
convolution fill words place by place: a place's filters have words of their own, so that all words of a number within
their places share a column of weights. Each column word's weights lie row by row. Layers lie behind one another: a
layer's bases are the sums of what is before it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .block import BlockSpec
from .layer import LayerSpec

__all__ = ["SCAN_SHARE", "BlockPlan", "LayerPlan", "plan_of", "slots_of"]

SCAN_SHARE = 4              # lanes of an engine that learns for each lane of its credit scan


@dataclass(frozen=True, kw_only=True)
class LayerPlan:
    """Words and addresses of one layer.

    Attributes
    ----------
    layer
        The layer.
    lanes
        Neurons in a word.
    places
        Places of a convolution's kernel, each with a neuron for every filter; 1 where each input reaches each neuron.
    word_base
        Number of the first word of neurons.
    rows, column_words, weight_base
        Rows of the weight matrix, words across its columns, which are those of a place, and the address of the first
        weight word.
    inputs, input_base
        Events have an index below ``inputs``; the number of the first input.
    sources, source_base
        What weights are read for and learned from: inputs behind the pool, then the own spikes of a recurrent layer;
        and the number of the first.
    """

    layer: LayerSpec
    lanes: int
    places: int
    word_base: int
    rows: int
    column_words: int
    weight_base: int
    inputs: int
    input_base: int
    sources: int
    source_base: int

    @property
    def words(self) -> int:
        """Words of neurons."""
        return self.places * self.column_words

    @property
    def weight_words(self) -> int:
        """Words of the weights."""
        return self.column_words * self.rows

    @property
    def last_lanes(self) -> int:
        """Lanes of a place's last word that are neurons and not padding."""
        return self.layer.columns - (self.column_words - 1) * self.lanes

    @property
    def slots(self) -> NDArray[np.int64]:
        """Where each neuron, (outputs,), lies among the lanes of all words: ``word * lanes + lane``."""
        return slots_of(self.places, self.layer.columns, self.lanes)


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
    def flat(self) -> bool:
        """Whether the block is one layer in which events reach all neurons alike, each once a step, and nothing else
        makes currents."""
        (first, *more), readout = self.block.layers, self.block.readout
        return not (more or first.synapses.kind != "dense" or first.synapses.recurrent or first.pool or first.residual
                    or first.input_max > 1
                    or first.neuron.threshold_shift is not None or readout.pool)

    @property
    def readout_places(self) -> int:
        """Places whose neurons have rows of the readout of their own."""
        pool = self.block.readout.pool
        return self.layers[-1].places if pool is None else pool.out_height * pool.out_width

    @property
    def readout_words(self) -> int:
        """Words that hold a value for each row of the readout, place by place as neurons do."""
        return self.readout_places * self.layers[-1].column_words

    def name_of(self, layer: int, kind: str) -> str:
        """What a layer's memory of that kind is called within the block."""
        return kind if self.block.depth == 1 else f"layer{layer}.{kind}"


def words_of(values: int, lanes: int) -> int:
    """Words of ``lanes`` values each that hold ``values``."""
    return -(-values // lanes)


def slots_of(places: int, columns: int, lanes: int) -> NDArray[np.int64]:
    """Where each value of each place lies among the lanes of all words, (places * columns,): a place fills words."""
    place, column = np.divmod(np.arange(places * columns, dtype=np.int64), columns)
    return place * words_of(columns, lanes) * lanes + column


def plan_of(block: BlockSpec) -> BlockPlan:
    """The plan of a block."""
    lanes, layers = block.directives.lanes, []
    word_base = weight_base = input_base = source_base = 0
    for layer in block.layers:
        found = LayerPlan(
            layer=layer, lanes=lanes, places=layer.outputs // layer.columns, word_base=word_base, rows=layer.rows,
            column_words=words_of(layer.columns, lanes), weight_base=weight_base, inputs=layer.inputs,
            input_base=input_base, sources=layer.synapses.inputs + layer.outputs * layer.synapses.recurrent,
            source_base=source_base)
        layers.append(found)
        word_base += found.words
        weight_base += found.weight_words
        input_base += found.inputs
        source_base += found.sources
    return BlockPlan(block=block, layers=tuple(layers))
