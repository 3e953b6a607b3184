"""What of the layer above each neuron reaches: which weights its feedback is a sum over, and where their credits lie.

A neuron's feedback is walked place by place of the layer above that sees it, last one first, and in each place through
the words of its columns. The neurons of a word lie beside one another among the rows of the weights, so that a walk
begins at the sum of what the word's row of places, its column of places and its column word say, and of its lane.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...grid import PoolSpec
from ...layer import LayerSpec
from ...plan import BlockPlan, LayerPlan

__all__ = ["LayerReach", "Reach", "aligned", "feedback_words", "places_seeing", "reach_of", "taps_of"]


class Taps(NamedTuple):
    """Places of a kernel along one axis that see a pixel: the last, the pixel within its kernel, and how many.

    Each further one is a place before, and the pixel lies ``stride`` further within its kernel.
    """

    place: int
    offset: int
    count: int


def taps_of(pixel: int, *, places: int, kernel: int, stride: int, padding: int) -> Taps:
    """The places along an axis, of ``places`` in all, whose kernels lie over ``pixel``."""
    place, offset = divmod(pixel + padding, stride)
    beyond = max(0, place - (places - 1))
    place, offset = place - beyond, offset + beyond * stride
    return Taps(place, offset, max(0, min(place + 1, -(-(kernel - offset) // stride))))


class Reach(NamedTuple):
    """What a row of a layer's places, or a column of them, says of the walk above.

    Attributes
    ----------
    row, word
        Added to the address of the walk's first weight word, and to the number of its first word of credits; of the
        block's last layer that of its word of feedback.
    taps
        Places above that are walked along this axis; 0 where the border cuts it off.
    """

    row: int
    word: int
    taps: int


@dataclass(frozen=True, kw_only=True)
class LayerReach:
    """How the feedback of one layer is walked.

    Attributes
    ----------
    down, across
        Of each row of the layer's places, and of each column.
    words, rows
        Column words of the layer above, and what the address grows by from one to the next.
    across_row, across_word, down_row, down_word
        What address and word of credits grow by from one place above to the next, along either axis.
    own_row
        Of a recurrent layer the address of its first neuron's own row.
    """

    down: tuple[Reach, ...]
    across: tuple[Reach, ...]
    words: int
    rows: int
    across_row: int = 0
    across_word: int = 0
    down_row: int = 0
    down_word: int = 0
    own_row: int = 0


def grid_of(layer: LayerSpec) -> tuple[int, int, int]:
    """Height, width and channels of a layer's neurons; one place of all of them where it is dense."""
    synapses = layer.synapses
    if synapses.kind == "conv":
        return synapses.out_height, synapses.out_width, synapses.filters
    return 1, 1, synapses.outputs


def aligned(plan: BlockPlan, number: int) -> bool:
    """Whether what reads a layer's neurons as a grid has them on the grid on which they are."""
    grid = grid_of(plan.layers[number].layer)
    if number == plan.block.depth - 1:
        pool = plan.block.readout.pool
        return pool is None or (pool.height, pool.width, pool.channels) == grid
    above = plan.layers[number + 1].layer
    read = above.pool if above.pool is not None else above.synapses if above.synapses.kind == "conv" else None
    return read is None or (read.height, read.width, read.channels) == grid


def reach_of(plan: BlockPlan, number: int) -> LayerReach:
    """How the feedback of the layer ``number`` is walked; its neurons are :func:`aligned` with what reads them."""
    layer = plan.layers[number]
    height, width, _ = grid_of(layer.layer)
    own_row = layer.weight_base + layer.layer.synapses.inputs
    if number == plan.block.depth - 1:
        return LayerReach(down=_squares(plan.block.readout.pool, height, width, layer.column_words),
                          across=_squares(plan.block.readout.pool, width, 1, layer.column_words, axis=1),
                          words=layer.column_words, rows=layer.rows, own_row=own_row)
    above = plan.layers[number + 1]
    if above.layer.synapses.kind == "conv":
        return _conv_reach(above, height, width, own_row)
    pool, filters = above.layer.pool, layer.layer.columns
    size, columns, lines = (1, width, height) if pool is None else (pool.size, pool.out_width, pool.out_height)
    down = tuple(Reach(above.weight_base + y // size * columns * filters, above.word_base, int(y // size < lines))
                 for y in range(height))
    across = tuple(Reach(x // size * filters, 0, int(x // size < columns)) for x in range(width))
    return LayerReach(down=down, across=across, words=above.column_words, rows=above.rows, own_row=own_row)


def _squares(pool: PoolSpec | None, lines: int, per_line: int, words: int, axis: int = 0) -> tuple[Reach, ...]:
    """Feedback words of the readout along an axis; ``per_line`` places of an unpooled layer lie in each line."""
    if pool is None:
        return tuple(Reach(0, line * per_line * words, 1) for line in range(lines))
    squares, pitch = (pool.out_width, 1) if axis else (pool.out_height, pool.out_width)
    return tuple(Reach(0, line // pool.size * pitch * words, int(line // pool.size < squares)) for line in range(lines))


def feedback_words(plan: BlockPlan) -> list[int | None]:
    """For each word of the last layer that of the readout's feedback; None where the border of the pool cuts it off."""
    reach = reach_of(plan, plan.block.depth - 1)
    return [down.word + across.word + column if down.taps and across.taps else None
            for down in reach.down for across in reach.across for column in range(reach.words)]


def _conv_reach(above: LayerPlan, height: int, width: int, own_row: int) -> LayerReach:
    """Through the kernels of a convolution."""
    conv, pool, words = above.layer.synapses, above.layer.pool, above.column_words
    size = 1 if pool is None else pool.size
    line = conv.kernel * conv.channels

    def taps(pixel: int, pixels: int, places: int) -> Taps:
        if pixel // size >= pixels:
            return Taps(0, 0, 0)
        return taps_of(pixel // size, places=places, kernel=conv.kernel, stride=conv.stride, padding=conv.padding)

    down = [taps(y, conv.height, conv.out_height) for y in range(height)]
    across = [taps(x, conv.width, conv.out_width) for x in range(width)]
    return LayerReach(
        down=tuple(Reach(above.weight_base + tap.offset * line, above.word_base + tap.place * conv.out_width * words,
                         tap.count) for tap in down),
        across=tuple(Reach(tap.offset * conv.channels, tap.place * words, tap.count) for tap in across),
        words=words, rows=above.rows, across_row=conv.stride * conv.channels, across_word=-words,
        down_row=conv.stride * line, down_word=-conv.out_width * words, own_row=own_row)


def places_seeing(layer: LayerPlan) -> NDArray[np.int64]:
    """At how many places each source of a layer, (sources,), is weighed."""
    synapses = layer.layer.synapses
    if synapses.kind != "conv":
        return np.ones(layer.sources, np.int64)
    down, across = (np.array([taps_of(pixel, places=places, kernel=synapses.kernel, stride=synapses.stride,
                                      padding=synapses.padding).count for pixel in range(side)], np.int64)
                    for side, places in ((synapses.height, synapses.out_height), (synapses.width, synapses.out_width)))
    return np.repeat(np.outer(down, across).reshape(-1), synapses.channels)
