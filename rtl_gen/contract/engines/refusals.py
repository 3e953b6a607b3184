"""What several engines refuse, each in one line."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..block import BlockSpec
from ..layer import LayerSpec

__all__ = ["Refusal", "arithmetic", "leaky_readout", "lingering_currents"]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why an engine cannot serve a block.

    Attributes
    ----------
    line
        For an error, whole: the thing, the rule, the offender, what to do.
    what
        What stands in the way, without its place: ``a convolution``.
    places
        Where it is, as ``block 1 layer 0``; none where it is the network as a whole.
    change
        What the network would need in its place.
    """

    line: str
    what: str
    places: tuple[str, ...]
    change: str


def arithmetic(block: BlockSpec, index: int) -> Iterator[Refusal]:
    """What of a block's arithmetic no engine has."""
    yield from _not_dense(block, index)
    if block.sources:
        yield Refusal(line=f"Layers in hardware must have their own currents alone, and block {index} adds those of "
                      "earlier layers; run it on torch or the reference",
                      what="currents of earlier layers", change="layers with their own currents alone",
                      places=_places(block, index, lambda layer: layer.residual is not None))
    if any(layer.neuron.threshold_shift is not None for layer in block.layers):
        yield Refusal(line=f"Neurons in hardware must have the threshold of their layer, and block {index} has learned "
                      "ones; run it on torch or the reference",
                      what="learned thresholds", change="a threshold for a whole layer",
                      places=_places(block, index, lambda layer: layer.neuron.threshold_shift is not None))
    if min(block.readout.weight_bits, *(layer.weights.bits for layer in block.layers)) < 2:
        readout = (f"readout of block {index}",) if block.readout.weight_bits < 2 else ()
        yield Refusal(line=f"Weights in hardware must have at least 2 bits, not 1 as in block {index}; take 2",
                      what="weights of 1 bit", change="weights of 2 bits or more",
                      places=_places(block, index, lambda layer: layer.weights.bits < 2) + readout)


def leaky_readout(block: BlockSpec, index: int) -> Iterator[Refusal]:
    """A readout that leaks runs in hardware, and no engine learns from its errors."""
    if block.readout.leak_shift is not None:
        yield Refusal(line=f"A block that is to learn on chip must have a readout without a leak, and that of block "
                           f"{index} leaks; set hardware.learning false for the block, or evaluate it on torch or the "
                           "reference",
                      what="a readout that leaks", places=(f"readout of block {index}",),
                      change="network.readout_leak_shift null, or hardware.learning false")


def lingering_currents(block: BlockSpec, index: int) -> Iterator[Refusal]:
    """Currents that linger run in hardware, and no engine carries credit back through them."""
    places = _places(block, index, lambda layer: layer.current is not None)
    if places:
        yield Refusal(line=f"A block that is to learn on chip must have currents of each step alone, and those of "
                           f"block {index} linger; set hardware.learning false for the block, or evaluate it on "
                           "torch or the reference",
                      what="currents that linger", places=places,
                      change="network.current_keep null, or hardware.learning false")


def _not_dense(block: BlockSpec, index: int) -> Iterator[Refusal]:
    """Convolutions and pooling, else recurrence, are one line; each of them is a refusal of its own where all count."""
    pooled = _places(block, index, lambda layer: layer.pool is not None)
    pooled += (f"readout of block {index}",) if block.readout.pool is not None else ()
    found = {"a convolution": _places(block, index, lambda layer: layer.synapses.kind != "dense"), "pooling": pooled,
             "a recurrent layer": _places(block, index, lambda layer: layer.synapses.recurrent)}
    named = "convolution or pooling" if found["a convolution"] or pooled else "recurrent layer"
    for what, places in found.items():
        if places:
            yield Refusal(line=f"A block in hardware must have each input at each neuron, and block {index} has a "
                          f"{named}; run it on torch or the reference",
                          what=what, places=places, change="layers in which each input is at each neuron, with no "
                                                           "recurrence and no pooling")


def _places(block: BlockSpec, index: int, stands: Callable[[LayerSpec], bool]) -> tuple[str, ...]:
    return tuple(f"block {index} layer {number}" for number, layer in enumerate(block.layers) if stands(layer))
