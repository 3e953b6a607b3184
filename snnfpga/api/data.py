"""Data from Python: arrays, samples one by one, a set's name or a file's path."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import SkipValidation

from rtl_gen.contract.atomic import opened
from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ..data.dataset import DataError
from ..data.npz import KNOWN, SPARSE
from .arguments import Flag, Place, checked, scalar
from .arrays import array_of, arrays_of

FIELDS = SPARSE[:4]     # of an event: t, x, y and p


@dataclass(frozen=True, eq=False, repr=False)
class Data:
    """Samples in memory, as an ``.npz`` has them (docs/data.md); checked where they are used, by the same rules.

    Attributes
    ----------
    arrays
        By their names in the file: ``spikes`` (N, T, ...) of 0 and 1 and ``label`` (N,), or events ``t``, ``x``, ``y``,
        ``p``, ``offset``, ``sensor`` and ``label``; and whatever else the format has.
    name
        What messages, and a run on them, call them.
    """

    arrays: Mapping[str, NDArray]
    name: str = "data"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name or {"/", "\0"} & {*self.name}:
            raise DataError(f"A name of data must be that of a file, without a folder, not {shown(self.name)}; give "
                            "another")
        if not isinstance(self.arrays, Mapping) or not all(isinstance(key, str) for key in self.arrays):
            raise DataError(f"Data {self.name} must be a table of arrays by their names, not {shown(self.arrays)}; "
                            "snnfpga.Data.of takes spikes and labels")
        object.__setattr__(self, "arrays", arrays_of(self.name, self.arrays))

    def __repr__(self) -> str:
        held = ", ".join(f"{key} {array.dtype} {array.shape}" for key, array in self.arrays.items())
        return f"Data {self.name}: {held}"

    @classmethod
    def of(cls, spikes: ArrayLike, label: ArrayLike, *, test: tuple[ArrayLike, ArrayLike] | None = None,
           name: str = "data", **others: ArrayLike) -> "Data":
        """Dense spikes (N, T, inputs), or (N, T, H, W[, C]), of 0 and 1, and a label (N,) for each sample.

        Parameters
        ----------
        test
            Spikes and labels of test samples; without them a fifth of each class becomes test.
        others
            Further arrays of the format: ``length``, ``step_label``, ``split``, ``classes``.
        """
        dense, labels = (array_of(name, key, given) for key, given in (("spikes", spikes), ("label", label)))
        more = dict(others)
        if test is not None:
            if not isinstance(test, tuple | list) or len(test) != 2:
                raise DataError(f"Data {name}: test must be a pair (spikes, label), not {shown(test)}")
            tested, known = (array_of(name, f"test {key}", given) for key, given in zip(
                ("spikes", "labels"), test, strict=True))
            if dense.shape[1:] != tested.shape[1:]:
                wanted = ", ".join(map(str, dense.shape[1:]))
                raise DataError(f"Data {name}: test spikes must have shape (samples, {wanted}) as the others, not "
                                f"{tested.shape}; give them in as many steps")
            if not labels.ndim == known.ndim == 1:
                raise DataError(f"Data {name}: label must be one number for each sample, of test too, not of shape "
                                f"{known.shape if labels.ndim == 1 else labels.shape}; give them one by one")
            if more.keys() & {"length", "step_label", "split"}:
                raise DataError(f"Data {name} takes length, step_label and split of all samples at once; leave test "
                                "out, and give split")
            more["split"] = np.repeat(["train", "test"], [len(dense), len(tested)])
            dense, labels = np.concatenate([dense, tested]), np.concatenate([labels, known])
        return cls({"spikes": dense, "label": labels, **more}, name)

    @classmethod
    def from_samples(cls, samples: Any, *, name: str = "data",
                     sensor: tuple[int, int] | None = None) -> "Data":
        """What is indexed and has a length, a ``torch.utils.data.Dataset`` or a list, of pairs (sample, label).

        A sample is either spikes (T, ...) of 0 and 1, of as many steps as it has, or events: an array with the fields
        ``t``, ``x``, ``y`` and ``p``, as tonic gives them; then ``sensor`` says the height and width.

        Raises
        ------
        DataError
            If a sample is neither, or there is none.
        """
        if isinstance(samples, Mapping) or not (hasattr(samples, "__getitem__") and hasattr(samples, "__len__")):
            raise DataError(f"Data {name} must be a data set of pairs with a length, not {shown(samples)}")
        pairs = [samples[index] for index in range(len(samples))]
        for index, pair in enumerate(pairs):
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise DataError(f"Data {name} must give a pair (sample, label) for each index, not {shown(pair)} "
                                f"(sample {index})")
        if not pairs:
            raise DataError(f"Data {name} must have at least one sample, and has none")
        labels = array_of(name, "label", [scalar(label) for _, label in pairs])
        found = [array_of(name, f"sample {index}", sample) for index, (sample, _) in enumerate(pairs)]
        if found[0].dtype.names:
            return cls({**_events(name, found, sensor), "label": labels}, name)
        return cls({**_stacked(name, found), "label": labels}, name)

    @checked
    def write(self, path: Place, *, compressed: Flag = False) -> None:
        """Write the ``.npz``, whole or not at all; a file that is there is replaced.

        Raises
        ------
        SnnfpgaError
            If it cannot be written.
        """
        with opened(Path(path)) as file:
            (np.savez_compressed if compressed else np.savez)(file, **self.arrays)


# :func:`data_given` says what is wrong with it.
Given = Annotated[Data | str | os.PathLike[str] | tuple[Any, Any] | Mapping[str, Any] | Sequence[Any] | None,
                  SkipValidation]


def data_given(given: Any) -> Data | str | None:
    """What stands for data: its name or path, or samples in memory; None for none.

    Raises
    ------
    SnnfpgaError
        If it is neither.
    """
    if given is None or isinstance(given, Data | str):
        return given
    if isinstance(given, os.PathLike):
        return os.fspath(given)
    if isinstance(given, Mapping):
        if is_arrays(given):
            return Data(given)
    elif _is_pair(given):
        return Data.of(*given)
    elif _is_data_set(given):
        return Data.from_samples(given)
    more = "give its .dataset" if hasattr(given, "dataset") else "snnfpga.Data has more"
    raise SnnfpgaError("Data must be a data set's name, the path of an .npz, a pair (spikes, labels), the arrays of an "
                       f".npz by name, or a data set of pairs with a length, not {shown(given)}; {more}", USAGE)


def _is_pair(given: Any) -> bool:
    """Whether it is spikes and labels; a list is, where it holds two arrays, else it lists samples."""
    if isinstance(given, tuple):
        return len(given) == 2 and not isinstance(given[0], tuple)
    return isinstance(given, list) and len(given) == 2 and hasattr(given[0], "shape")


def _is_data_set(given: Any) -> bool:
    """Whether samples can be had from it one by one; a single array, bytes and a tuple of arrays hold none."""
    whole = hasattr(given, "shape") or isinstance(given, bytes) or (
        isinstance(given, tuple) and len(given) > 0 and hasattr(given[0], "shape"))
    return not whole and hasattr(given, "__getitem__") and hasattr(given, "__len__")


def is_arrays(given: Any) -> bool:
    """Whether a table holds the arrays of an ``.npz``, and not keys of the section ``data``."""
    return isinstance(given, Mapping) and bool(given.keys() & (KNOWN - {"name"}))


def has_keys(given: Any) -> bool:
    """Whether a table holds keys of the section ``data``; an empty one holds nothing, and is no data."""
    return isinstance(given, Mapping) and len(given) > 0 and not is_arrays(given)


@contextmanager
def named(given: Any, half: str | None = None) -> Iterator[str | None]:
    """The name or path by which a verb finds data; what is in memory has a file for as long as this lasts.

    Parameters
    ----------
    half
        ``train`` or ``test``, which samples in memory without a split all are; None cuts them as a file is cut.
    """
    data = data_given(given)
    if not isinstance(data, Data):
        yield data
        return
    if half is not None and "split" not in data.arrays:
        data = replace(data, arrays={**data.arrays, "split": np.repeat(half, _samples(data.arrays))})
    with tempfile.TemporaryDirectory(prefix="snnfpga-") as aside:
        path = Path(aside) / f"{data.name}.npz"
        data.write(path)
        yield str(path)


def _samples(arrays: Mapping[str, NDArray]) -> int:
    """How many samples arrays hold that may have no ``label``; 0 where they break the rules of the format."""
    found = arrays.get("spikes", arrays.get("offset", np.array(0)))
    return 0 if found.ndim == 0 else len(found) - ("spikes" not in arrays)


def _stacked(name: str, samples: Sequence[NDArray]) -> dict[str, NDArray]:
    """The arrays of spikes, of samples (T, ...) that may differ in T."""
    for index, sample in enumerate(samples):
        if sample.ndim < 2 or sample.shape[1:] != samples[0].shape[1:]:
            wanted = ", ".join(map(str, samples[0].shape[1:])) or "inputs"
            raise DataError(f"Data {name} must have samples of shape (steps, {wanted}), not {sample.shape} (sample "
                            f"{index}); give them the same inputs")
    lengths = np.array([len(sample) for sample in samples])
    spikes = np.zeros((len(samples), lengths.max(), *samples[0].shape[1:]), np.result_type(*samples))
    for place, sample in zip(spikes, samples, strict=True):
        place[:len(sample)] = sample
    return {"spikes": spikes} | ({} if (lengths == lengths[0]).all() else {"length": lengths})


def _events(name: str, samples: Sequence[NDArray], sensor: tuple[int, int] | None) -> dict[str, NDArray]:
    """The arrays of events, of samples with fields."""
    if sensor is not None and not (isinstance(sensor, tuple | list) and len(sensor) == 2
                                   and all(isinstance(scalar(side), int) for side in sensor)):
        raise DataError(f"Data {name}: sensor must be (height, width), not {shown(sensor)}")
    if sensor is None:
        raise DataError(f"Data {name} holds events, which do not say how large the sensor is; give sensor=(height, "
                        "width)")
    for index, sample in enumerate(samples):
        lacking = [key for key in FIELDS if key not in (sample.dtype.names or ())]
        if lacking:
            raise DataError(f"Data {name} must have events with the fields {', '.join(FIELDS)}, and sample {index} "
                            f"lacks {lacking[0]}; name it so")
    offset = np.append(0, np.cumsum([len(sample) for sample in samples]))
    return {**{key: np.concatenate([sample[key] for sample in samples]) for key in FIELDS},
            "offset": offset, "sensor": np.array(sensor)}
