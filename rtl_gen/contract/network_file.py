"""The network file: integer weights and the whole specification, in safetensors; no pickle anywhere."""

import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .checks import SpecError
from .layer import LayerSpec
from .readout import ReadoutSpec
from .spec import NetworkSpec
from .upgrade import from_format_1

FORMAT_VERSION = 2

SURROGATE = "surrogate"     # in the notes: what a network was trained with in the place of the hardware's

IntArray = NDArray[np.int32]


class NetworkFileError(ValueError):
    """A network file that cannot be used; the message names the file, the rule and what to do."""


@dataclass(frozen=True)
class Network:
    """A specification and the values the hardware holds for it.

    Attributes
    ----------
    spec
        The specification.
    weights
        For each block and layer the stored weights, (rows, columns) int32; the bias is the last row.
    readouts
        For each block (rows, classes) int32: stored weights where learned, else +1 and -1.
    window_numbers
        For each block the number of windows it has learned from, modulo 2**32.
    """

    spec: NetworkSpec
    weights: tuple[tuple[IntArray, ...], ...]
    readouts: tuple[IntArray, ...]
    window_numbers: tuple[int, ...]

    def __post_init__(self) -> None:
        counts = {len(self.spec.blocks), len(self.weights), len(self.readouts), len(self.window_numbers)}
        if len(counts) != 1:
            raise SpecError(f"A network of {len(self.spec.blocks)} blocks must have weights, readouts and window "
                            f"numbers for each, not {len(self.weights)}, {len(self.readouts)} and "
                            f"{len(self.window_numbers)}")
        for index, (block, weights, readout, number) in enumerate(zip(
                self.spec.blocks, self.weights, self.readouts, self.window_numbers, strict=True)):
            if len(weights) != block.depth:
                raise SpecError(f"Block {index} must have weights for {block.depth} layers, not {len(weights)}")
            for l_index, (layer, values) in enumerate(zip(block.layers, weights, strict=True)):
                _check_weights(f"Weights of block {index} layer {l_index}", values, layer)
            _check_readout(f"Readout of block {index}", readout, block.readout)
            if not 0 <= number < 1 << 32:
                raise SpecError(f"Window number of block {index} must be in 0..{(1 << 32) - 1}, not {number}")


def _check_array(thing: str, values: IntArray, shape: tuple[int, int], bits: int) -> None:
    if values.dtype != np.int32 or values.shape != shape:
        raise SpecError(f"{thing} must be int32 of shape {shape}, not {values.dtype} of shape {values.shape}")
    low, high = -1 << (bits - 1), (1 << (bits - 1)) - 1
    if values.size and not (low <= values.min() and values.max() <= high):
        raise SpecError(f"{thing} must be in {low}..{high}, not {values.min()}..{values.max()}")


def _check_weights(thing: str, values: IntArray, layer: LayerSpec) -> None:
    _check_array(thing, values, (layer.rows, layer.columns), layer.weights.stored_bits)


def _check_readout(thing: str, values: IntArray, readout: ReadoutSpec) -> None:
    _check_array(thing, values, (readout.rows, readout.classes), max(2, readout.stored_bits))
    if not readout.learned and not np.isin(values, (-1, 1)).all():
        raise SpecError(f"{thing} is fixed and must hold +1 and -1 only")


