"""A network as two plain files, for a board that has NumPy and nothing else: ``spec.json`` and ``weights.npz``."""

import io
import json
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.network import Network
from rtl_gen.contract.network_file import NetworkFileError
from rtl_gen.contract.regular import regular
from rtl_gen.contract.spec import NetworkSpec

__all__ = ["SPEC_FILE", "WEIGHTS_FILE", "read", "read_spec", "to_files", "write"]

SPEC_FILE = "spec.json"
WEIGHTS_FILE = "weights.npz"


def to_files(network: Network) -> dict[str, bytes]:
    """Names and contents of the two files; the same bytes for the same network."""
    arrays = {"window_numbers": np.array(network.window_numbers, np.uint32),
              "rates": np.array(network.rates, np.uint8)}
    for b, (weights, readout) in enumerate(zip(network.weights, network.readouts, strict=True)):
        arrays |= {f"block{b}.layer{index}": values for index, values in enumerate(weights)}
        arrays[f"block{b}.readout"] = readout
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    text = json.dumps(network.spec.to_dict(), indent=1, sort_keys=True) + "\n"
    return {SPEC_FILE: text.encode(), WEIGHTS_FILE: packed.getvalue()}


def write(folder: str | os.PathLike[str], network: Network) -> None:
    """Write both files into ``folder``; each is whole, or as it was.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    for name, contents in to_files(network).items():
        write_atomically(Path(folder) / name, contents)


def read_spec(folder: str | os.PathLike[str]) -> NetworkSpec:
    """The specification alone.

    Raises
    ------
    NetworkFileError
        If it is not there or not valid.
    """
    path = Path(folder) / SPEC_FILE
    try:
        return NetworkSpec.from_dict(json.loads(regular(path).read_text("utf-8")))
    except FileNotFoundError:
        raise NetworkFileError(f"No {path}; copy the whole driver folder of the build") from None
    except (SpecError, KeyError, TypeError, AttributeError, ValueError, RecursionError, OSError) as error:
        raise NetworkFileError(f"{path} holds no valid specification ({error}); copy it from the build again") from None


def read(folder: str | os.PathLike[str]) -> Network:
    """Read both files.

    Raises
    ------
    NetworkFileError
        If one is not there, or they do not fit each other.
    """
    spec = read_spec(folder)
    path = Path(folder) / WEIGHTS_FILE
    try:
        with np.load(regular(path), allow_pickle=False) as arrays:
            return Network(
                spec=spec,
                weights=tuple(tuple(arrays[f"block{b}.layer{index}"] for index in range(block.depth))
                              for b, block in enumerate(spec.blocks)),
                readouts=tuple(arrays[f"block{b}.readout"] for b in range(len(spec.blocks))),
                window_numbers=tuple(int(number) for number in arrays["window_numbers"]),
                rates=tuple(int(rate) for rate in arrays["rates"]) if "rates" in arrays else ())
    except FileNotFoundError:
        raise NetworkFileError(f"No {path}; copy the whole driver folder of the build") from None
    # Damage anywhere in an archive shows as one of these.
    except (LookupError, ValueError, TypeError, AttributeError, OSError, EOFError, NotImplementedError, RuntimeError,
            MemoryError, struct.error, zipfile.BadZipFile, zlib.error) as error:
        raise NetworkFileError(f"{path} holds no weights for {SPEC_FILE} ({error}); "
                               "copy it from the build again") from None
