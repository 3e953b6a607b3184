"""Arrays of whatever a program holds: of tensors, lists, frames, and floats that are whole numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import shown

from ..data.dataset import DataError

WORDS = ("split",)      # arrays of the format that hold text; all others hold whole numbers
BEYOND = np.float64(2**63)      # of what 64 bits hold


def arrays_of(name: str, given: Mapping[str, Any]) -> dict[str, NDArray]:
    """Each of ``given`` as an array of plain values; floats that are all whole numbers, as tensors often hold them, as
    integers.

    Raises
    ------
    DataError
        If one is no array, or holds what is no number.
    """
    return {key: _whole(array_of(name, key, values)) if key not in WORDS else array_of(name, key, values)
            for key, values in given.items()}


def array_of(name: str, key: str, values: Any) -> NDArray:
    """``values`` of the data called ``name`` as an array; a tensor's, wherever it lies, too.

    Raises
    ------
    DataError
        If they have no shape, or are Python objects.
    """
    if np.ma.is_masked(values):
        raise DataError(f"Data {name}: {key} must be an array without a mask, which would be lost; give "
                        "values.filled(0), or another value for what is masked")
    try:
        found = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
        if found.dtype.hasobject and found.dtype.names is None:
            found = np.asarray(found.tolist())      # numbers that a frame kept as objects
    except (ValueError, TypeError, RuntimeError):
        if hasattr(values, "detach"):
            raise DataError(f"Data {name}: {key} must be a dense tensor of a type that NumPy has, not {values.dtype} "
                            f"as {values.layout}; give .to_dense(), or .float()") from None
        raise DataError(f"Data {name}: {key} must be an array, all of whose rows are alike, not {shown(values)}; "
                        "samples of several lengths are given one by one, as a list of pairs (spikes, label)") from None
    if found.dtype.hasobject:
        raise DataError(f"Data {name}: {key} must hold numbers, not {shown(_first(found))}; convert it to an array of "
                        "integers")
    return found


def _first(values: NDArray) -> Any:
    """The first value of an array of objects that is no number."""
    return next((one for one in values.ravel().tolist() if not isinstance(one, int | float)), values)


def _whole(values: NDArray) -> NDArray:
    if values.dtype.kind != "f" or not ((np.abs(values) < BEYOND) & (values == np.trunc(values))).all():
        return values
    small = not values.size or (values.min() >= 0 and values.max() <= 255)
    return values.astype(np.uint8 if small and values.ndim > 1 else np.int64)
