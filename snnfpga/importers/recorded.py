"""What a source framework computed with samples, spike by spike, and how far a network of ours is from it."""

import math
import os
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.network import Network
from rtl_gen.contract.regular import NotAFileError, regular

from ..data.dataset import Split
from ..network.inference import batch_passages, predict, weights_of
from .matching import SourceLayer, matched

FEW = 10        # spikes by which a layer of few can be off without a word
_COUNTS = re.compile(r"layer(\d+)_counts")


@dataclass(frozen=True, kw_only=True)
class LayerCheck:
    """A layer of neurons beside the source's.

    Attributes
    ----------
    layer, node
        Its number in the file of recorded spikes, and the source's name of it.
    differing, spikes
        Spikes (sample, step, neuron) that are not equal, and how many the source has.
    count_error
        Sum of the differences of each neuron's count in each sample, as a share of the source's spikes; where the
        source has none, the sum itself.
    counts_off, own_spikes
        This sum, and how many spikes our layer has.
    """

    layer: int
    node: str
    differing: int
    spikes: int
    count_error: float
    counts_off: int
    own_spikes: int

    @property
    def share(self) -> float:
        """As :func:`share_of`."""
        return share_of(self.counts_off, self.spikes, self.own_spikes)


@dataclass(frozen=True, kw_only=True)
class Check:
    """A network beside its source.

    Attributes
    ----------
    samples, same_predictions
        How many, and of how many the class is the source's.
    accuracy, source_accuracy
        On these samples; None where there are no labels.
    layers
        Those that were recorded.
    off
        Sum of the differences of all their neurons' counts, as a share of the source's spikes.
    left
        What was not compared, a line each.
    places
        The source's layer of neurons, counted from 0, of each recorded layer by its number.
    """

    samples: int
    same_predictions: int
    accuracy: float | None
    source_accuracy: float | None
    layers: tuple[LayerCheck, ...]
    off: float
    left: tuple[str, ...] = ()
    places: dict[int, int] = field(default_factory=dict)

    @property
    def worst(self) -> LayerCheck:
        """The layer of the largest share."""
        return max(self.layers, key=lambda layer: layer.share)


