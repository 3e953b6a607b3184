"""A network that learns wholly in the chip's arithmetic, on the integer reference, from random weights; batch 1."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dense_loop
import layered_loop
import numpy as np
import torch
from numpy.typing import NDArray
from resumable import fold
from rich.progress import track

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from sim.reference.flat import flat_layer
from sim.reference.initial import random_network
from sim.reference.network import Reference
from snnfpga.config.training import AugmentConfig
from snnfpga.data.augment import Augmenter
from snnfpga.data.dataset import DataSet, assemble, stratified
from snnfpga.data.registry import DataOptions, load
from snnfpga.network.frontends.notation import parse_blocks
from snnfpga.network.shape import Grid, readout_pool, shape_of

CHUNK = 256         # samples that are made at once
LARGE = 50_000      # training samples; of so many the last 10,000 are held out, and a thousand say how many inputs fire


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A network to learn, how, and what it is to reach.

    Attributes
    ----------
    data, steps, coding, input_max, pool, delays
        What it sees; see :class:`snnfpga.data.registry.DataOptions`.
    blocks
        Layers of each block, in the notation of ``network.blocks``; readouts over grids see at most 4 x 4 places.
    rate_shifts, readout_shifts
        Of the layers of each block, of all of them or of each, and of its readout, at rate 0.
    logit_shift, threshold, width
        Of all blocks, or of each.
    rates
        Rates of all blocks, in equal parts of the course.
    augment, event_drop
        What makes training samples different each time, as in ``training``.
    gain
        Thresholds by which a current spreads under the random weights.
    """

    data: str
    steps: int
    coding: str | None = None
    input_max: int = 1
    pool: int = 1
    delays: tuple[int, ...] = ()
    blocks: tuple[tuple[str, ...], ...]
    leak_shift: int | None
    window: int
    loss_steps: int | None = None
    logit_shift: int | tuple[int, ...]
    dead_zone: int
    error_function: str = "logistic"
    weight_bits: int = 8
    shadow_bits: int = 8
    rounding: str = "nearest"
    rate_shifts: tuple[int | tuple[int, ...], ...]
    readout_shifts: tuple[int, ...]
    bias: bool = False
    threshold: int | tuple[int, ...] = 128
    surrogate: str = "boxcar"
    width: int | tuple[int, ...] = 128
    height: int = 1
    gain: float = 1.0
    readout_share: float = 0.06
    feedback_shift: int = 0
    rates: tuple[int, ...] = (0,)
    epochs: int
    augment: dict[str, Any] = field(default_factory=dict)
    event_drop: float = 0.0
    folds: bool = False
    goal: float | None = None

    def spec(self, data: DataSet, seed: int) -> NetworkSpec:
        """The network for ``data``, whose rounding draws by ``seed``."""
        grid, blocks = Grid(*data.sensor), []
        for number, layers in enumerate(parse_blocks(self.blocks).blocks):
            made = []
            for layer in layers:
                shape = shape_of(f"Block {number}", layer, grid)
                synapses = shape.conv or DenseSpec(inputs=shape.seen.size, outputs=shape.outputs.size,
                                                   recurrent=layer.recurrent)
                made.append(self._layer(synapses, number, _of(self.rate_shifts[number], len(made)), pool=shape.pool,
                                        input_max=1 if number or made else self.input_max))
                grid = shape.outputs
            blocks.append(BlockSpec(
                layers=tuple(made), readout=self._readout(grid, data.classes, number),
                window=self.window, loss_steps=self.loss_steps or self.window, update_interval=1,
                directives=Directives(lanes=16, memory="auto", engine="reverse")))
        return NetworkSpec(name="chip-learning", max_steps=data.steps, seed=seed, blocks=tuple(blocks))

    def _layer(self, synapses: Any, number: int, rate_shift: int, **others: Any) -> LayerSpec:
        return flat_layer(
            synapses=synapses, weight_bits=self.weight_bits, shadow_bits=self.shadow_bits, fraction_bits=7,
            bias=self.bias, membrane_bits=16, leak_shift=self.leak_shift, threshold=_of(self.threshold, number),
            reset="subtract", surrogate=self.surrogate, surrogate_width=_of(self.width, number),
            surrogate_height=self.height, rate_shift=rate_shift, rounding=self.rounding,
            feedback_shift=self.feedback_shift, **others)

    def _readout(self, grid: Grid, classes: int, number: int) -> ReadoutSpec:
        return ReadoutSpec(
            inputs=grid.size, classes=classes, learned=True, weight_bits=self.weight_bits,
            shadow_bits=self.shadow_bits, rate_shift=self.readout_shifts[number], rounding=self.rounding,
            error_function=self.error_function, logit_shift=_of(self.logit_shift, number), dead_zone=self.dead_zone,
            accumulate="window", pool=readout_pool(grid) if grid.places else None)

    def load(self, split: int, root: Path | None, validate: bool) -> DataSet:
        """The data: its split drawn by ``split``, or where there are ``folds`` that fold of all its samples.

        With ``validate`` a part of the training samples takes the place of the test samples.
        """
        options = DataOptions(steps=self.steps, coding=self.coding, input_max=self.input_max, pool=self.pool,
                              delays=self.delays, seed=0 if self.folds else split, root=root)
        data = load(self.data, options)
        if self.folds:
            data = fold(data, split)
        if not validate:
            return data
        train = data.train
        held = np.arange(len(train)) >= len(train) - 10_000 if len(train) >= LARGE else stratified(train.labels, 99)
        return assemble(data.name, train.spikes, train.labels, held, data.sensor, data.classes)


