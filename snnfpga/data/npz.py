"""A data set of the user's own: one ``.npz``, dense or sparse, checked before it is used (``docs/data.md``)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import shown
from rtl_gen.contract.readout import MAX_CLASSES
from rtl_gen.contract.spec import MAX_INPUTS

from ..config.nearest import offer
from ..console import say
from .archive import read_arrays
from .binning import bin_events
from .dataset import UNLABELLED, DataError, DataSet, Labels, Spikes, assemble, stratified
from .integers import check_integers, integers
from .lazy import LazySpikes
from .options import DataOptions
from .step_labels import SEGMENTS, classes_of, of_segments, of_steps, with_sample_labels

Arrays = Mapping[str, NDArray]
SPARSE = ("t", "x", "y", "p", "offset", "sensor")
FEW = 3             # channels, of polarities or colours, that another framework may have put first
EVENT_STEPS = 16    # of sparse events, where no number is asked for
KNOWN = {"spikes", "length", "label", "step_label", "split", "classes", *SPARSE, *SEGMENTS}


def load_npz(path: Path, options: DataOptions) -> DataSet:
    """Read and check ``path``; a file without a ``split`` is cut 80/20, stratified.

    Raises
    ------
    DataError
        If the file is absent, no .npz, or breaks a rule of the format, or an option does not apply to it.
    """
    arrays = read_arrays(path)
    thing = f"Data {path.name}"
    unknown = sorted(set(arrays) - KNOWN)
    if unknown:
        raise DataError(f"{thing} must not hold {shown(unknown[0])}; rename it or leave it out "
                        f"({offer(unknown[0], KNOWN)})")
    dense, sparse = "spikes" in arrays, [name for name in SPARSE if name in arrays]
    if dense and sparse:
        raise DataError(f"{thing} must hold spikes or events, not both spikes and {sparse[0]}")
    spikes: Spikes | LazySpikes
    if dense:
        spikes, sensor = _dense(thing, arrays["spikes"], options.input_max)
        _check_options(thing, spikes.shape[1], options)
        lengths = _lengths(thing, arrays, spikes)
        step_labels = of_steps(thing, arrays, spikes.shape[:2], lengths)
    else:
        for name in SPARSE:
            if name not in arrays:
                raise DataError(f"{thing} lacks {name!r}; give spikes, or all of {', '.join(SPARSE)}")
        if "length" in arrays:
            raise DataError(f"{thing} must not hold 'length' beside events, which have times; leave it out, and see "
                            "data.step_us")
        found = bin_events(thing, arrays, options.binned(EVENT_STEPS))
        spikes, sensor, lengths = found.spikes, found.sensor, found.lengths
        step_labels = of_segments(thing, arrays, found)
    labels, classes = _labels(thing, with_sample_labels(thing, arrays, step_labels), len(spikes))
    classes = classes_of(thing, arrays, step_labels, classes)
    return assemble(path.name, spikes, labels, _split(thing, arrays, labels, options.seed), sensor, classes, lengths,
                    step_labels)


def _check_options(thing: str, own: int, options: DataOptions) -> None:
    """Refuse options of binning: dense spikes are in steps already."""
    if options.steps not in (None, own):
        raise DataError(f"{thing} holds spikes in {own} steps, which cannot become {options.steps}; "
                        "leave data.steps out")
    for key, value in options.of_times().items():
        raise DataError(f"{thing} holds spikes in steps already, so {key} {shown(value)} does not apply; leave "
                        f"data.{key} out")


def _dense(thing: str, spikes: NDArray, most: int) -> tuple[Spikes, tuple[int, int, int]]:
    if spikes.ndim not in (3, 4, 5) or 0 in spikes.shape:
        raise DataError(f"{thing}: spikes must have shape (samples, steps, inputs), or (samples, steps, height, width) "
                        f"with or without channels at the end, none of them 0, not {spikes.shape}")
    check_integers(thing, "spikes", spikes, "iub", "uint8")
    bad = spikes.max() if spikes.max() > most else spikes.min()
    if not 0 <= bad <= most:
        if most == 1:
            more = ", or with data.input_max several" if bad > 1 else ""
            raise DataError(f"{thing}: spikes must be 0 or 1, not {bad}; a step holds one event of an input{more}")
        raise DataError(f"{thing}: spikes must be in 0..{most}, not {bad}; raise data.input_max, or clip them")
    if not spikes.any():
        raise DataError(f"{thing} holds no event: all spikes are 0; give at least one")
    if spikes.shape[1] > 65535:
        raise DataError(f"{thing}: spikes must have 1..65535 steps, not {spikes.shape[1]}; bin them coarser")
    rest = spikes.shape[2:]
    sensor = {1: (1, *rest, 1), 2: (*rest, 1), 3: rest}[len(rest)]
    check_inputs(thing, sensor)
    if len(rest) == 3 and rest[0] <= FEW and rest[0] < rest[1] == rest[2]:
        say(f"Warning: {thing} holds spikes of a sensor {rest[0]} high and {rest[1]} wide with {rest[2]} channels; "
            "where its channels come first, move them to the end: numpy.moveaxis(spikes, 2, -1)")
    return spikes.astype(np.uint8, copy=False).reshape(*spikes.shape[:2], -1), sensor


def _lengths(thing: str, arrays: Arrays, spikes: Spikes) -> NDArray[np.int64] | None:
    """(N,): the steps of each sample, after which it is silent; None where the file does not say."""
    if "length" not in arrays:
        return None
    lengths, (samples, steps, _) = arrays["length"], spikes.shape
    if lengths.shape != (samples,) or lengths.dtype.kind not in "iu":
        raise DataError(f"{thing}: length must hold {samples} integers, one a sample, not {lengths.dtype} of shape "
                        f"{lengths.shape}")
    bad = np.flatnonzero((lengths < 1) | (lengths > steps))
    if len(bad):
        raise DataError(f"{thing}: length must be in 1..{steps}, not {lengths[bad[0]]} (sample {bad[0]})")
    lengths = integers(thing, "length", lengths)
    late = np.argwhere(spikes.any(2) & (np.arange(steps) >= lengths[:, None]))
    if len(late):
        sample, step = late[0]
        raise DataError(f"{thing}: spikes must be 0 from a sample's length on, and sample {sample} of length "
                        f"{lengths[sample]} has an event in step {step}; clear it, or mend length")
    return lengths


def check_inputs(thing: str, sensor: tuple[int, int, int]) -> None:
    """Refuse what no layer can take."""
    inputs = int(np.prod(sensor))
    if inputs > MAX_INPUTS:
        raise DataError(f"{thing} must have at most {MAX_INPUTS} inputs, not {inputs}; pool the sensor")


def _labels(thing: str, arrays: Arrays, samples: int) -> tuple[Labels, int]:
    if "label" not in arrays:
        raise DataError(f"{thing} lacks 'label', one integer a sample")
    labels = arrays["label"]
    if labels.shape != (samples,):
        raise DataError(f"{thing}: label must have shape ({samples},), one a sample, not {labels.shape}")
    check_integers(thing, "label", labels)
    classes = MAX_CLASSES
    if "classes" in arrays:
        given = arrays["classes"]
        if given.shape != () or given.dtype.kind not in "iu" or not 2 <= given <= MAX_CLASSES:
            raise DataError(f"{thing}: classes must be one integer in 2..{MAX_CLASSES}, not {shown(given.tolist())}")
        classes = int(given)
    bad = np.flatnonzero((labels < UNLABELLED) | (labels >= classes))
    if len(bad):
        raise DataError(f"{thing}: label must be in 0..{classes - 1}, or {UNLABELLED} for none, not {labels[bad[0]]} "
                        f"(sample {bad[0]}); number the classes from 0")
    return labels.astype(np.int64), classes if "classes" in arrays else max(2, int(labels.max()) + 1)


def _split(thing: str, arrays: Arrays, labels: Labels, seed: int) -> NDArray[np.bool_]:
    if "split" not in arrays:
        return stratified(labels, seed)
    split = arrays["split"]
    if split.shape != labels.shape or split.dtype.kind not in "US":
        raise DataError(f"{thing}: split must hold a word a sample, shape {labels.shape}, not {split.dtype} of shape "
                        f"{split.shape}")
    words = split if split.dtype.kind == "U" else np.char.decode(split, "latin-1")
    bad = np.flatnonzero(~np.isin(words, ("train", "test")))
    if len(bad):
        raise DataError(f"{thing}: split must be train or test, not {shown(str(words[bad[0]]))} (sample {bad[0]})")
    return words == "test"
