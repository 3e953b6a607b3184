"""Recorded sets in their public formats, read by the library tonic where it would have put them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .binning import Binning, Events, Sensor, bin_recordings, check_events, check_sensor, timeline_of
from .dataset import DataError, DataSet, Labels, Split, stratified

NEEDS = ("tonic", "aedat")      # aedat reads CIFAR10-DVS, and tonic does not install it


@dataclass(frozen=True)
class Half:
    """Part of a set: files below its folder, one of which must be there, and what tonic calls the part."""

    files: str
    arguments: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PublicSet:
    """A set that tonic reads.

    Attributes
    ----------
    kind
        The class in ``tonic.datasets``, and the folder below the data root.
    train
        The training samples, or all where ``test`` is None.
    test
        The test samples; None where none were published: a tenth of each class is drawn.
    sensor
        (H, W, C).
    """

    kind: str
    train: Half
    test: Half | None
    sensor: Sensor
    classes: int


PUBLIC = {
    "nmnist": PublicSet(kind="NMNIST", train=Half("Train/*/*.bin", {"train": True}),
                        test=Half("Test/*/*.bin", {"train": False}), sensor=(34, 34, 2), classes=10),
    "dvs-gesture": PublicSet(kind="DVSGesture", train=Half("ibmGestureTrain/*/*.npy", {"train": True}),
                             test=Half("ibmGestureTest/*/*.npy", {"train": False}), sensor=(128, 128, 2), classes=11),
    "cifar10-dvs": PublicSet(kind="CIFAR10DVS", train=Half("*/*.aedat4", {}), test=None, sensor=(128, 128, 2),
                             classes=10),
    "shd": PublicSet(kind="SHD", train=Half("shd_train.h5", {"train": True}),
                     test=Half("shd_test.h5", {"train": False}), sensor=(1, 700, 1), classes=20),
    "ssc": PublicSet(kind="SSC", train=Half("ssc_train.h5", {"split": "train"}),
                     test=Half("ssc_test.h5", {"split": "test"}), sensor=(1, 700, 1), classes=35),
}


def load_public(name: str, root: Path, how: Binning, seed: int) -> DataSet:
    """The set ``name`` of ``PUBLIC`` below ``root``; nothing is downloaded.

    Raises
    ------
    DataError
        If its files are absent or damaged, a package is missing, or the sensor is too large.
    """
    public = PUBLIC[name]
    check_sensor(f"Data {name}", public.sensor, how.pool)
    halves = [Recordings(name, root, half) for half in (public.train, public.test) if half is not None]
    timeline = timeline_of(f"Data {name}", chain(*halves), how)
    binned = [bin_recordings(half, public.sensor, how, timeline) for half in halves]
    splits = [Split(found.spikes, half.labels, found.lengths) for found, half in zip(binned, halves, strict=True)]
    if public.test is None:
        is_test = stratified(halves[0].labels, seed, 0.1)
        splits = [splits[0].select(~is_test), splits[0].select(is_test)]
    return DataSet(name, *splits, binned[0].sensor, public.classes)


class Recordings(Sequence[Events]):
    """The samples of a half, in the order of their files' names; read when they are asked for, checked and sorted.

    Attributes
    ----------
    labels
        (N,) int64.

    Raises
    ------
    DataError
        If files are absent or damaged, or a package is missing.
    """

    def __init__(self, name: str, root: Path, half: Half) -> None:
        self.public = PUBLIC[name]
        self.folder = root / self.public.kind
        if not any(path.is_file() for path in self.folder.glob(half.files)):
            raise DataError(f"No data file {self.folder / half.files}; put the set there as tonic.datasets."
                            f"{self.public.kind} lays it out, or give another --data-root")
        # tonic would download what it does not find whole.
        kind = type(self.public.kind, (getattr(_tonic(name), self.public.kind),), {"_check_exists": lambda _: True})
        self.dataset = _reading(self.folder, lambda: kind(str(root), **half.arguments))
        self.files = self.dataset.data or [str(self.folder / half.files)] * len(self.dataset)
        if not self.files:
            raise DataError(f"Data {self.folder / half.files} holds no sample; copy it again")
        # tonic takes files in the order that the folder lists them, which is any.
        self.order = sorted(range(len(self.files)), key=self.files.__getitem__)
        self.labels = self._labels()

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: Any) -> Events:
        at = self.order[index]
        thing = self.files[at]
        found, _ = _reading(thing, lambda: self.dataset[at])
        found = found[np.argsort(found["t"], kind="stable")]
        nothing = np.zeros(len(found), np.int64)
        events = {"t": found["t"].astype(np.int64), "x": found["x"],
                  "y": found["y"] if "y" in found.dtype.names else nothing,
                  "p": found["p"] if self.public.sensor[2] > 1 else nothing}
        check_events(f"Data {thing}", events, self.public.sensor)
        return events

    def _labels(self) -> Labels:
        labels = np.array(self.dataset.targets or _reading(self.files[0], self._stored_labels), np.int64)[self.order]
        bad = np.flatnonzero((labels < 0) | (labels >= self.public.classes))
        if len(bad):
            raise DataError(f"Data {self.files[self.order[bad[0]]]}: label must be in 0..{self.public.classes - 1}, "
                            f"not {labels[bad[0]]}; copy it again")
        return labels

    def _stored_labels(self) -> NDArray:
        """The labels of a set whose half is one file; tonic gives them sample by sample alone, events and all."""
        from h5py import File

        with File(self.files[0]) as file:
            return file["labels"][()]


def _tonic(name: str) -> Any:
    """``tonic.datasets``, which takes seconds to import."""
    for package in NEEDS:
        if find_spec(package) is None:
            raise DataError(f"Data set {name} needs the package {package}, which is not installed; "
                            f"pip install {' '.join(NEEDS)}")
    return import_module("tonic.datasets")


def _reading(thing: Path | str, read: Callable[[], Any]) -> Any:
    """What ``read`` gives, or one line that names ``thing``."""
    try:
        return read()
    except Exception as error:      # tonic and its readers let through whatever they meet, or raise plain Exception
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"Data {thing} cannot be read ({reason}); copy it again") from None
