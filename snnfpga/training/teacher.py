"""What a trained network answers to the training samples, for another to learn from."""

import hashlib
import json

import torch
from torch import Tensor

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.network_file import read, read_notes
from rtl_gen.contract.readout import ReadoutSpec

from ..config.models import Config
from ..data.dataset import DataSet
from ..network.inference import batch_passages, weights_of
from ..network.specify import GRADIENT_UNIT, fixed_gain
from ..runs.find import LOGIT_SCALE


def check(config: Config) -> None:
    """A weight of what a teacher says belongs to a teacher.

    Raises
    ------
    SnnfpgaError
        If the weight stands alone.
    """
    if config.training.distill is None and config.training.distill_weight is not None:
        raise SnnfpgaError("Config training.distill_weight means nothing without training.distill; name a network "
                           "file, or leave it out", USAGE)


def taught(config: Config, data: DataSet) -> Tensor | None:
    """Real logits (N, classes) of the network ``training.distill`` after the last step of each training sample.

    None where there is no such network. Samples are seen as they are, neither augmented nor with events left out.

    Raises
    ------
    SnnfpgaError
        If the network is for other inputs or classes.
    NetworkFileError
        If the file cannot be read.
    """
    training = config.training
    if training.distill is None:
        return None
    network = read(training.distill)
    theirs = network.spec.blocks[0].inputs, network.spec.classes
    ours = data.train.spikes.shape[2], data.classes
    if theirs != ours:
        raise SnnfpgaError(f"Network {training.distill} has {theirs[0]} inputs and {theirs[1]} classes, and the data "
                           f"{ours[0]} and {ours[1]}; take a teacher that was trained on it", USAGE)
    answers = torch.cat([blocks[-1].answers for blocks in
                         batch_passages(network.spec, weights_of(network), data.train)])
    return answers.float() * _logit_scale(network.spec.blocks[-1].readout, read_notes(training.distill))


def digest_of(logits: Tensor) -> str:
    """SHA-256, in hex, of what a network taught: another teacher gives another."""
    return hashlib.sha256(logits.numpy().tobytes()).hexdigest()


def _logit_scale(readout: ReadoutSpec, notes: dict[str, str]) -> float:
    """What an answer is multiplied by to become a real logit."""
    if not readout.learned:
        return 1.0 / fixed_gain(readout.inputs)
    if LOGIT_SCALE in notes:
        return json.loads(notes[LOGIT_SCALE])
    # The chip's scale is the trained one unless on_chip.logit_shift says otherwise.
    return 2.0 ** -(readout.logit_shift + GRADIENT_UNIT)
