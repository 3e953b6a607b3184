"""Operations of a block's passes over a few steps that are computed together."""

from collections.abc import Sequence

from rtl_gen.contract.block import BlockSpec

from .activity import Activity
from .operations import Cost, Operations
from .shapes import of_layer, of_own, of_readout


def forward(block: BlockSpec, seen: Activity, b: int, steps: range) -> Operations:
    """What the synapses of block ``b`` of the network take forward."""
    total, samples = Operations(), seen.batch * len(steps)
    for index, layer in enumerate(block.layers):
        total += of_layer(layer).forward(samples, sum(seen.below[b][index][t] for t in steps))
        if layer.synapses.recurrent:
            for t in steps:
                total += of_own(layer).forward(seen.batch, seen.own[b][index][t])
    return total


def read_out(block: BlockSpec, seen: Activity, b: int, steps: range) -> Operations:
    """What the readout takes forward."""
    return of_readout(block.readout).forward(seen.batch * len(steps), sum(seen.readout[b][t] for t in steps))


def error_back(block: BlockSpec, seen: Activity, b: int, steps: range) -> Operations:
    """Errors of the classes through the readout, and where it is learned its gradient."""
    shape, samples = of_readout(block.readout), seen.batch * len(steps)
    total = shape.back(samples)
    if block.readout.learned:
        total += shape.gradient(samples, sum(seen.readout[b][t] for t in steps))
    return total


def credit_back(block: BlockSpec, seen: Activity, steps: range, *, into_block: bool,
                into_past: bool = False) -> Operations:
    """Credit through the layers' weights.

    Parameters
    ----------
    into_block
        Whether it goes on below the block, and so through the first layer's weights.
    into_past
        Whether it goes on before the steps, and so once more through those of a recurrent layer's own spikes.
    """
    total = Operations()
    for layer in block.layers[0 if into_block else 1:]:
        total += of_layer(layer).back(seen.batch * len(steps))
    for layer in block.layers:
        for _ in steps[0 if into_past else 1:] if layer.synapses.recurrent else ():
            total += of_own(layer).back(seen.batch)
    return total


def gradients(block: BlockSpec, seen: Activity, b: int, steps: range, *, traced: bool = False) -> Operations:
    """Gradients of the layers' weights, from spikes or from traces of them."""
    total, samples = Operations(), seen.batch * len(steps)
    for index, layer in enumerate(block.layers):
        parts = [(of_layer(layer), seen.below)] + ([(of_own(layer), seen.own)] if layer.synapses.recurrent else [])
        for shape, spikes in parts:
            total += shape.gradient(samples, None if traced else sum(spikes[b][index][t] for t in steps))
    return total


def updates(count: int, blocks: Sequence[BlockSpec], with_loss: Sequence[BlockSpec]) -> Operations:
    """Each update reads weights and gradients and writes weights, those of learned readouts where there is a loss."""
    weights = sum(layer.rows * layer.columns for block in blocks for layer in block.layers)
    weights += sum(block.readout.rows * block.readout.classes for block in with_loss if block.readout.learned)
    return Operations(weights_read=2 * count * weights, weights_written=count * weights)


def end_to_end(blocks: Sequence[BlockSpec], seen: Activity, parts: Sequence[range], *, again: bool) -> Cost:
    """A batch whose credit goes through all parts of the sample and all blocks, from the last block's readout.

    ``again`` says whether each part runs forward once more in the backward pass.
    """
    total = Cost()
    for steps in parts:
        for b, block in enumerate(blocks):
            once = forward(block, seen, b, steps)
            back = gradients(block, seen, b, steps)
            back += credit_back(block, seen, steps, into_block=b > 0, into_past=steps.start > 0)
            if block is blocks[-1]:
                once += read_out(block, seen, b, steps)
                back += error_back(block, seen, b, steps)
            total += Cost(forward=once, backward=once + back if again else back)
    return total + Cost(update=updates(1, blocks, blocks[-1:]))
