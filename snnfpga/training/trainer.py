"""The training loop: epochs of batches, a rule that leaves gradients, an optimiser that follows them."""

import math
import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path

import torch
from numpy.typing import NDArray
from torch import Tensor

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ..config.models import Config
from ..config.training import TrainingConfig
from ..data.augment import Augmenter
from ..data.dataset import DataSet, Split
from ..data.validation import validation_split
from ..learning.memory import ActivationMeter
from ..learning.registry import find_rule
from ..learning.rule import Batch, Learned, Neighbours, drawn_silent
from ..network.answers import answering_steps
from ..network.inference import Evaluation, evaluate, within_samples
from ..network.initial import initialise
from ..network.network import REMEDY, SpikingNetwork
from ..network.regrid import fitted, move
from ..network.specify import longest_sample
from ..runs.find import BEST, CHECKPOINT, METRICS
from ..runs.metrics import EpochMetrics, MetricsLog, read_metrics
from . import checks, futile
from .best import best_of
from .checkpoint import Progress, Sources, load_checkpoint, save_checkpoint
from .flips import THRESHOLDS, BinaryFlips
from .parallel import Pipe, Team
from .schedule import rate_at
from .step_labels import Tally
from .teacher import digest_of, taught
from .warm_start import warm_start

DEVICES = ("cpu", "cuda")
CALIBRATION = 256       # samples that the scale is measured by

Report = Callable[[EpochMetrics], None]


def prepare(device: str, threads: int) -> None:
    """Make PyTorch repeat itself to the bit on this machine, and keep its float32 sums exact.

    Raises
    ------
    SnnfpgaError
        If there is no such device.
    """
    if device not in DEVICES:
        raise SnnfpgaError(f"Device must be one of {', '.join(DEVICES)}, not {shown(device)}", USAGE)
    if device == "cuda":
        if not torch.cuda.is_available():
            raise SnnfpgaError("Device cuda needs an NVIDIA GPU and a CUDA build of PyTorch, and PyTorch finds none; "
                               "take --device cpu")
        # cuBLAS repeats itself only with a workspace of fixed size.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # PyTorch would fill every new tensor with NaN, a tenth of the time of training; each of ours is written whole.
    torch.utils.deterministic.fill_uninitialized_memory = False


