"""The data sets by name. A new one is a loader and one line in ``SETS``."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rtl_gen.contract.errors import shown
from rtl_gen.contract.regular import kind_of

from ..config.nearest import offer
from . import cifar, digits, idx, public, recall, recorded
from .archive import is_dense
from .cache import cached
from .dataset import DataError, DataSet
from .delays import delayed
from .npz import EVENT_STEPS, load_npz
from .options import DataOptions


@dataclass(frozen=True, kw_only=True)
class Source:
    """A line of the registry.

    Attributes
    ----------
    about
        What a person should know, in one line.
    shape
        Inputs as H x W x C, and the number of samples.
    steps
        T where none is asked for.
    still
        Whether the set holds still images, which take a coding.
    load
        ``(options, steps) -> DataSet``.
    binned
        Whether the set holds recorded events with times, which take a binning and a pool.
    folder
        Folder below the data root, or None for what ships with the package.
    """

    about: str
    shape: str
    steps: int
    still: bool
    load: Callable[[DataOptions, int], DataSet]
    binned: bool = False
    folder: str | None = None


def _root(options: DataOptions, folder: str) -> Path:
    """Where a set that is not embedded lies; ``load`` has seen to it that a root is given."""
    return Path(options.root or ".") / folder


def _images(name: str, folder: str) -> Callable[[DataOptions, int], DataSet]:
    return lambda options, steps: idx.load_idx(name, _root(options, folder), options.code, steps, options.seed,
                                               options.input_max)


def _coloured(load: Callable[[Path, str, int, int, int], DataSet],
              folder: str) -> Callable[[DataOptions, int], DataSet]:
    return lambda options, steps: load(_root(options, folder), options.code, steps, options.seed, options.input_max)


def _public(name: str, about: str, shape: str, steps: int) -> Source:
    return Source(about=about, shape=shape, steps=steps, still=False, binned=True, folder=public.PUBLIC[name].kind,
                  load=lambda options, steps: public.load_public(name, _root(options, ""), options.binned(steps),
                                                                 options.seed))


SETS: dict[str, Source] = {
    "digits-events": Source(
        about="UCI digits seen by an event camera in three saccades (modelled)", shape="8x8x2, 1438 + 359", steps=16,
        still=False, load=lambda options, steps: digits.load_events(steps, options.seed)),
    "digits-events-drifted": Source(
        about="The same images and split before a camera that has drifted: to learn on", shape="8x8x2, 1438 + 359",
        steps=16, still=False, load=lambda options, steps: digits.load_drifted(steps, options.seed)),
    "digits": Source(
        about="UCI digits as still images", shape="8x8x1, 1438 + 359", steps=16, still=True,
        load=lambda options, steps: digits.load_coded(options.code, steps, options.seed, options.input_max)),
    "recall": Source(
        about="A cue, a silence, a signal to answer: what a rule carries across time", shape="1x20x1, 640 + 160",
        steps=24, still=False, load=lambda options, steps: recall.load_recall(steps, options.seed)),
    "mnist": Source(
        about="MNIST", shape="28x28x1, 60000 + 10000", steps=8, still=True, folder="mnist",
        load=_images("mnist", "mnist")),
    "fashion-mnist": Source(
        about="Fashion-MNIST", shape="28x28x1, 60000 + 10000", steps=8, still=True, folder="fashion_mnist",
        load=_images("fashion-mnist", "fashion_mnist")),
    "cifar10": Source(
        about="CIFAR-10, the binary version", shape="32x32x3, 50000 + 10000", steps=8, still=True,
        folder="cifar-10-batches-bin", load=_coloured(cifar.load_binary, "cifar-10-batches-bin")),
    "cifar10-jpeg": Source(
        about="CIFAR-10 (JPEG), recompressed with loss: name results so", shape="32x32x3, 50000 + 10000", steps=8,
        still=True, folder="cifar10_jpeg", load=_coloured(cifar.load_jpeg, "cifar10_jpeg")),
    "nmnist-1100": Source(
        about="N-MNIST, its first 1000 training and 100 test recordings", shape="34x34x2, 1000 + 100", steps=20,
        still=False, binned=True, folder="nmnist_1100",
        load=lambda options, steps: recorded.load_nmnist(_root(options, "nmnist_1100") / "nmnist_1100.npz",
                                                         options.binned(steps))),
    "nmnist": _public(
        "nmnist", about="N-MNIST, in its public format", shape="34x34x2, 60000 + 10000", steps=20),
    "dvs-gesture": _public(
        "dvs-gesture", about="DVS128 Gesture, as tonic unpacks it", shape="128x128x2, 1077 + 264", steps=20),
    "cifar10-dvs": _public(
        "cifar10-dvs", about="CIFAR10-DVS as AEDAT4", shape="128x128x2, 9000 + 1000", steps=10),
    "shd": _public("shd", about="Spiking Heidelberg Digits", shape="1x700x1, 8156 + 2264", steps=100),
    "ssc": _public("ssc", about="Spiking Speech Commands, without the validation part", shape="1x700x1, 75466 + 20382",
                   steps=100),
    "braille": Source(
        about="Braille letters under 12 tactile channels", shape="1x12x1, 927 + 231", steps=256, still=False,
        folder="braille7",
        load=lambda options, steps: recorded.load_braille(_root(options, "braille7") / "braille7.npz", steps,
                                                          options.seed)),
}


def load(name: str, options: DataOptions | None = None) -> DataSet:
    """Load the data set called ``name``, or the .npz at that path.

    Raises
    ------
    DataError
        If there is no such set, its files are absent or damaged, or an option does not apply to it.
    """
    options = options or DataOptions()
    return delayed(_load(name, options), options.delays)


def is_file(name: str) -> bool:
    """Whether ``name`` is the path of a file of the user's, whatever it is called, and not the name of a set."""
    return name not in SETS and (Path(name).suffix.lower() == ".npz" or Path(name).is_file()
                                 or kind_of(name) is not None)


def _load(name: str, options: DataOptions) -> DataSet:
    if is_file(name):
        if options.coding is not None:
            raise DataError(f"Data coding applies to still images, and {name} holds spikes; leave coding out")
        return _own(Path(name), options)
    if name not in SETS:
        raise DataError(f"No data set is called {shown(name)}; {offer(name, SETS)} (snnfpga datasets lists them), "
                        "or give the path of an .npz")
    source = SETS[name]
    if options.coding is not None and not source.still:
        raise DataError(f"Data coding applies to still images, and {name} is events already; leave coding out")
    if options.input_max > 1 and not (source.still or source.binned):
        raise DataError(f"Data input_max applies to still images and recorded events, and {name} has inputs of 0 and "
                        "1; leave input_max out")
    for key in options.of_times() if not source.binned else ():
        raise DataError(f"Data {key} applies to recorded events, and {name} has steps of its own; leave {key} out")
    if source.folder is not None and options.root is None:
        raise DataError(f"Data set {name} is not embedded; say where it lies: --data-root FOLDER "
                        f"(it is read from FOLDER/{source.folder})")
    steps = options.steps or source.steps
    if options.cache is None or not source.binned:
        return source.load(options, steps)
    return cached(options.cache, name, _root(options, source.folder or ""), options.binned(steps), options.seed,
                  lambda: source.load(options, steps))


def _own(path: Path, options: DataOptions) -> DataSet:
    """A file of the user's; spikes in steps need no cache."""
    if options.cache is None or is_dense(path):
        return load_npz(path, options)
    return cached(options.cache, path.name, path, options.binned(EVENT_STEPS), options.seed,
                  lambda: load_npz(path, options))
