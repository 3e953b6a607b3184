"""The end of a chain: connections that are a readout, a leaky integrator, or spikes that are counted."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rtl_gen.contract.readout import MAX_CLASSES, MAX_LEAK_SHIFT, READINGS

from ..config.network import NetworkConfig
from ..network.architecture import Given, Linear, Pool
from ..network.quantize import weight_limit
from .facts import LayerFacts, error_of, grid, kept
from .graph import NirError
from .making import POOLS, Making, divided
from .neurons import folded
from .stages import Array, ConvStage

PLACES = 4              # along each side, of a grid that a readout sees without a pooling
NEAR = 0.01             # how far a leak may be from what was asked for without a word
MARGIN = 4              # units by which a neuron that always fires is above its threshold


@dataclass(frozen=True, eq=False, kw_only=True)
class End:
    """A readout: its weights, the pooling before it, its leak and reading, and what became of it."""

    given: Given
    pool: Pool | None
    leak_shift: int | None
    reading: str
    facts: LayerFacts


def readout_of(made: Making, network: NetworkConfig, reading: str | None, own: dict[str, Any] | None) -> End:
    """The readout of what was made; a bias of it becomes a neuron of the last layer that always fires.

    ``own`` is its grid, where it was ours.

    Raises
    ------
    NirError
        If what stands at the end is none, or its reading is to be said.
    """
    if made.integrator is not None and reading is None and own is not None:
        reading = own.get("reading")
    if made.integrator is None and reading is not None:
        raise NirError("--reading says what of a leaky integrator (LI) at the end is the answer, and there is none; "
                       "leave it out")
    bits = network.readout_bits or network.weight_bits
    end = _spikes(made, bits) if made.waiting is None else _weights(made, network, bits, reading)
    held = kept(own, end.given, network.readout_bits)
    if held is not None:
        bits, fraction = held
        given = replace(end.given, fraction=fraction)
        end = replace(end, given=given, facts=replace(end.facts, weight_bits=bits, fraction_bits=fraction))
    classes = len(end.given.weights)
    if not 2 <= classes <= MAX_CLASSES:
        raise NirError(f"The last node must have 2..{MAX_CLASSES} outputs, which are the classes, not {classes}; take "
                       "a network that classifies")
    return end


def _spikes(made: Making, bits: int) -> End:
    """A readout of identity: the class is the neuron with most spikes, of equals the first."""
    if made.pool is not None or made.factor is not None:
        raise NirError("After the last neurons stands a pooling or a Scale alone; put connections after it, or leave "
                       "it out")
    classes = made.size
    given = Given(weights=np.eye(classes), channels_first=len(made.shape) == 3,
                  fraction=math.floor(math.log2(weight_limit(bits))))
    return End(given=given, pool=_whole(made.shape), leak_shift=None, reading="sum",
               facts=_facts("output", "readout: most spikes", given, bits))


def _whole(shape: tuple[int, ...]) -> Pool | None:
    """What keeps a readout from pooling a large grid: squares of one pixel."""
    return Pool("sum", 1) if len(shape) == 3 and max(shape[1:]) > PLACES else None


def _weights(made: Making, network: NetworkConfig, bits: int, reading: str | None) -> End:
    waiting, own = made.waiting, made.integrator
    if isinstance(waiting, ConvStage):
        raise NirError(f"Node {waiting.name} must be followed by neurons, or by none at the end where it is a Linear; "
                       "add some")
    weight, keep = divided(made.pool, waiting.weight), None
    bias = np.zeros(len(weight)) if waiting.bias is None else waiting.bias
    if own is not None:
        keep, bias = _integrator(made, reading, bias)
    if bias.any():
        weight = _always(made, weight, bias, network.of_layer(len(made.layers) - 1).weight_bits)
    given = Given(weights=weight, channels_first=len(made.seen) == 3)
    given = replace(given, fraction=grid(f"Node {waiting.name}", bits, given))
    if (largest := float(np.abs(weight).max()) * 2.0 ** given.fraction) and not 0.5 < largest / weight_limit(bits) <= 1:
        # Beyond what there are grids for; the largest answer is the same in any unit.
        given = replace(given, weights=weight / largest * weight_limit(bits))
    pool = _whole(made.seen) if made.pool is None else Pool(POOLS[made.pool.kind], made.pool.size)
    shift = None if keep is None else _shift(keep)
    kind = "readout: largest sum" if own is None else f"leaky readout, read by {reading}"
    facts = _facts(waiting.name if own is None else own.name, kind, given, bits)
    if shift is not None:
        used = 1.0 - 2.0 ** -shift
        facts = replace(facts, keep=keep, keep_used=used, said=own.dynamics.said)
        if abs(used - keep) > NEAR:
            made.warnings.append(f"the readout of node {own.name} keeps {used:g} of a level in a step, not {keep:.4g}: "
                                 "it leaks by one shift")
    return End(given=given, pool=pool, leak_shift=shift, reading=reading or "sum", facts=facts)


def _integrator(made: Making, reading: str | None, bias: Array) -> tuple[float, Array]:
    """What a leaky integrator keeps, and the bias with what it rests at."""
    stage = made.integrator
    if reading not in READINGS:
        raise NirError(f"Node {stage.name} (LI) is a leaky readout, and no file says what of it is the answer; say "
                       f"--reading {', '.join(READINGS[:-1])} or {READINGS[-1]}")
    neurons = folded(stage, made.shape, made.size)
    if neurons.current_keep is not None:
        raise NirError(f"Node {stage.name} has a synapse before a leaky readout, which has no place; take an LI")
    return neurons.keep, bias + neurons.constant


def _shift(keep: float) -> int:
    """The one shift whose leak is nearest to ``1 - keep``."""
    return min(range(1, MAX_LEAK_SHIFT + 1), key=lambda shift: abs(1.0 - 2.0 ** -shift - keep))


def _always(made: Making, weight: Array, bias: Array, bits: int) -> Array:
    """Weights with a column more, of a new neuron of the last layer that fires in every step."""
    raw, node = made.layers[-1], made.waiting.name
    if len(made.seen) == 3 or made.pool is not None or not isinstance(raw.synapses, Linear):
        raise NirError(f"Node {node} is a readout with a bias over a grid, and a readout has no bias; train it without "
                       "one, or put a Linear with neurons before it")
    own, given = raw.neurons, raw.given
    before = np.zeros(len(given.weights)) if given.bias is None else given.bias
    # A reset that comes late takes more, of which the leak of the step between leaves this to be made up for.
    steady = 2.0 - own.keep if own.reset == "subtract-late" else 1.0
    largest = max(float(np.abs(part).max()) for part in (given.weights, given.recurrent, before) if part is not None)
    drive = own.threshold * steady
    drive += MARGIN * max(drive, largest) / weight_limit(bits)
    count = len(given.weights)
    recurrent = None if given.recurrent is None else np.pad(given.recurrent, (0, 1))
    made.layers[-1] = replace(
        raw, always=True, shape=(count + 1,), synapses=replace(raw.synapses, neurons=count + 1), given=replace(
            given, weights=np.pad(given.weights, ((0, 1), (0, 0))), bias=np.append(before, drive), recurrent=recurrent),
        neurons=replace(own, factors=np.append(own.factors, 1.0), constant=np.append(own.constant, 0.0)))
    lost = max(0.0, math.log2(drive) - math.log2(largest)) if largest else 0.0
    made.warnings.append(f"the bias of node {node} is a neuron of node {raw.stage.name} that fires in every step"
                         + (f"; its drive takes {math.ceil(lost)} of the bits of the weights there" if lost else ""))
    return np.column_stack([weight, bias])


def _facts(node: str, kind: str, given: Given, bits: int) -> LayerFacts:
    return LayerFacts(node=node, kind=kind, neurons=len(given.weights), said="", keep=None, keep_used=None,
                      current_keep=None, current_keep_used=None, gain=None, reset=None, compare=None, weight_bits=bits,
                      fraction_bits=given.fraction, threshold=None, reset_amount=None, membrane_bits=None,
                      weight_error=error_of(given, given.fraction, bits))
