"""The samples that a board learns from and is measured on: an .npz, read and checked before anything else. NumPy only.

``docs/data.md`` says what such a file holds; ``snnfpga export-samples`` writes one. Besides, a label of -1 is allowed
here: a sample without one.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown
from rtl_gen.contract.regular import regular
from rtl_gen.contract.spec import NetworkSpec

__all__ = ["UNLABELLED", "SampleError", "Samples", "read_samples"]

UNLABELLED = -1
NEEDED = ("spikes", "label")
KNOWN = {*NEEDED, "length", "split", "classes", "step_label"}
EVENTS = {"t", "x", "y", "p", "offset", "sensor"}       # of recordings that are not in time steps yet
Arrays = dict[str, NDArray]


class SampleError(SnnfpgaError, ValueError):
    """A file that cannot be used; one line names the thing, the rule, the offender and what to do."""

    exit_code = USAGE


@dataclass(frozen=True)
class Samples:
    """Samples in memory.

    Attributes
    ----------
    spikes
        (N, T, inputs) uint8, 0 or 1, or where inputs count up to the network's ``input_max``.
    labels
        (N,) int64, the class, or ``UNLABELLED`` (-1).
    steps
        (N,) int64, 1..T: the steps that a sample has.
    step_labels
        (N, T) int64, the class of each step, or -1, where labels are of steps; else None.
    is_test
        (N,) bool, True where a sample is to be measured on and not learned from; None where the file does not say.
    """

    spikes: NDArray[np.uint8]
    labels: NDArray[np.int64]
    steps: NDArray[np.int64]
    is_test: NDArray[np.bool_] | None
    step_labels: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, number: int) -> NDArray[np.uint8]:
        """One sample, (its steps, inputs): after its end a sample is not run."""
        return self.spikes[number, :self.steps[number]]


def read_samples(path: Path, spec: NetworkSpec) -> Samples:
    """Read the file and check that the network can take every sample of it.

    The axes of the inputs may be several: (N, T, height, width) and the like.

    Raises
    ------
    SampleError
        If the file is absent or damaged, is too large for the memory, or holds something else.
    """
    arrays = _arrays(path)
    thing = f"Samples {path}"
    lacking = [name for name in NEEDED if name not in arrays]
    if lacking:
        raise SampleError(f"{thing} must hold dense spikes (N, T, inputs) and label (N,), and lack "
                          f"{' and '.join(lacking)}; sort events into time steps with snnfpga export-samples")
    unknown = sorted(set(arrays) - KNOWN)
    if unknown:
        raise SampleError(f"{thing} must not hold {shown(unknown[0])}; rename it or leave it out (known are "
                          f"{', '.join(sorted(KNOWN))})")
    spikes = _spikes(thing, arrays["spikes"], spec)
    count = len(spikes)
    return Samples(spikes, _labels(thing, "label", arrays["label"], (count,), spec.classes),
                   _steps(thing, arrays.get("length"), spikes), _is_test(thing, arrays.get("split"), count),
                   None if "step_label" not in arrays else _labels(
                       thing, "step_label", arrays["step_label"], spikes.shape[:2], spec.classes))


def _arrays(path: Path) -> Arrays:
    try:
        found = np.load(regular(path), allow_pickle=False)
        if isinstance(found, np.ndarray):
            raise SampleError(f"Samples {path} must be an .npz archive, not a single array; save it with numpy.savez")
        with found as file:
            # Of events with times only the names are told: nothing is read that is not used.
            read = {name: np.empty(0) if name in EVENTS else file[name] for name in file.files}
        bare = [name for name, values in read.items() if not isinstance(values, np.ndarray)]
        if bare:        # NumPy gives the bytes of what does not begin as an array
            raise ValueError(f"{shown(bare[0])} is damaged, or no array of NumPy")
        return read
    except SampleError:
        raise
    except FileNotFoundError:
        raise SampleError(f"No samples {path}; make the file with snnfpga export-samples, and copy it here") from None
    except MemoryError:
        raise SampleError(f"Samples {path} are too large for the memory; export fewer with snnfpga export-samples "
                          "--samples") from None
    except (OSError, ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile,
            zlib.error) as error:
        raise SampleError(f"Samples {path} are not a whole .npz of plain arrays ({_reason(error)}); copy the file "
                          "again, or export it again with snnfpga export-samples") from None


def _reason(error: Exception) -> str:
    """Why an .npz cannot be read, in a line, without NumPy's advice to unpickle what may be anyone's."""
    if "pickle" in str(error):
        return "it is no archive, or an array holds Python objects"
    if "encrypted" in str(error):
        return "it is encrypted, with a password"
    return " ".join(str(error).split()) or type(error).__name__


def _spikes(thing: str, spikes: NDArray, spec: NetworkSpec) -> NDArray[np.uint8]:
    if spikes.ndim < 3 or 0 in spikes.shape or np.prod(spikes.shape[2:], dtype=np.int64) != spec.inputs:
        raise SampleError(f"{thing}: spikes must have shape (N, T, {spec.inputs}) for network {spec.name}, none of "
                          f"them 0, not {spikes.shape}")
    if spikes.dtype not in (np.uint8, np.bool_):
        raise SampleError(f"{thing}: spikes must be uint8, not {spikes.dtype}; convert them with .astype(numpy.uint8)")
    if spikes.shape[1] > spec.max_steps:
        raise SampleError(f"{thing}: spikes must have at most {spec.max_steps} steps for network {spec.name}, not "
                          f"{spikes.shape[1]}; bin them coarser, or train with a higher hardware.max_steps")
    if spikes.max() > spec.input_max:
        raise SampleError(f"{thing}: spikes must be {'0 or 1' if spec.input_max == 1 else f'in 0..{spec.input_max}'}, "
                          f"not {spikes.max()}; a step holds {_times(spec.input_max)} of an input")
    if not spikes.any():
        raise SampleError(f"{thing} hold no event: all spikes are 0; give at least one")
    return spikes.view(np.uint8).reshape(*spikes.shape[:2], spec.inputs)


def _times(most: int) -> str:
    return "one event" if most == 1 else f"at most {most} events"


def _labels(thing: str, name: str, labels: NDArray, shape: tuple[int, ...], classes: int) -> NDArray[np.int64]:
    """Labels of samples, (N,), or of their steps, (N, T)."""
    each = "sample" if len(shape) == 1 else "step"
    if labels.shape != shape or labels.dtype.kind not in "iu":
        wanted = f"{shape[0]} integers" if len(shape) == 1 else f"integers of shape {shape}"
        raise SampleError(f"{thing}: {name} must hold {wanted}, one a {each}, not {labels.dtype} of shape "
                          f"{labels.shape}; a {each} without a label has {UNLABELLED}")
    bad = np.argwhere((labels >= classes) | (labels < UNLABELLED))
    if len(bad):
        where = ", ".join(f"{kind} {at}" for kind, at in zip(("sample", "step"), bad[0], strict=False))
        raise SampleError(f"{thing}: {name} must be in 0..{classes - 1}, or {UNLABELLED} for none, not "
                          f"{labels[tuple(bad[0])]} ({where})")
    return labels.astype(np.int64)


def _steps(thing: str, lengths: NDArray | None, spikes: NDArray[np.uint8]) -> NDArray[np.int64]:
    count, steps, _ = spikes.shape
    if lengths is None:
        return np.full(count, steps, np.int64)
    if lengths.shape != (count,) or lengths.dtype.kind not in "iu":
        raise SampleError(f"{thing}: length must hold {count} integers, one a sample, not {lengths.dtype} of shape "
                          f"{lengths.shape}")
    bad = np.flatnonzero((lengths < 1) | (lengths > steps))
    if len(bad):
        raise SampleError(f"{thing}: length must be in 1..{steps}, not {lengths[bad[0]]} (sample {bad[0]})")
    for sample, length in enumerate(lengths.tolist()):
        if spikes[sample, length:].any():
            late = length + int(spikes[sample, length:].any(1).argmax())
            raise SampleError(f"{thing}: spikes must be 0 from a sample's length on, and sample {sample} of length "
                              f"{length} has an event in step {late}; clear it, or mend length")
    return lengths.astype(np.int64)


def _is_test(thing: str, split: NDArray | None, count: int) -> NDArray[np.bool_] | None:
    if split is None:
        return None
    if split.shape != (count,) or split.dtype.kind not in "US":
        raise SampleError(f"{thing}: split must hold a word a sample, shape ({count},), not {split.dtype} of shape "
                          f"{split.shape}")
    words = split.astype(str)
    bad = np.flatnonzero(~np.isin(words, ("train", "test")))
    if len(bad):
        raise SampleError(f"{thing}: split must be train or test, not {shown(str(words[bad[0]]))} (sample {bad[0]})")
    return words == "test"
