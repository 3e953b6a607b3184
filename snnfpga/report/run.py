"""The report of a run: how it learned, what it looks like inside, what learning costs."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rtl_gen.network_file import Network, read, read_notes

from ..console import percent
from ..data.dataset import DataError
from ..errors import USAGE, SnnfpgaError
from ..metrics import read_metrics
from ..run_folder import read_run_config
from ..runs import CHECKPOINT, CONFIG, METRICS, NETWORK
from .figures import histogram, over_epochs
from .memory import memory, peak_activation_bytes
from .page import Page, Section
from .parts import Part, Table, Tiles, Words, number
from .results import learning


@dataclass(frozen=True)
class Run:
    """A run's folder; each file is read once, where it is there."""

    folder: Path

    def path(self, name: str) -> Path | None:
        """The file, or None where there is none."""
        path = self.folder / name
        return path if path.exists() else None

    @cached_property
    def network(self) -> Network | None:
        path = self.path(NETWORK)
        return None if path is None else read(path)

    @cached_property
    def epochs(self) -> list[dict[str, Any]]:
        """Lines of ``metrics.jsonl``; none where there is no file."""
        path = self.path(METRICS)
        return [] if path is None else read_metrics(path)

    def sources(self, *names: str) -> tuple[Path, ...]:
        """Those of the files that are there."""
        return tuple(path for path in map(self.path, names) if path is not None)

    @property
    def no_network(self) -> str:
        return (f"No `{NETWORK}` in this folder: the run is not finished. Go on with "
                f"`snnfpga train --resume --out {self.folder}`.")

    @property
    def no_metrics(self) -> str:
        return f"No epoch in `{METRICS}` in this folder. `snnfpga train` writes a line there after each epoch."


def page(folder: Path, sample: int) -> Page:
    """The report of the run in ``folder``; ``sample`` of the test split is shown step by step.

    Raises
    ------
    SnnfpgaError
        If a file of the run is damaged, or the test split has no such sample.
    """
    run = Run(folder)
    network = run.network
    name = folder.resolve().name if network is None else network.spec.name
    return Page(f"Run {name}", "How a spiking network was trained, and what it and its learning cost.", (
        _glance(run), *_curves(run), _sample(run, sample), memory(run.folder, network, run.no_network), _weights(run),
        learning(folder if network else None, NETWORK), _configuration(run)))


def _glance(run: Run) -> Section:
    about = "The run in numbers. The accuracy is that of the last block's readout on samples it never learned from."
    tiles = []
    if run.epochs:
        last = run.epochs[-1]
        tiles += [(percent(last["test_accuracies"][-1]), f"test accuracy after epoch {last['epoch']}"),
                  (f"{number(round(last['seconds'], 1))} s", "of training")]
    elif run.network is not None and "test_accuracy" in (notes := read_notes(run.folder / NETWORK)):
        tiles.append((percent(float(notes["test_accuracy"])), "test accuracy"))
    peak = peak_activation_bytes(run.folder)
    if peak is not None:
        tiles.append((f"{number(peak)} B", "activations that PyTorch kept to learn from one batch, at the peak"))
    if run.network is not None:
        tiles += _size(run.network)
    if not tiles:
        return Section("At a glance", about, missing=run.no_metrics)
    return Section("At a glance", about, (Tiles(tiles),), run.sources(METRICS, CHECKPOINT, NETWORK))


def _size(network: Network) -> list[tuple[str, str]]:
    layers = [layer for block in network.spec.blocks for layer in block.layers]
    sizes = "-".join(str(size) for size in (network.spec.inputs, *(layer.outputs for layer in layers)))
    weights = sum(values.size for block in network.weights for values in block)
    bits = sorted({layer.weight_bits for layer in layers})
    count = len(network.spec.blocks)
    return [(sizes, f"inputs and neurons, in {count} {'block' if count == 1 else 'blocks'}, for "
             f"{network.spec.classes} classes"),
            (number(weights), f"weights of {' and '.join(str(b) for b in bits)} bits, readouts not counted")]


def _curves(run: Run) -> list[Section]:
    """Accuracy, loss and firing rates over the epochs."""
    return [_curve(run, *each) for each in (
        ("Accuracy", "Share of right answers after each epoch. Each block has a readout of its own: look for later "
         "blocks to do at least as well as earlier ones, and for a test curve that does not fall while training "
         "rises.", _accuracies),
        ("Loss", "What each block minimises by itself, from its own readout, on average over the epoch's batches. Look "
         "for curves that fall and level off.", _losses),
        ("Firing rates", "Spikes for each neuron and step on the test split. A layer near 0 % is silent and passes "
         "nothing on; one near 100 % fires whatever it sees; the lower the rate, the less the hardware has to do.",
         _rates))]


def _curve(run: Run, title: str, about: str, draw: Callable[[list[dict[str, Any]]], Part | None]) -> Section:
    drawn = draw(run.epochs) if run.epochs else None
    if drawn is None:
        return Section(title, about, missing=f"`{METRICS}` has none." if run.epochs else run.no_metrics)
    return Section(title, about, (drawn,), run.sources(METRICS))


