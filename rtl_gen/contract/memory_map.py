"""Geometry of the memories a host can reach, and their words as NumPy arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .declared import engines_of
from .memories import MemoryDeclaration
from .plan import plan_of
from .protocol import ANSWER_BITS, LAYER_MEMORIES, Memory
from .spec import NetworkSpec


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Shape of a memory.

    Attributes
    ----------
    depth
        Number of words.
    fields
        Values in a word.
    field_bits
        Bits of a value; the first lies lowest.
    signed
        Whether a value is two's complement.
    writable
        Whether the host may write it.
    """

    depth: int
    fields: int
    field_bits: int
    signed: bool
    writable: bool

    @property
    def word_bits(self) -> int:
        return self.fields * self.field_bits

    @property
    def beats(self) -> int:
        """Beats of 32 bits that a word takes."""
        return -(-self.word_bits // 32)


def host_memories(spec: NetworkSpec) -> tuple[tuple[int, int, Memory], ...]:
    """Block, layer and kind of every memory that a host can reach; a readout's count to the layer 0."""
    return tuple((number, layer, memory) for number, block in enumerate(spec.blocks)
                 for layer in range(block.depth) for memory in Memory
                 if layer == 0 or memory in LAYER_MEMORIES)


def geometry(spec: NetworkSpec, block: int, layer: int, memory: Memory) -> Geometry:
    """The shape of a memory; of a readout's whatever the layer."""
    engines, readout = engines_of(spec.blocks[block]), spec.blocks[block].readout
    of_layer, lanes = engines.forward.of_layers[layer], spec.blocks[block].directives.lanes
    declared, fields = {
        Memory.WEIGHTS: (of_layer.weights, lanes), Memory.READOUT: (engines.readout.weights, readout.classes),
        Memory.MEMBRANES: (of_layer.membranes, lanes), Memory.SPIKES: (of_layer.spikes, lanes),
        # A choice of registers, which no memory holds.
        Memory.ANSWERS: (MemoryDeclaration("answers", readout.classes, ANSWER_BITS), 1),
    }[memory]
    return Geometry(
        depth=declared.depth, fields=fields, field_bits=declared.width // fields,
        signed=readout.learned if memory == Memory.READOUT else memory != Memory.SPIKES,
        writable=memory in (Memory.WEIGHTS, Memory.READOUT))


def pack(shape: Geometry, values: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Beats of a memory that holds ``values``, (depth, fields)."""
    bits = (values[..., None] >> np.arange(shape.field_bits)) & 1              # (depth, fields, field_bits)
    padded = np.zeros((shape.depth, shape.beats * 32), np.uint8)
    padded[:, :shape.word_bits] = bits.reshape(shape.depth, shape.word_bits)
    return np.packbits(padded, axis=1, bitorder="little").view("<u4").reshape(-1).astype(np.uint32)


def unpack(shape: Geometry, beats: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Values, (depth, fields), of a memory whose words came as ``beats``.

    Raises
    ------
    ValueError
        If the number of beats is not the memory's.
    """
    if beats.shape != (shape.depth * shape.beats,):
        raise ValueError(f"Memory must come as {shape.depth * shape.beats} beats, not {len(beats)}")
    octets = beats.astype("<u4").view(np.uint8).reshape(shape.depth, shape.beats * 4)
    bits = np.unpackbits(octets, axis=1, bitorder="little")[:, :shape.word_bits].astype(np.int64)
    fields = bits.reshape(shape.depth, shape.fields, shape.field_bits)
    values = (fields << np.arange(shape.field_bits)).sum(axis=2)
    if shape.signed:
        values -= fields[..., -1] << shape.field_bits
    return values


def weights_to_words(spec: NetworkSpec, block: int, layer: int, stored: NDArray[np.int32]) -> NDArray[np.int64]:
    """Words of a layer's weight memory, (column words * rows, lanes), from stored weights, (rows, columns)."""
    plan = plan_of(spec.blocks[block]).layers[layer]
    padded = np.zeros((plan.rows, plan.column_words * plan.lanes), np.int64)
    padded[:, :stored.shape[1]] = stored
    words = padded.reshape(plan.rows, plan.column_words, plan.lanes).transpose(1, 0, 2)
    return words.reshape(plan.weight_words, plan.lanes)


def words_to_weights(spec: NetworkSpec, block: int, layer: int, words: NDArray[np.int64]) -> NDArray[np.int32]:
    """Inverse of :func:`weights_to_words`."""
    plan = plan_of(spec.blocks[block]).layers[layer]
    rows = words.reshape(plan.column_words, plan.rows, plan.lanes).transpose(1, 0, 2)
    padded = rows.reshape(plan.rows, plan.column_words * plan.lanes)
    return padded[:, :plan.layer.columns].astype(np.int32)


def words_to_neurons(spec: NetworkSpec, block: int, layer: int, words: NDArray[np.int64]) -> NDArray[np.int64]:
    """A value for each neuron of a layer, (outputs,), from words of neurons; the lanes of no neuron are left out."""
    return words.reshape(-1)[plan_of(spec.blocks[block]).layers[layer].slots]


def readout_to_words(spec: NetworkSpec, block: int, stored: NDArray[np.int32]) -> NDArray[np.int64]:
    """Words of the readout memory, (rows, classes): stored weights, or of a fixed readout 1 where its sign is -1."""
    return stored.astype(np.int64) if spec.blocks[block].readout.learned else (stored < 0).astype(np.int64)


def words_to_readout(spec: NetworkSpec, block: int, words: NDArray[np.int64]) -> NDArray[np.int32]:
    """Inverse of :func:`readout_to_words`."""
    return (words if spec.blocks[block].readout.learned else 1 - 2 * words).astype(np.int32)
