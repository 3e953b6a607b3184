"""The network file: integer weights and the whole specification, in safetensors; no pickle anywhere."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .atomic import write_atomically
from .errors import USAGE, SnnfpgaError
from .network import IntArray, Network, check_rates
from .spec import NetworkSpec
from .upgrade import from_format_1

# What does not know divided feedback must refuse it, what does not know rates those that are not 0; both read the rest,
# and learn as they must.
FORMAT_VERSION = 4
VERSION_WITHOUT_DIVIDED_FEEDBACK = 3
VERSION_WITHOUT_RATES = 2

SURROGATE = "surrogate"     # in the notes: what a network was trained with in the place of the hardware's


class NetworkFileError(SnnfpgaError):
    """A network file that cannot be used; the message names the file, the rule and what to do."""

    exit_code = USAGE


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
    Only a network with divided feedback makes a file of :data:`FORMAT_VERSION`, and only one with a rate that is not 0
    one of the version before: what does not know these refuses it and reads all others.

    Raises
    ------
    OSError
        If the file cannot be written; an earlier file stays as it was.
    """
    # Imported where it is used: on a board, where `Network` comes from a folder of arrays, there may be no safetensors.
    from safetensors.numpy import save

    tensors = _tensors(network)
    rates = {"rates": list(network.rates)} if any(network.rates) else {}
    header = json.dumps({"spec": network.spec.to_dict(), "window_numbers": list(network.window_numbers), **rates,
                         "notes": notes or {}}, sort_keys=True)
    version = VERSION_WITHOUT_DIVIDED_FEEDBACK if rates else VERSION_WITHOUT_RATES
    if any(block.readout.feedback_shift is not None for block in network.spec.blocks):
        version = FORMAT_VERSION
    metadata = {"format": "snnfpga", "version": str(version), "network": header,
                "sha256": _digest(header, tensors.items())}
    write_atomically(Path(path), _ordered(save(tensors, metadata=metadata)))


def _ordered(packed: bytes) -> bytes:
    """The same safetensors file with its header's keys in order; the library's order changes from call to call."""
    length = int.from_bytes(packed[:8], "little")
    header = json.dumps(json.loads(packed[8:8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)         # the tensors begin at a multiple of 8 bytes
    return len(header).to_bytes(8, "little") + header + packed[8 + length:]


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


def _rates(spec: NetworkSpec, values: dict[str, Any], version: str) -> tuple[int, ...]:
    """Rates of a header; where there are none, and need not be, they are 0."""
    if version != str(VERSION_WITHOUT_DIVIDED_FEEDBACK) and "rates" not in values:
        return (0,) * len(spec.blocks)
    check_rates(spec, values["rates"])
    return tuple(values["rates"])


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
    if version not in (str(known) for known in range(1, FORMAT_VERSION + 1)):
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
            window_numbers=tuple(values["window_numbers"]),
            rates=_rates(spec, values, version))
        return network, notes
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise NetworkFileError(f"{path} holds no valid network ({error}); export it again") from None
