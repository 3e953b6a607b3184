"""The report of a run: how it learned, what it looks like inside, what learning costs."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.limits import check_hardware, check_learning
from rtl_gen.contract.network import Network
from rtl_gen.contract.network_file import read, read_notes
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.weights import read_weights

from ..console import percent, quoted
from ..data.dataset import DataError
from ..runs.find import CHECKPOINT, METRICS, NETWORK
from ..runs.held_out import HELD_OUT
from ..runs.metrics import read_metrics
from .calibration import calibration
from .classes import classes, evaluation
from .configuration import configuration
from .curves import curves
from .figures import histogram
from .findings import learning
from .memory import memory, peak_activation_bytes
from .page import Page, Section
from .parts import Paragraph, Part, Tiles, number

UNKNOWN = 100       # samples that an accuracy is taken to be of, where no file says how many


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
        """The files that are there."""
        return tuple(path for path in map(self.path, names) if path is not None)

    @property
    def no_network(self) -> str:
        return (f"No `{NETWORK}` in this folder: the run is not finished. Go on with "
                f"`snnfpga train --resume --out {quoted(self.folder)}`.")

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
        _glance(run), *curves(run.epochs, run.sources(METRICS), run.no_metrics),
        classes(run.folder, run.path(NETWORK), run.no_network), *_sample(run, sample),
        memory(run.folder, network, run.no_network), _weights(run),
        calibration(run.path(NETWORK), run.no_network),
        learning(folder if network else None, NETWORK, _refused(check_learning, network) if network else None),
        configuration(folder, network)))


def _glance(run: Run) -> Section:
    about = "The run in numbers. The accuracy is that of the last block's readout on samples it never learned from."
    tiles = accuracy_tiles(run)
    if run.epochs:
        tiles.append((f"{number(round(run.epochs[-1]['seconds'], 1))} s", "of training"))
    peak = peak_activation_bytes(run.folder)
    if peak is not None:
        tiles.append((f"{number(peak)} B", "activations that PyTorch kept to learn from one batch, at the peak"))
    if run.network is not None:
        tiles += size_tiles(run.network)
    if not tiles:
        return Section("At a glance", about, missing=run.no_metrics)
    parts: list[Part] = [Tiles(tiles)]
    refused = None if run.network is None else _refused(check_hardware, run.network)
    if refused is not None:
        parts.append(Paragraph("This network runs on PyTorch and on the integer reference, and has no hardware: "
                           f"{refused}. What is said of the chip below is by formula."))
    return Section("At a glance", about, tuple(parts), run.sources(METRICS, CHECKPOINT, NETWORK))


def accuracy_tiles(run: Run) -> list[tuple[str, str]]:
    """How well the network does, by its record; else how well it did after the last epoch, or by its notes."""
    notes = {} if run.network is None else read_notes(run.folder / NETWORK)
    held = json.loads(notes.get(HELD_OUT, "{}"))
    found = evaluation(run.path(NETWORK))
    tiles = []
    if held and run.epochs and held["epoch"] < run.epochs[-1]["epoch"]:
        tiles = [(str(held["epoch"]), f"the epoch that the weights are of, of {run.epochs[-1]['epoch']} the best on "
                  "the samples held out")]
    if found is not None:
        return [(percent(found["accuracy"], found["samples"]), f"{found['half']} accuracy of the network"), *tiles]
    if run.epochs:
        last = run.epochs[-1]
        return [(percent(last[f"{half}_accuracies"][-1], UNKNOWN), f"{half} accuracy after epoch {last['epoch']}")
                for half in ("test", "validation") if last.get(f"{half}_accuracies")][:1]
    return [(percent(float(notes["test_accuracy"]), UNKNOWN), "test accuracy")] if "test_accuracy" in notes else []


def _refused(check: Callable[[NetworkSpec], None], network: Network) -> str | None:
    """Why a network does not pass a check of its specification; None where it does."""
    try:
        check(network.spec)
    except SpecError as error:
        return str(error)
    return None


def size_tiles(network: Network) -> list[tuple[str, str]]:
    """Inputs, neurons and weights."""
    layers = [layer for block in network.spec.blocks for layer in block.layers]
    sizes = "-".join((str(network.spec.inputs), *map(_words, layers)))
    weights = sum(values.size for block in network.weights for values in block)
    bits = sorted({layer.weights.bits for layer in layers})
    count = len(network.spec.blocks)
    return [(sizes, f"inputs and neurons, in {count} {'block' if count == 1 else 'blocks'}, for "
             f"{network.spec.classes} classes"),
            (number(weights), f"weights of {' and '.join(str(b) for b in bits)} {'bit' if bits == [1] else 'bits'}, "
             "readouts not counted")]


def _words(layer: LayerSpec) -> str:
    """A layer in the notation of networks."""
    pool = "" if layer.pool is None else f"{'' if layer.pool.kind == 'or' else 'S'}P{layer.pool.size}-"
    adds = "" if layer.residual is None else f"+{layer.residual.below}"
    if layer.synapses.kind == "dense":
        return f"{pool}{layer.outputs}{'R' if layer.synapses.recurrent else ''}{adds}"
    conv = layer.synapses
    stride = "" if conv.stride == 1 else f"S{conv.stride}"
    return f"{pool}{conv.filters}C{conv.kernel}{stride}{adds}"


def _sample(run: Run, sample: int) -> list[Section]:
    """One sample, and before it where steps have labels what is answered to the windows of all."""
    about = ("One test sample on its way through the network, computed by the integer reference as the chip computes "
             "it. Each mark is an event or a spike; dotted lines end a window of K steps, beyond which no credit goes "
             "back. Look for the label's answer to rise above the others.")
    if run.network is None:
        return [Section("One sample", about, missing=run.no_network)]
    from ..data.fit import check_fit, some
    from ..data.source import load_data
    from ..runs.held_out import WORDS, with_unseen
    from ..runs.network_data import data_of
    from .raster import figure, trace
    from .windows import labelled_windows, sample_figures

    path = run.folder / NETWORK
    try:
        data = load_data(data_of(path, run.network.spec, None, None), labelled=("test",))
        check_fit(data, run.network.spec)
        data, half = with_unseen(data, path)
        test = some(data, "test")
        windows = [] if test.step_labels is None else [
            labelled_windows(run.network, test, data.name, run.sources(NETWORK))]
    except DataError as error:
        return [Section("One sample", about, missing=f"The data cannot be read: {error}.")]
    if not 0 <= sample < len(test):
        raise SnnfpgaError(f"Sample must be in 0..{len(test) - 1}, the {WORDS[half]} of {data.name}, not {sample}",
                           USAGE)
    traced = trace(run.network, test.spikes[sample][:test.steps_of(sample)], int(test.labels[sample]))
    verdict = "right" if traced.prediction == traced.label else "wrong"
    name = "Test sample" if half == "test" else "Held-out training sample"
    words = Paragraph(f"{name} {sample} of `{data.name}`: label {traced.label}, prediction {traced.prediction}, "
                  f"{verdict}. {int((traced.events != 0).sum())} events came in over {len(traced.events)} steps.")
    parts: list[Part] = [words, figure(traced, [block.window for block in run.network.spec.blocks])]
    if test.step_labels is not None:
        parts += sample_figures(run.network, traced, test.step_labels[sample][:test.steps_of(sample)])
    return [*windows, Section("One sample", about, tuple(parts), run.sources(NETWORK))]


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
            layers[name] = read_weights(run.network.weights[index][depth], layer.weights.bits,
                                        layer.weights.shadow_bits)
        if block.readout.learned:
            readouts[f"block {index}"] = read_weights(run.network.readouts[index], block.readout.weight_bits,
                                                       block.readout.shadow_bits)
    parts = [histogram("Weights of each layer", layers)]
    if readouts:
        parts.append(histogram("Weights of each learned readout", readouts))
    return Section("Weights", about, tuple(parts), run.sources(NETWORK))
