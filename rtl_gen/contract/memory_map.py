"""Geometry of the memories a host can reach, and their words as NumPy arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .protocol import Memory
from .spec import NetworkSpec

ANSWER_BITS = 32


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


def groups(spec: NetworkSpec, block: int) -> int:
    """Groups of lanes that a block's neurons fill."""
    b = spec.blocks[block]
    return -(-b.outputs // b.directives.lanes)


def geometry(spec: NetworkSpec, block: int, memory: Memory) -> Geometry:
    b = spec.blocks[block]
    layer, readout, lanes = b.layers[-1], b.readout, b.directives.lanes
    count = groups(spec, block)
    return {
        Memory.WEIGHTS: Geometry(depth=count * layer.rows, fields=lanes, field_bits=layer.weights.stored_bits,
                                 signed=True, writable=True),
        Memory.READOUT: Geometry(depth=readout.inputs, fields=readout.classes, field_bits=readout.stored_bits,
                                 signed=readout.learned, writable=True),
        Memory.MEMBRANES: Geometry(depth=count, fields=lanes, field_bits=layer.neuron.membrane_bits,
                                   signed=True, writable=False),
        Memory.SPIKES: Geometry(depth=count, fields=lanes, field_bits=1, signed=False, writable=False),
        Memory.ANSWERS: Geometry(depth=readout.classes, fields=1, field_bits=ANSWER_BITS,
                                 signed=True, writable=False),
    }[memory]


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


def weights_to_words(spec: NetworkSpec, block: int, stored: NDArray[np.int32]) -> NDArray[np.int64]:
    """Words of the weight memory, (groups * rows, lanes), from stored weights, (rows, outputs)."""
    rows, outputs = stored.shape
    lanes, count = spec.blocks[block].directives.lanes, groups(spec, block)
    padded = np.zeros((rows, count * lanes), np.int64)
    padded[:, :outputs] = stored
    return padded.reshape(rows, count, lanes).transpose(1, 0, 2).reshape(count * rows, lanes)


def words_to_weights(spec: NetworkSpec, block: int, words: NDArray[np.int64]) -> NDArray[np.int32]:
    """Inverse of :func:`weights_to_words`."""
    layer = spec.blocks[block].layers[-1]
    lanes, count = spec.blocks[block].directives.lanes, groups(spec, block)
    padded = words.reshape(count, layer.rows, lanes).transpose(1, 0, 2).reshape(layer.rows, count * lanes)
    return padded[:, :layer.outputs].astype(np.int32)


def readout_to_words(spec: NetworkSpec, block: int, stored: NDArray[np.int32]) -> NDArray[np.int64]:
    """Words of the readout memory, (inputs, classes): stored weights, or of a fixed readout 1 where its sign is -1."""
    return stored.astype(np.int64) if spec.blocks[block].readout.learned else (stored < 0).astype(np.int64)


def words_to_readout(spec: NetworkSpec, block: int, words: NDArray[np.int64]) -> NDArray[np.int32]:
    """Inverse of :func:`readout_to_words`."""
    return (words if spec.blocks[block].readout.learned else 1 - 2 * words).astype(np.int32)
