"""The learning rate from batch to batch.

Restarts are meant for few bits, where the loss has many steep minima to leave: Eshraghian, Lammie, Azghadi, Lu:
Navigating local minima in quantized spiking neural networks, AICAS 2022.
"""

import math

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.models import Config
from ..config.training import TrainingConfig


def check(config: Config) -> None:
    """Refuse a period without restarts, and restarts without a period.

    Raises
    ------
    SnnfpgaError
        If the one is there without the other.
    """
    training = config.training
    if (training.schedule == "cosine-restarts") != (training.period is not None):
        raise SnnfpgaError("Config training.schedule must be cosine-restarts where training.period is given, and only "
                           "there", USAGE)


def rate_at(training: TrainingConfig, step: int, batches: int) -> float:
    """The rate of batch ``step`` of a run whose epochs have ``batches`` each."""
    if training.schedule == "constant":
        return training.rate
    # Half a cosine from the rate to 0, over the whole run or over each period.
    whole = (training.period or training.epochs) * batches
    return training.rate * 0.5 * (1 + math.cos(math.pi * (step % whole) / whole))
