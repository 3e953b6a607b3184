"""What hardware takes, asked of the contract: a small network for each feature, which is refused or not.

So what is drawn grows by itself where an engine that takes more is added.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.engines.learning.base import Learning
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.limits import hardware_refusals
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from tests.networks import changed, network_spec

SIDE = 4        # neurons, and inputs, of a probe: a grid of 2 x 2 too
POOL = PoolSpec(kind="sum", size=2, height=2, width=2, channels=1)


def _first(block: BlockSpec, **changes: object) -> BlockSpec:
    first, *others = block.layers
    return replace(block, layers=(changed(first, **changes), *others))


def _deep(block: BlockSpec) -> BlockSpec:
    return replace(block, layers=block.layers * 2)


def _residual(block: BlockSpec) -> BlockSpec:
    (layer,) = block.layers
    return replace(block, layers=(layer, replace(layer, residual=ResidualSpec(below=1, shift=0, own_shift=1))))


def _pooled(layer: LayerSpec) -> dict[str, object]:
    return {"pool": POOL, "synapses": DenseSpec(inputs=POOL.outputs, outputs=layer.outputs)}


FEATURES: dict[str, Callable[[BlockSpec], BlockSpec]] = {
    "plain": lambda block: block,
    "deep": _deep,
    "convolution": lambda block: _first(block, synapses=ConvSpec(height=2, width=2, channels=1, filters=1, kernel=1)),
    "pool": lambda block: _first(block, **_pooled(block.layers[0])),
    "readout pool": lambda block: replace(block, readout=replace(block.readout, pool=POOL)),
    "recurrent": lambda block: _first(block, synapses=DenseSpec(inputs=SIDE, outputs=SIDE, recurrent=True)),
    "residual": _residual,
    "thresholds": lambda block: _first(block, neuron__threshold_shift=1),
    "1 bit": lambda block: _first(block, weights__bits=1),
    "1-bit readout": lambda block: replace(block, readout=replace(block.readout, weight_bits=1)),
    "leaky readout": lambda block: replace(block, readout=replace(block.readout, leak_shift=2)),
    "largest level": lambda block: replace(block, readout=replace(
        block.readout, leak_shift=2, reading="maximum", accumulate="cumulative", answer="all")),
    "lingering": lambda block: _first(block, current=CurrentSpec(bits=10, leak_shifts=(2,))),
}


@cache
def able(engine: str) -> frozenset[str]:
    """Those of :data:`FEATURES` that a block has in hardware whose engine that learns is ``engine``."""
    spec = network_spec(inputs=SIDE, sizes=(SIDE,), window=2, max_steps=4)
    (block,) = spec.blocks
    directives = Directives(lanes=2, memory="auto", engine=engine)
    return frozenset(name for name, of in FEATURES.items() if not hardware_refusals(
        NetworkSpec(name="probe", blocks=(replace(of(block), directives=directives),), max_steps=4, seed=1)))


def engines() -> tuple[str, ...]:
    """Engines that learn, or none, of which there is hardware; those that learn come first."""
    return tuple(sorted((kind for kind in Learning.kinds() if "plain" in able(kind)), key=lambda kind: kind == "none"))