class Trainer:
    """A run in memory: the network, the optimiser, and how far they have come.

    What an epoch does depends on the configuration, the data, the epoch's number and the state before it alone, so a
    run that is stopped and resumed ends at the same weights.
    """

    def __init__(self, config: Config, data: DataSet, device: str = "cpu", team: Team | None = None) -> None:
        checks.check(config, data)
        digest = data.digest()      # of all that there is, whatever is held out of it
        learned, self.validation = validation_split(data.train, config.training.validation, config.seed)
        data = replace(data, train=learned)
        self.rule = find_rule(config.learning.rule)
        self.config, self.device, self.team = config, device, team or Team()
        shared = self.team.size > 1 and config.training.parallel == "blocks"
        self.neighbours = Pipe(self.team) if shared else Neighbours()
        self.augment = Augmenter(config.training.augment, data)
        self.train, self.test = data.train, data.test
        self.spikes = data.train.spikes
        self.labels = torch.from_numpy(data.train.labels)
        events = torch.from_numpy(data.train.draw(CALIBRATION, config.seed).spikes[:]).transpose(0, 1).float()
        self.network = initialise(config, events, data.classes, data.sensor).to(device)
        futile.check_chip(self.network.spec)
        self.optimiser = optimiser(self.network, config.training)
        self.progress = Progress(0, 0.0, 0)
        self.teacher = taught(config, data)
        self.sources = Sources(digest, "" if self.teacher is None else digest_of(self.teacher))
        self.saved = 0      # epochs that a checkpoint holds
        self.kept = 0       # epochs after which the weights are those that the network gets

    @property
    def batches(self) -> int:
        """Batches in an epoch."""
        return math.ceil(len(self.labels) / self.config.training.batch)

    def run(self, folder: Path, resume: bool, report: Report, each_batch: Callable[[], None]) -> None:
        """Train to the end; after each epoch write metrics and a checkpoint into ``folder`` and call ``report``.

        The best epoch by the samples held out has a checkpoint of its own.

        Raises
        ------
        SnnfpgaError
            If the checkpoint cannot be resumed from, or a loss or a weight is no number.
        OSError
            If a file cannot be written.
        """
        checkpoint = folder / CHECKPOINT
        if resume and checkpoint.exists():      # else it was stopped within its first epoch
            self.progress = load_checkpoint(checkpoint, self.network, self.optimiser, self.sources, self.config)
            self.saved = self.progress.epochs
        log = MetricsLog(folder, self.progress.epochs) if self.team.leads else None
        lines = [] if log is None else read_metrics(folder / METRICS)
        try:
            while self.progress.epochs < self.config.training.epochs:
                metrics = self.epoch(each_batch)
                _check_finite(metrics, self.network)
                if log is None:
                    continue
                log.write(metrics)
                lines.append(asdict(metrics))
                if best_of(self.config, lines) is lines[-1]:
                    save_checkpoint(folder / BEST, self.network, self.optimiser, self.progress, self.sources)
                save_checkpoint(checkpoint, self.network, self.optimiser, self.progress, self.sources)
                self.saved = self.progress.epochs
                report(metrics)
        finally:
            if log is not None:
                log.close()

    def choose(self, folder: Path) -> None:
        """Bring the network to the epoch that ``training.keep`` asks for, after the last.

        Raises
        ------
        SnnfpgaError
            If the checkpoint of the best epoch in ``folder`` is gone or damaged.
        """
        self.kept = self.progress.epochs
        if self.config.training.keep == "best":
            self.kept = load_checkpoint(folder / BEST, self.network, self.optimiser, self.sources, self.config).epochs

    def epoch(self, each_batch: Callable[[], None] = lambda: None) -> EpochMetrics:
        """One pass over the training samples, in an order drawn by seed and epoch."""
        began, number, moved = time.perf_counter(), self.progress.epochs, []
        for entry in self.config.training.regrid:
            if entry.after == number:
                moved += move(self.network, self.config, fitted(self.network, self.config, entry.weight_bits))
        generator = torch.Generator().manual_seed((self.config.seed << 20) + number + 1)
        if number == 0:
            warm_start(self.network, self.config, self.train)
        order = torch.randperm(len(self.labels), generator=generator)
        tally, losses = Tally(self.train, self.network.spec.blocks[-1]), []
        meter = ActivationMeter()
        for index, chosen in enumerate(order.split(self.config.training.batch)):
            rate = self._set_rate(number * self.batches + index)
            with meter if index == 0 else nullcontext():
                for learned, samples in self._batch(chosen, generator):
                    tally.add(learned, samples)
                    losses.append(learned.losses)
            each_batch()
        if isinstance(self.neighbours, Pipe):
            self.team.share_blocks(self.network.blocks, self.optimiser)
        tested, validated = self.evaluate(), self.validate()
        self.progress = Progress(number + 1, self.progress.seconds + time.perf_counter() - began,
                                 max(self.progress.peak_activation_bytes, meter.peak_bytes))
        # Of blocks in a row the last process has the answers, and each the losses of its own.
        found = self.team.gather((tally.right, losses))
        everyone = found if self.config.training.parallel == "data" else found[-1:]
        accuracy = sum(count for count, _ in everyone) / tally.whole
        means = _means([line for _, lines in found for line in lines])
        rates = (tested or validated).rates     # who trains sees to it that there is one of them
        return EpochMetrics(number + 1, round(self.progress.seconds, 3), rate, means, accuracy,
                            [] if tested is None else tested.accuracies, rates, moved,
                            [] if validated is None else validated.accuracies)

    def evaluate(self) -> Evaluation | None:
        """How well the network does on the test split as it stands; None where there is none."""
        return self._judged(self.test)

    def validate(self) -> Evaluation | None:
        """How well the network does on the samples held out as it stands; None where there are none."""
        return self._judged(self.validation)

    @torch.no_grad()
    def _judged(self, split: Split) -> Evaluation | None:
        return evaluate(self.network.spec, self.network.integers(), split) if len(split) else None

    def _batch(self, chosen: Tensor, generator: torch.Generator) -> list[tuple[Learned, Tensor]]:
        """Learn from the parts of a batch that are this process's; each with its samples, by number."""
        events = self.augment(torch.from_numpy(self.spikes[chosen.numpy()]), generator)
        drop = self.config.training.event_drop
        if drop:
            events = events * (torch.rand(events.shape, generator=generator) >= drop)
        silent = drawn_silent(self.network.spec, self.config.training.neuron_drop, generator)
        self.optimiser.zero_grad(set_to_none=True)
        count = self.config.training.parts
        # Each part has a generator of its own, so that what it draws does not depend on who works on the others.
        parts = [(events, chosen, generator)] if count == 1 else [
            (*part, generator_of(generator))
            for part in zip(events.tensor_split(count), chosen.tensor_split(count), strict=True) if len(part[1])]
        found = []
        for rank, (own, samples, drawing) in enumerate(parts):
            if isinstance(self.neighbours, Pipe) or rank % self.team.size == self.team.rank:
                learned = self._learn(own, samples, drawing, silent, len(samples) / len(chosen))
                found.append((learned, samples))
        if not isinstance(self.neighbours, Pipe):
            self.team.sum_gradients(self.network.parameters())
        self._apply()
        return found

    def _learn(self, events: Tensor, samples: Tensor, generator: torch.Generator, silent: list[list[Tensor]],
               share: float) -> Learned:
        """Add the gradients of a part, ``samples`` by number, that makes up ``share`` of its batch."""
        before = [parameter.grad for parameter in self.network.parameters()]
        for parameter in self.network.parameters() if share < 1 else ():
            parameter.grad = None
        learned = self.rule.learn(self.network, self.config.learning, Batch(
            events=events.transpose(0, 1).contiguous().to(self.device), labels=self.labels[samples].to(self.device),
            **of_steps(self.train, samples.numpy(), self.config, torch.device(self.device)),
            generator=generator, seed=self.config.seed,
            teacher=None if self.teacher is None else self.teacher[samples].to(self.device),
            teacher_weight=self.config.training.distill_weight or 1.0,
            silent=silent, apply=self._apply, neighbours=self.neighbours))
        for parameter, earlier in zip(self.network.parameters(), before, strict=True) if share < 1 else ():
            if parameter.grad is not None:
                parameter.grad.mul_(share)
                if earlier is not None:
                    parameter.grad.add_(earlier)
        return learned

    def _apply(self) -> None:
        """Follow the gradients, and forget them."""
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.network.clip()

    def _set_rate(self, step: int) -> float:
        rate = rate_at(self.config.training, step, self.batches)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        return rate


