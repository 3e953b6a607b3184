"""Bytes that a rule which learns step by step keeps for the backward pass of a step, at their peak, by formula."""

from collections.abc import Sequence

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.readout import ReadoutSpec

from ...network.surrogates import HostSurrogate
from ..online import StepLearner
from ..traces import Traces
from .kept import FLOAT


def of_step(learner: StepLearner, factors: Traces, blocks: Sequence[BlockSpec], batch: int) -> int:
    """A signal in each block keeps the largest block; one in the network keeps all that came before it too.

    Nothing comes back from a readout without a loss, but what it keeps goes only when the next one has been read.
    """
    local, peak, layers, before = learner.signal == "block", 0, 0, 0
    for b, block in enumerate(blocks):
        layers = 0 if local else layers
        for index, layer in enumerate(block.layers):
            layers += of_layer(layer, factors, batch, credit_goes_on=index > 0 or (b > 0 and not local))
        if b > 0 and shared(blocks[b - 1].readout, block.layers[0], factors):
            before = 0
        readout = of_readout(block.readout, batch)
        peak = max(peak, layers + readout + (0 if local else before))
        before = readout
    return peak


def of_layer(layer: LayerSpec, factors: Traces, batch: int, *, credit_goes_on: bool) -> int:
    """A layer keeps surrogates, the traces that the gradient is made of, and with traces of neurons the spikes too."""
    surrogates = batch * layer.outputs * (FLOAT if isinstance(layer.surrogate, HostSurrogate) or factors.effects else 1)
    inputs = batch * FLOAT * (layer.synapses.inputs + (layer.outputs if layer.synapses.recurrent else 0))
    kept = surrogates + inputs
    if factors.alpha_post:
        kept += batch * FLOAT * layer.outputs + (inputs if factors.pre else 0)
    if layer.pool is not None and layer.pool.kind == "or" and credit_goes_on:
        kept += batch * layer.inputs
    return kept


def of_readout(readout: ReadoutSpec, batch: int) -> int:
    """A learned readout keeps what it reads, a fixed one the signs, through which errors come back."""
    return FLOAT * readout.rows * (batch if readout.learned else readout.classes)


def shared(readout: ReadoutSpec, above: LayerSpec, factors: Traces) -> bool:
    """Whether a readout and the layer above keep the same spikes, once."""
    kept_above = factors.pre == 0 or factors.alpha_post != 0
    return readout.learned and readout.pool is None and above.pool is None and kept_above