def _numbers(epochs: list[dict[str, Any]]) -> list[int]:
    return [line["epoch"] for line in epochs]


def _accuracies(epochs: list[dict[str, Any]]) -> Part:
    curves = {f"test, block {block}": [line["test_accuracies"][block] for line in epochs]
              for block in range(len(epochs[0]["test_accuracies"]))}
    curves["training, last block"] = [line["train_accuracy"] for line in epochs]
    return over_epochs("Accuracy of each readout", "% right", _numbers(epochs), curves, scale=100)


def _losses(epochs: list[dict[str, Any]]) -> Part | None:
    curves = {f"block {block}": [line["losses"][block] for line in epochs]
              for block in range(len(epochs[0]["losses"]))}
    known = {name: values for name, values in curves.items() if any(value is not None for value in values)}
    if not known:
        return None
    return over_epochs("Loss of each block", "loss", _numbers(epochs), known, y={"rangemode": "tozero"})


def _rates(epochs: list[dict[str, Any]]) -> Part:
    curves = {}
    for block, layers in enumerate(epochs[0]["firing_rates"]):
        for layer in range(len(layers)):
            name = f"block {block}" if len(layers) == 1 else f"block {block}, layer {layer}"
            curves[name] = [line["firing_rates"][block][layer] for line in epochs]
    return over_epochs("Firing rate of each layer", "% of neurons a step", _numbers(epochs), curves, scale=100,
                       y={"rangemode": "tozero"})


def _sample(run: Run, sample: int) -> Section:
    about = ("One test sample on its way through the network, computed by the integer reference as the chip computes "
             "it. Each mark is an event or a spike; dotted lines end a window of K steps, beyond which no credit goes "
             "back. Look for the label's answer to rise above the others.")
    if run.network is None:
        return Section("One sample", about, missing=run.no_network)
    from ..data.fit import check_fit, some
    from ..data.source import load_data
    from ..network_data import data_of
    from .raster import figure, trace

    path = run.folder / NETWORK
    try:
        data = load_data(data_of(path, run.network.spec, None, None))
        check_fit(data, run.network.spec)
        test = some(data, "test")
    except DataError as error:
        return Section("One sample", about, missing=f"The data cannot be read: {error}.")
    if not 0 <= sample < len(test):
        raise SnnfpgaError(f"Sample must be in 0..{len(test) - 1}, the test samples of {data.name}, not {sample}",
                           USAGE)
    traced = trace(run.network, test.spikes[sample], int(test.labels[sample]))
    verdict = "right" if traced.prediction == traced.label else "wrong"
    words = Words(f"Test sample {sample} of `{data.name}`: label {traced.label}, prediction {traced.prediction}, "
                  f"{verdict}. {int((traced.events != 0).sum())} events came in over {len(traced.events)} steps.")
    return Section("One sample", about, (words, figure(traced, [block.window for block in run.network.spec.blocks])),
                   run.sources(NETWORK))


def _weights(run: Run) -> Section:
    about = ("The weights as the forward engine reads them: integers, a row of which each event adds; nothing is "
             "multiplied. Look for a spread over the range; a peak at either end means weights that wanted to grow "
             "further.")
    if run.network is None:
        return Section("Weights", about, missing=run.no_network)
    layers, readouts = {}, {}
    for index, block in enumerate(run.network.spec.blocks):
        for depth, layer in enumerate(block.layers):
            name = f"block {index}" if block.depth == 1 else f"block {index}, layer {depth}"
            layers[name] = run.network.weights[index][depth] >> layer.shadow_bits
        if block.readout.learned:
            readouts[f"block {index}"] = run.network.readouts[index] >> block.readout.shadow_bits
    parts = [histogram("Weights of each layer", layers)]
    if readouts:
        parts.append(histogram("Weights of each learned readout", readouts))
    return Section("Weights", about, tuple(parts), run.sources(NETWORK))


def _configuration(run: Run) -> Section:
    about = "Every value of the run; `snnfpga train` with this file makes the same weights again, bit for bit."
    if run.path(CONFIG) is None:
        return Section("Configuration", about, missing=f"No `{CONFIG}` in this folder. `snnfpga train` writes it.")
    rows = _flat(read_run_config(run.folder).model_dump(mode="json"))
    return Section("Configuration", about, (Table(("key", "value"), rows, keys=True),), run.sources(CONFIG))


def _flat(values: Any, key: str = "") -> list[tuple[str, str]]:
    """A row for each value; tables within tables and lists of tables are named by dots and numbers."""
    if isinstance(values, dict):
        return [row for name, value in values.items() for row in _flat(value, f"{key}.{name}" if key else name)]
    if isinstance(values, list) and values and isinstance(values[0], dict):
        return [row for index, value in enumerate(values) for row in _flat(value, f"{key}[{index}]")]
    return [(key, "not set" if values is None else values if isinstance(values, str) else json.dumps(values))]
