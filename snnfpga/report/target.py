"""Which run or build a report is of, and which run a build came from."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from board.plan import MANIFEST
from rtl_gen.contract.block import Directives
from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.network import Network
from rtl_gen.contract.network_file import NetworkFileError, read
from rtl_gen.contract.regular import kind_of
from rtl_gen.contract.spec import NetworkSpec

from ..runs.find import BUILDS, CONFIG, METRICS, NETWORK, RUNS


def find(target: Path | None) -> Path:
    """``target``, or the run or build below ``runs/`` and ``build/`` that was finished last.

    Raises
    ------
    SnnfpgaError
        If there is none, or ``target`` is no folder of a run or a build.
    """
    if target is None:
        marks = [*RUNS.glob(f"*/{NETWORK}"), *BUILDS.glob(f"*/{MANIFEST}")]
        if not marks:
            raise SnnfpgaError("No finished run below runs/ and no build below build/; make one with: snnfpga train",
                               USAGE)
        return max(marks, key=lambda path: path.stat().st_mtime_ns).parent
    if target.exists() and not target.is_dir():
        kind = kind_of(target) or "a file"
        raise SnnfpgaError(f"A report is of a run's or a build's folder, and {target} is {kind}; name its folder",
                           USAGE)
    if not target.is_dir():
        raise SnnfpgaError(f"No run or build {target}; make one with: snnfpga train, or snnfpga build", USAGE)
    if not is_build(target) and not any((target / name).exists() for name in (NETWORK, CONFIG, METRICS)):
        raise SnnfpgaError(f"Folder {target} must hold a run ({NETWORK}) or a build ({MANIFEST}) and holds neither; "
                           "make one with: snnfpga train, or snnfpga build", USAGE)
    return target


def is_build(folder: Path) -> bool:
    return (folder / MANIFEST).exists()


def run_of(network: Network) -> Path | None:
    """The newest run below ``runs/`` that holds this network, however its blocks are laid out; None if none does."""
    for path in sorted(RUNS.glob(f"*/{NETWORK}"), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        try:
            if _same(read(path), network):
                return path.parent
        except NetworkFileError:
            continue        # a damaged run is not the one
    return None


def _same(one: Network, other: Network) -> bool:
    if _without_layout(one.spec) != _without_layout(other.spec):
        return False
    if (one.window_numbers, one.rates) != (other.window_numbers, other.rates):
        return False
    return all(np.array_equal(a, b) for a, b in zip(_values(one), _values(other), strict=True))


def _without_layout(spec: NetworkSpec) -> NetworkSpec:
    one = Directives(lanes=1, memory="auto", engine="none")
    return replace(spec, blocks=tuple(replace(block, directives=one) for block in spec.blocks))


def _values(network: Network) -> list[np.ndarray]:
    return [values for weights in network.weights for values in weights] + list(network.readouts)
