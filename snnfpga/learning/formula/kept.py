"""Bytes that blocks keep for the backward pass of steps that are computed together, by formula.

The tests hold it within 5 % of what :class:`snnfpga.learning.memory.ActivationMeter` finds in a real batch: losses and
logits, which grow with the classes alone, are not in it.
"""


from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.readout import ReadoutSpec

from ...network.sparse import is_small
from ...network.surrogates import HostSurrogate

FLOAT = 4       # bytes

def of_block(block: BlockSpec, samples: int, *, crossed: bool, readout: bool) -> int:
    """Bytes that a block keeps over so many samples and steps.

    Parameters
    ----------
    crossed
        Whether credit goes on below the block.
    readout
        Whether it has a loss.
    """
    total = 0
    for index, layer in enumerate(block.layers):
        total += of_layer(layer, samples, credit_goes_on=crossed or index > 0)
    return total + (of_readout(block.readout, samples) if readout else 0)


def of_layer(layer: LayerSpec, samples: int, *, credit_goes_on: bool) -> int:
    """Inputs as the synapses see them, surrogates, and spikes where the credit needs them."""
    pooled = layer.pool is not None
    kept = samples * layer.outputs * (FLOAT if isinstance(layer.surrogate, HostSurrogate) else 1)      # surrogates
    if layer.synapses.recurrent or layer.neuron.reset == "zero":
        kept += samples * layer.outputs
    if layer.synapses.kind == "conv":
        kept += samples * layer.synapses.inputs * FLOAT
    else:
        small = is_small(samples, layer.synapses.inputs, layer.outputs) or layer.largest_event > 127
        kept += samples * layer.synapses.inputs * (FLOAT if small else 1)
    if pooled and layer.pool.kind == "or" and credit_goes_on:
        kept += samples * layer.inputs
    return kept


def of_readout(readout: ReadoutSpec, samples: int) -> int:
    """The spikes, or their numbers in each place; and the signs of a fixed one."""
    return FLOAT * readout.rows * (samples + (0 if readout.learned else readout.classes))
