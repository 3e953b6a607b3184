"""Samples for a board: one dense .npz, as :mod:`board.host.samples` reads it, written sample by sample."""

import os
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.atomic import naming

from .dataset import Split

CHUNK = 64      # samples that are dense at a time

SPIKES = "spikes.npy"    # within the archive


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    samples
        Samples of each half.
    steps, inputs
        T and the inputs of a step.
    """

    samples: dict[str, int]
    steps: int
    inputs: int

    @property
    def memory_bytes(self) -> int:
        """What the spikes take in a board's memory: a byte for each sample, step and input."""
        return sum(self.samples.values()) * self.steps * self.inputs


def write_samples(path: Path, halves: Mapping[str, Split]) -> Exported:
    """Write splits, by ``train`` and ``test``, as one file: whole, or as it was before.

    It holds ``spikes`` (N, T, inputs), ``label``, ``split``, ``length`` where a split has lengths, and ``step_label``
    where steps have labels. T is that of the longer split.

    Raises
    ------
    OSError
        If it cannot be written; the error names ``path``.
    """
    splits = halves.values()
    steps, inputs = max(split.spikes.shape[1] for split in splits), next(iter(splits)).spikes.shape[2]
    arrays = {"label": np.concatenate([split.labels for split in splits]).astype(np.int64),
              "split": np.repeat(list(halves), [len(split) for split in splits])}
    lengths = np.array([split.steps_of(number) for split in splits for number in range(len(split))])
    if (lengths < steps).any():
        arrays["length"] = lengths
    if any(split.step_labels is not None for split in splits):
        arrays["step_label"] = np.concatenate([_of_steps(split, steps) for split in splits])
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with naming(path):
        try:
            with aside.open("xb") as file:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                    _write_spikes(archive, list(splits), (len(lengths), steps, inputs))
                    for name, values in arrays.items():
                        with archive.open(f"{name}.npy", mode="w") as entry:
                            np.lib.format.write_array(entry, values, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
    return Exported({half: len(split) for half, split in halves.items()}, steps, inputs)


def _of_steps(split: Split, steps: int) -> NDArray[np.int8]:
    """(N, ``steps``): the label of each step, -1 where there is none."""
    if split.step_labels is None:
        return np.repeat(split.labels[:, None], steps, 1).astype(np.int8)
    return np.pad(split.step_labels, ((0, 0), (0, steps - split.step_labels.shape[1])), constant_values=-1)


def _write_spikes(archive: zipfile.ZipFile, splits: list[Split], shape: tuple[int, int, int]) -> None:
    """Spikes of all splits as one array, a few samples of it in memory at a time."""
    with archive.open(SPIKES, mode="w", force_zip64=True) as entry:
        np.lib.format.write_array_header_1_0(entry, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for split in splits:
            for first in range(0, len(split), CHUNK):
                made: NDArray[np.uint8] = np.asarray(split.spikes[first:first + CHUNK], np.uint8)
                silent = shape[1] - made.shape[1]
                entry.write(np.pad(made, ((0, 0), (0, silent), (0, 0))).tobytes())