@dataclass(frozen=True, eq=False)
class Recorded:
    """Samples and what a source framework computed with them, as ``docs/nir.md`` says the file is laid out."""

    path: Path
    fields: dict[str, NDArray[Any]]

    def get(self, name: str) -> NDArray[Any]:
        """A field.

        Raises
        ------
        SnnfpgaError
            If it is not there.
        """
        if name not in self.fields:
            raise SnnfpgaError(f"File {self.path} of recorded spikes must have {name}, and has "
                               f"{', '.join(sorted(self.fields))}; record it again (docs/nir.md)", USAGE)
        return self.fields[name]

    def sizes(self) -> dict[int, int]:
        """How many neurons each recorded layer has, by its number."""
        found = {}
        for number in sorted(int(name[1]) for name in map(_COUNTS.fullmatch, self.fields) if name is not None):
            counts = self.get(f"layer{number}_counts")
            if counts.ndim != 2:
                raise SnnfpgaError(f"layer{number}_counts of {self.path} must be (samples, neurons), not "
                                   f"{_by(counts.shape)}; record it again", USAGE)
            found[number] = counts.shape[1]
        return found

    def name(self, number: int) -> str | None:
        """The node of a recorded layer; None where the file does not say it."""
        value = self.fields.get(f"layer{number}_name")
        return None if value is None else str(value)

    def unpacked(self, name: str, count: int) -> NDArray[np.uint8]:
        """Bits (steps, samples, count) of a packed field."""
        for of in ("steps", "samples"):
            if self.get(of).size != 1 or self.get(of).dtype.kind not in "iu" or self.get(of).item() < 1:
                raise SnnfpgaError(f"{of} of {self.path} must be a whole number of at least 1; record it again", USAGE)
        packed, size = self.get(name), (self.get("steps").item(), self.get("samples").item(), -(-count // 8))
        if packed.dtype != np.uint8 or packed.shape != size:
            raise SnnfpgaError(f"{name} of {self.path} must be uint8 of {_by(size)}, not "
                               f"{packed.dtype} of {_by(packed.shape)}; record it again", USAGE)
        return np.unpackbits(packed, axis=-1)[..., :count]


def share_of(off: float, spikes: float, own: float) -> float:
    """Differences of counts as a share of a source's spikes, or of ours where there are more.

    It is 0 of up to :data:`FEW`.
    """
    return off / max(1, spikes, own) if off > FEW else 0.0


def read_recorded(path: str | os.PathLike[str]) -> Recorded:
    """The file at ``path``.

    Raises
    ------
    SnnfpgaError
        If it is not there or no .npz.
    """
    try:
        with np.load(regular(path), allow_pickle=False) as held:
            return Recorded(Path(path), {name: held[name] for name in held.files})
    except FileNotFoundError:
        raise SnnfpgaError(f"No file {path} of recorded spikes; name one as docs/nir.md says", USAGE) from None
    except (NotAFileError, OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise SnnfpgaError(f"File {path} of recorded spikes is no whole .npz ({error}); record it again",
                           USAGE) from None


def compared(network: Network, sources: Sequence[SourceLayer], recorded: Recorded) -> Check:
    """``network`` on the samples of ``recorded``, beside what the source computed.

    Parameters
    ----------
    sources
        The layers of neurons that the source has, in their order.

    Raises
    ------
    SnnfpgaError
        If what was recorded does not fit the network.
    """
    sides = np.ravel(recorded.get("input_shape"))
    if sides.dtype.kind not in "iu" or len(sides) not in (1, 3) or sides.min() < 1:
        raise SnnfpgaError(f"input_shape of {recorded.path} must be whole numbers of at least 1, (inputs) or "
                           f"(channels, rows, columns), not {sides.tolist()}; record it again", USAGE)
    shape = tuple(map(int, sides))
    if math.prod(shape) != network.spec.inputs:
        raise SnnfpgaError(f"Samples of {recorded.path} must have {network.spec.inputs} inputs, not "
                           f"{' x '.join(map(str, shape))}; record those of this network", USAGE)
    inputs = recorded.unpacked("inputs_packed", math.prod(shape))
    steps, samples = inputs.shape[:2]
    for name in ("predictions", *(["labels"] if "labels" in recorded.fields else [])):
        if recorded.get(name).shape != (samples,) or recorded.get(name).dtype.kind not in "iu":
            raise SnnfpgaError(f"{name} of {recorded.path} must be {samples} whole numbers, one a sample; record it "
                               "again", USAGE)
    if steps > network.spec.max_steps:
        raise SnnfpgaError(f"Samples of {recorded.path} must have at most {network.spec.max_steps} steps, not {steps}; "
                           "import with --set hardware.max_steps", USAGE)
    split = Split(np.ascontiguousarray(_last(inputs, shape).swapaxes(0, 1)),
                  recorded.fields.get("labels", np.zeros(samples)).astype(np.int64))
    matching = matched(recorded, sources)
    shapes = [one.shape for one in sources if one.layer is not None]
    spikes: list[list[NDArray[np.uint8]]] = []
    classes = []
    for batch in batch_passages(network.spec, weights_of(network), split):
        layers = [layer for passage in batch for layer in passage.spikes]
        spikes.append([_first(layer.numpy().astype(np.uint8)[..., :math.prod(own)], own)
                       for layer, own in zip(layers, shapes, strict=True)])
        classes.append(predict(batch[-1].answers).numpy())
    ours = [np.concatenate(parts, 1) for parts in zip(*spikes, strict=True)]
    predictions, theirs = np.concatenate(classes), recorded.get("predictions")
    labels = recorded.fields.get("labels")
    compared = [_compared(number, one, ours[one.layer], recorded)
                for number, one in ((number, sources[place]) for number, place in matching.places.items())
                if one.layer is not None]
    if not compared:
        raise SnnfpgaError(f"File {recorded.path} must hold a layer of neurons that there is here, and none was "
                           f"compared: {'; '.join(matching.left)}; record it as docs/nir.md says", USAGE)
    spikes = sum(layer.spikes for layer in compared)
    off = sum(layer.counts_off for layer in compared) / max(1, spikes)
    return Check(samples=samples, same_predictions=int((predictions == theirs).sum()),
                 accuracy=None if labels is None else float((predictions == labels).mean()),
                 source_accuracy=None if labels is None else float((theirs == labels).mean()), layers=tuple(compared),
                 off=off, left=matching.left, places=matching.places)


def _compared(index: int, one: SourceLayer, ours: NDArray[np.uint8], recorded: Recorded) -> LayerCheck:
    name, count = f"layer{index}_spikes", ours.shape[-1]
    multi = f"{name}_multi" in recorded.fields
    theirs = recorded.get(f"{name}_multi") if multi else recorded.unpacked(f"{name}_packed", count)
    if theirs.shape != ours.shape or theirs.dtype.kind not in "iu":
        raise SnnfpgaError(f"{name}_multi of {recorded.path} must be whole numbers of {_by(ours.shape)}, not "
                           f"{theirs.dtype} of {_by(theirs.shape)}; record those of this network", USAGE)
    counts, own = (values.sum(0, dtype=np.int64) for values in (theirs, ours))
    if not np.array_equal(recorded.get(f"layer{index}_counts"), counts):
        raise SnnfpgaError(f"layer{index}_counts of {recorded.path} must be the sums of its spikes, and are not; "
                           "record it again", USAGE)
    off, spikes = int(np.abs(own - counts).sum()), int(counts.sum())
    return LayerCheck(layer=index, node=one.node, differing=int((ours != theirs).sum()), spikes=spikes,
                      count_error=off / max(1, spikes), counts_off=off, own_spikes=int(own.sum()))


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "no axes"


def _last(values: NDArray, shape: tuple[int, ...]) -> NDArray:
    """(..., channels * rows * columns) with the channels of a pixel beside each other."""
    return values if len(shape) != 3 else np.moveaxis(
        values.reshape(*values.shape[:-1], *shape), -3, -1).reshape(values.shape)


def _first(values: NDArray, shape: tuple[int, ...]) -> NDArray:
    """The reverse of :func:`_last`."""
    return values if len(shape) != 3 else np.moveaxis(
        values.reshape(*values.shape[:-1], *shape[1:], shape[0]), -1, -3).reshape(values.shape)