def spec_digest(spec: NetworkSpec) -> str:
    """SHA-256, in hex, of the specification as canonical JSON."""
    text = json.dumps(spec.to_dict(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _tensors(network: Network) -> dict[str, IntArray]:
    tensors: dict[str, IntArray] = {}
    for b, (weights, readout) in enumerate(zip(network.weights, network.readouts, strict=True)):
        for index, values in enumerate(weights):
            tensors[f"block{b}.layer{index}.stored"] = np.ascontiguousarray(values)
        tensors[f"block{b}.readout"] = np.ascontiguousarray(readout)
    return tensors


def _digest(header: str, tensors: Iterable[tuple[str, IntArray]]) -> str:
    digest = hashlib.sha256(header.encode())
    for name, values in sorted(tensors):
        digest.update(name.encode())
        digest.update(values.astype("<i4").tobytes())
    return digest.hexdigest()


def write(path: str | os.PathLike[str], network: Network, *, notes: dict[str, str] | None = None) -> None:
    """Write ``network`` to ``path``, whole or not at all.

    ``notes`` are facts for people (accuracy, data set): they travel with the file and are read by :func:`read_notes`.

    Raises
    ------
    OSError
        If the file cannot be written; an earlier file stays as it was.
    """
    # Imported where it is used: on a board, where `Network` comes from a folder of arrays, there may be no safetensors.
    from safetensors.numpy import save

    tensors = _tensors(network)
    header = json.dumps({"spec": network.spec.to_dict(), "window_numbers": list(network.window_numbers),
                         "notes": notes or {}}, sort_keys=True)
    metadata = {"format": "snnfpga", "version": str(FORMAT_VERSION), "network": header,
                "sha256": _digest(header, tensors.items())}
    write_atomically(Path(path), _ordered(save(tensors, metadata=metadata)))


def _ordered(packed: bytes) -> bytes:
    """The same safetensors file with its header's keys in order; the library's order changes from call to call."""
    length = int.from_bytes(packed[:8], "little")
    header = json.dumps(json.loads(packed[8:8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)         # the tensors begin at a multiple of 8 bytes
    return len(header).to_bytes(8, "little") + header + packed[8 + length:]


def write_atomically(path: Path, contents: bytes) -> None:
    """Write to a temporary name beside ``path``, then rename: a failure leaves an earlier file intact.

    Raises
    ------
    OSError
        If it cannot be written; the error names ``path``.
    """
    # Not tempfile, whose files only their owner may read: this one has the mode that the umask gives.
    name = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with naming(path):
        try:
            with name.open("xb") as file:
                file.write(contents)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            name.unlink(missing_ok=True)
            raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An OSError within names ``path``; where a disk is full it would name no file, or a temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def read(path: str | os.PathLike[str]) -> Network:
    """Read and check a network file.

    Raises
    ------
    NetworkFileError
        If it is not there, not a network file, of a newer version, cut short or altered.
    """
    return _read(path)[0]


def read_notes(path: str | os.PathLike[str]) -> dict[str, str]:
    """The notes a network file carries, after the same checks as :func:`read`."""
    return _read(path)[1]


def _read(path: str | os.PathLike[str]) -> tuple[Network, dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except FileNotFoundError:
        raise NetworkFileError(f"No network file {path}; make one with: snnfpga train") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise NetworkFileError(f"{path} is not a whole safetensors file ({error}); copy or export it again") from None
    if metadata.get("format") != "snnfpga":
        raise NetworkFileError(f"{path} is a safetensors file, but not a network of snnfpga; "
                               "make one with: snnfpga train")
    version = metadata.get("version", "")
    if not version.isdigit() or int(version) > FORMAT_VERSION:
        raise NetworkFileError(f"{path} has network format {version or 'unknown'}, this snnfpga reads up to "
                               f"{FORMAT_VERSION}; install a newer snnfpga")
    header = metadata.get("network", "")
    if _digest(header, tensors.items()) != metadata.get("sha256"):
        raise NetworkFileError(f"{path} was altered: its contents do not match its checksum; copy or export it again")
    try:
        values = json.loads(header)
        table, notes = values["spec"], dict(values["notes"])
        if version == "1":
            table, surrogate = from_format_1(table)
            notes |= {} if surrogate is None else {SURROGATE: surrogate}
        spec = NetworkSpec.from_dict(table)
        network = Network(
            spec=spec,
            weights=tuple(tuple(tensors[f"block{b}.layer{i}.stored"] for i in range(block.depth))
                          for b, block in enumerate(spec.blocks)),
            readouts=tuple(tensors[f"block{b}.readout"] for b in range(len(spec.blocks))),
            window_numbers=tuple(values["window_numbers"]))
        return network, notes
    except (KeyError, TypeError, json.JSONDecodeError, SpecError) as error:
        raise NetworkFileError(f"{path} holds no valid network ({error}); export it again") from None
