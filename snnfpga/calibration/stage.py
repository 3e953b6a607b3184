"""The stage between training and the network file: what a trained network is calibrated with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from rtl_gen.contract.limits import learning_refusals
from rtl_gen.contract.network import Network

from ..config.models import Config
from ..config.on_chip import AUTO
from ..console import Advance
from ..data.dataset import DataSet, Split
from ..data.validation import validation_split
from ..training.trainer import Trainer
from .calibrate import Evidence, calibrated, learns
from .search import LEAST

COPY_SHARE = 0.15       # of the training split, held out for the copy where nothing was held out in training
COPY_SAMPLES = 200_000  # that a copy is trained with, all epochs together, but one epoch at least


def ready(trainer: Trainer, data: DataSet, advance: Advance = lambda *_: None) -> tuple[Network, Evidence | None]:
    """The network that ``trainer`` has trained, ready to learn on chip as far as it can.

    Where training held samples out, the search is made with the network itself and those samples. Else a copy is
    trained on 85 % of the samples, of each class, for fewer epochs where they are many, and the rest is new to it.

    Returns
    -------
    The network, and what was measured; None where nothing can learn on chip, or samples have labels of steps.
    """
    config, network = trainer.config, trainer.network.export()
    if not learns(network) or learning_refusals(network.spec) or data.train.step_labels is not None:
        return network, None
    if not _needs_unseen(config):
        fitted, unseen, subject, kind = trainer.train, trainer.train.select(slice(0)), network, "network"
    elif config.training.validation:
        fitted, unseen, subject, kind = trainer.train, trainer.validation, network, "network"
    else:
        fitted, unseen = validation_split(data.train, COPY_SHARE, config.seed)
        subject, kind = (network, "network") if len(unseen) < LEAST else (_copy(config, data, fitted, unseen, trainer),
                                                                         "copy")
    return calibrated(network, subject, kind, fitted, unseen, config, advance)


def _needs_unseen(config: Config) -> bool:
    return config.on_chip.searched or config.on_chip.logit_shift == AUTO


def _copy(config: Config, data: DataSet, fitted: Split, unseen: Split, trainer: Trainer) -> Network:
    """A network like the trained one, of ``fitted`` alone."""
    epochs = max(1, min(config.training.epochs, round(COPY_SAMPLES / len(fitted))))
    training = config.training.model_copy(update={"epochs": epochs, "validation": 0.0, "keep": "last"})
    own = config.model_copy(update={"training": training})
    with _generator_kept():
        copy = Trainer(own, DataSet(data.name, fitted, unseen, data.sensor, data.classes), trainer.device)
        while copy.progress.epochs < epochs:
            copy.epoch()
        return copy.network.export()


@contextmanager
def _generator_kept() -> Iterator[None]:
    """PyTorch's own generator is afterwards as it was before."""
    state = torch.get_rng_state()
    try:
        yield
    finally:
        torch.set_rng_state(state)
