"""What several engines refuse, each in one line."""

from collections.abc import Iterator

from ..block import BlockSpec

__all__ = ["arithmetic"]


def arithmetic(block: BlockSpec, index: int) -> Iterator[str]:
    """What of a block's arithmetic neither runs nor learns in hardware."""
    grid = block.readout.pool or next((la for la in block.layers if la.pool or la.synapses.kind != "dense"), None)
    if grid or any(layer.synapses.recurrent for layer in block.layers):
        yield ("A block in hardware, or that is to learn on chip, must have each input at each "
               f"neuron, and block {index} has a {'convolution or pooling' if grid else 'recurrent layer'}; "
               "evaluate it on torch or the reference")
    if block.sources:
        yield ("Layers in hardware, or that are to learn on chip, must have their own currents alone, "
               f"and block {index} adds those of earlier layers; evaluate it on torch or the reference")
    if any(layer.neuron.threshold_shift is not None for layer in block.layers):
        yield ("Neurons in hardware, or that are to learn on chip, must have the threshold of their "
               f"layer, and block {index} has learned ones; evaluate it on torch or the reference")
    if min(block.readout.weight_bits, *(layer.weights.bits for layer in block.layers)) < 2:
        yield ("Weights in hardware, or that are to learn on chip, must have at least 2 bits, not 1 "
               f"as in block {index}; take 2")
