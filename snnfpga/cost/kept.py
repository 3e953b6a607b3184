"""Bytes that learning keeps for the backward pass, at their peak, by formula.

The tests hold it within 5 % of what :class:`snnfpga.learning.memory.ActivationMeter` finds in a real batch: losses and
logits, which grow with the classes alone, are not in it.
"""

from collections.abc import Sequence

from rtl_gen.contract.spec import BlockSpec, LayerSpec, ReadoutSpec

from ..config.models import Config
from ..learning.online import StepLearner
from ..learning.registry import find_rule
from ..network.sparse import is_small
from .kept_by_steps import FLOAT, of_step


def peak_bytes(config: Config, blocks: Sequence[BlockSpec], steps: int, batch: int) -> int:
    """The peak of ``truncated-local``, which frees a block's window before it goes on, of ``bptt``, which frees none,
    or of a rule that works by steps.

    Raises
    ------
    ValueError
        If the rule is another one, or the configuration asks for feedback: there is no formula of these.
    """
    settings, learn = config.learning, find_rule(config.learning.rule).learn
    if settings.feedback != "readout" or settings.rule == "bptt-checkpoint":
        raise ValueError(f"Formula of kept bytes must have learning.feedback readout and a rule other than "
                         f"bptt-checkpoint, not {settings.feedback} and {settings.rule}; measure a run")
    standardised = sum(FLOAT * layer.input_rows * layer.columns for block in blocks for layer in block.layers
                       ) if config.network.normalise == "weights" else 0
    if isinstance(learn, StepLearner):
        return standardised + of_step(learn, learn.factors.changed_by(settings), blocks, batch)
    if settings.rule == "truncated-local":
        window = batch * min(settings.window, steps)
        return standardised + max(of_block(block, window, crossed=False, readout=True) for block in blocks)
    total, last = standardised, len(blocks) - 1
    for b, block in enumerate(blocks):
        total += of_block(block, batch * steps, crossed=b > 0, readout=b == last)
    return total


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
    """A layer keeps inputs as the synapses see them, surrogates, and spikes where the credit needs them."""
    pooled = layer.pool is not None
    kept = samples * layer.outputs * (FLOAT if layer.host_surrogate else 1)      # surrogates
    if layer.recurrent or layer.reset == "zero":
        kept += samples * layer.outputs
    if layer.conv is not None:
        kept += samples * layer.pooled_inputs * FLOAT
    else:
        small = is_small(samples, layer.pooled_inputs, layer.outputs) or layer.largest_event > 127
        kept += samples * layer.pooled_inputs * (FLOAT if small else 1)
    if pooled and layer.pool.kind == "or" and credit_goes_on:
        kept += samples * layer.inputs
    return kept


def of_readout(readout: ReadoutSpec, samples: int) -> int:
    """A readout keeps the spikes, or their numbers in each place, and a fixed one its signs."""
    return FLOAT * readout.rows * (samples + (0 if readout.learned else readout.classes))
