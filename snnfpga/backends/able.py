"""Whether a network can learn on chip from samples: refused where it never can, said where it can in part."""

from pathlib import Path

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.futile import futile_blocks, least_steps
from rtl_gen.contract.network import Network

from ..console import say
from ..data.dataset import Split
from ..training.futile import refuse_futile, short_samples


def check_able(path: Path, network: Network, lessons: Split) -> None:
    """Refuse ``network``, of the file ``path``, where it can learn nothing from ``lessons``, and warn of what cannot.

    Raises
    ------
    SnnfpgaError
        If no block has an update engine, or can learn from any sample.
    """
    if not any(block.directives.learns for block in network.spec.blocks):
        raise SnnfpgaError(f"Network {path} has no block with an update engine; train it with hardware.learning=true",
                           USAGE)
    refuse_futile(network.spec)
    for block, reason in futile_blocks(network.spec).items():
        say(f"Warning: block {block} can never learn on chip: {reason}")
    least = min(least_steps(block) for block in network.spec.blocks if block.directives.learns)
    longest = max(lessons.steps_of(sample) for sample in range(len(lessons)))
    if longest < least:
        raise SnnfpgaError(f"Network {path} learns from samples of at least {least} steps, and the longest has "
                           f"{longest}; train it with a smaller learning.window or update_interval, or more "
                           "loss_steps", USAGE)
    for line in short_samples(lessons, least):
        say(f"Warning: {line}")