def drawn_batch(split: Split, config: Config) -> Batch:
    """Some samples of ``split``, as a rule learns from them; nothing is augmented or dropped."""
    part = split.draw(config.training.batch, config.seed)
    events = torch.from_numpy(part.spikes[:]).transpose(0, 1).contiguous()
    return Batch(events=events, labels=torch.from_numpy(part.labels), seed=config.seed,
                 **of_steps(part, slice(None), config, events.device),
                 generator=torch.Generator().manual_seed(config.seed))


def of_steps(split: Split, chosen: slice | NDArray, config: Config, device: torch.device) -> dict[str, Tensor | None]:
    """What a :class:`Batch` of the ``chosen`` samples says of each step."""
    steps, labels = split.spikes.shape[1], split.step_labels
    within = within_samples(split.lengths, chosen, steps, device)
    window = min(config.learning.window, longest_sample(config, steps))
    answering = answering_steps(config.learning.answer, window, steps, within)
    return {"within": within, "answering": None if answering is None else answering.to(device),
            "step_labels": None if labels is None else torch.from_numpy(labels[chosen]).T.long().to(device)}


def generator_of(generator: torch.Generator) -> torch.Generator:
    """A generator of its own, drawn from another."""
    return torch.Generator().manual_seed(int(torch.randint(1 << 62, (), generator=generator)))


def _check_finite(metrics: EpochMetrics, network: SpikingNetwork) -> None:
    """Stop before a checkpoint is written over a good one."""
    for block, loss in enumerate(metrics.losses):
        if loss is not None and not math.isfinite(loss):
            raise SnnfpgaError(f"Training stopped: the loss of block {block} is {loss} in epoch {metrics.epoch}; "
                               f"{REMEDY}")
    network.check_finite()


def optimiser(network: SpikingNetwork, training: TrainingConfig) -> torch.optim.Optimizer:
    """What follows the gradients of ``network``; fused, that is one pass over the weights."""
    if training.optimiser == "adamw":
        return torch.optim.AdamW(network.parameters(), lr=training.rate, weight_decay=training.weight_decay,
                                 fused=True)
    if training.optimiser in THRESHOLDS:
        least = training.flip_threshold
        return BinaryFlips(network.parameters(), lr=training.rate, adaptive=training.optimiser == "t-bso",
                           threshold=THRESHOLDS[training.optimiser] if least is None else least)
    return torch.optim.SGD(network.parameters(), lr=training.rate, momentum=training.momentum,
                           weight_decay=training.weight_decay, fused=True)


def _means(losses: list[list[float | None]]) -> list[float | None]:
    means: list[float | None] = []
    for block in zip(*losses, strict=True):
        known = [loss for loss in block if loss is not None]
        means.append(sum(known) / len(known) if known else None)
    return means