def learn(experiment: Experiment, seed: int, data: DataSet, title: str) -> dict[str, Any]:
    """Learn from the training samples of ``data`` and measure on its test samples, once, after the last epoch.

    ``seed`` draws the initial weights, the order of the samples, what makes them different, and the words of the
    rounding.
    """
    spec = experiment.spec(data, seed)
    generator, draws = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    augmenter = Augmenter(AugmentConfig(**experiment.augment), data)
    some = data.train.draw(1000, 0) if len(data.train) >= LARGE else data.train
    density = float(np.mean(np.square(some.spikes[:], dtype=np.float32)))     # a current spreads by what is squared
    reference = _learner(spec)(random_network(
        spec, seed, density=density, gain=experiment.gain, readout_share=experiment.readout_share))
    start, online = time.perf_counter(), []
    for epoch in track(range(experiment.epochs), description=title):
        rate = experiment.rates[epoch * len(experiment.rates) // experiment.epochs]
        reference.rates = [rate] * len(spec.blocks)
        right = sum(int((reference.learn(spikes, labels) == labels).sum())
                    for spikes, labels in _samples(experiment, data, augmenter, generator, draws))
        online.append(round(100 * right / len(data.train), 2))
    seconds, learned = time.perf_counter() - start, reference.counters
    reference.clear_counters()
    right = sum(int((reference.evaluate(part.spikes[:]) == part.labels).sum())
                for part in (data.test.select(slice(at, at + CHUNK)) for at in range(0, len(data.test), CHUNK)))
    neuron_steps = [len(data.test) * data.steps * block.outputs for block in spec.blocks]
    return {
        "test_accuracy": round(100 * right / len(data.test), 2), "online_accuracy": online,
        "hidden_rates": [round(counters["spikes"] / count, 3)
                         for counters, count in zip(reference.counters, neuron_steps, strict=True)],
        "windows_skipped_share": [round(counters["windows_skipped"]
                                        / (counters["windows_skipped"] + counters["windows_learned"]), 3)
                                  for counters in learned],
        "weight_saturations": [counters["weight_saturations"] for counters in learned],
        "seconds": round(seconds, 1)}


def _learner(spec: NetworkSpec) -> Any:
    """What learns a network: the quickest that can."""
    if dense_loop.suits(spec):
        return dense_loop.DenseLoop
    return layered_loop.LayeredLoop if layered_loop.suits(spec) else Reference


def _samples(experiment: Experiment, data: DataSet, augmenter: Augmenter, generator: np.random.Generator,
             draws: torch.Generator) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """The training samples once, in an order drawn anew, in chunks."""
    order = generator.permutation(len(data.train))
    for at in range(0, len(order), CHUNK):
        part = data.train.select(order[at:at + CHUNK])
        spikes = part.spikes[:]
        if experiment.augment:
            spikes = augmenter(torch.from_numpy(spikes), draws).numpy()
        if experiment.event_drop:
            spikes = spikes * (generator.random(spikes.shape, np.float32) >= experiment.event_drop)
        yield spikes, part.labels


def _of(values: int | tuple[int, ...], number: int) -> int:
    return values if isinstance(values, int) else values[number]


def changed(experiment: Experiment, **values: Any) -> Experiment:
    """The experiment with other values; a shift given once is that of every block."""
    for name in ("rate_shifts", "readout_shifts"):
        if isinstance(values.get(name), int):
            values[name] = (values[name],) * len(values.get("blocks", experiment.blocks))
    return replace(experiment, **values)


def settings_of(experiment: Experiment) -> dict[str, Any]:
    """The settings as JSON has them, for what is written of a run."""
    return json.loads(json.dumps(vars(experiment)))
