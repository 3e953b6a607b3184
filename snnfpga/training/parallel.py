"""Several processes that train one network, as torchrun starts them; ``training.parallel`` says how they share it.

``data``: each takes some of the parts of every batch, and gradients are summed. ``blocks``: each takes some of the
blocks, and spikes go forward from one to the next; nothing comes back, since no gradient crosses a block.
"""

import os
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.models import Config
from ..learning.registry import find_rule
from ..learning.rule import Neighbours
from ..network.frontends.registry import architecture_of


class Team:
    """The processes, and which of them this one is.

    Attributes
    ----------
    rank, size
        This process, counted from 0, and how many there are.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @property
    def leads(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def gather(self, value: Any) -> list[Any]:
        """Every process's ``value``, in the order of ranks."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value)
        return found

    def leave(self) -> None:
        """Wait until everybody is here, and end the connections: threads of theirs would abort a process that ends."""
        if self.size > 1:
            dist.barrier()
            dist.destroy_process_group()

    def told(self, value: Any) -> Any:
        """The first process's ``value``."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, 0)
        return box[0]

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Each gradient becomes the sum over the processes; one that no process has stays None."""
        if self.size == 1:
            return
        parameters = list(parameters)
        has = torch.tensor([parameter.grad is not None for parameter in parameters], dtype=torch.uint8)
        dist.all_reduce(has, dist.ReduceOp.MAX)
        for parameter, wanted in zip(parameters, has.tolist(), strict=True):
            if wanted:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                dist.all_reduce(parameter.grad)

    def share_blocks(self, blocks: nn.ModuleList, optimiser: torch.optim.Optimizer) -> None:
        """Give every process each block's values, and the optimiser's state for them, from the block's owner."""
        owners = [owner(index, len(blocks), self.size) for index in range(len(blocks))]
        for block, rank in zip(blocks, owners, strict=True):
            for value in block.state_dict().values():
                dist.broadcast(value, rank)
        # The optimiser numbers the parameters as the blocks have them.
        of_rank = [rank for block, rank in zip(blocks, owners, strict=True) for _ in block.parameters()]
        whole = optimiser.state_dict()
        mine = {index: state for index, state in whole["state"].items() if of_rank[index] == self.rank}
        whole["state"] = {index: state for part in self.gather(mine) for index, state in part.items()}
        optimiser.load_state_dict(whole)


def owner(block: int, blocks: int, size: int) -> int:
    """The process that has ``block`` of ``blocks``: neighbours go together, and all have nearly as many."""
    return block * size // blocks


def join(config: Config, device: str) -> Team:
    """The team that torchrun's environment tells of; alone where it tells of none.

    Raises
    ------
    SnnfpgaError
        If ``config`` cannot be trained by so many processes.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Team()
    if device != "cpu":
        raise SnnfpgaError(f"Several processes train on processors alone, not on {device}; take --device cpu, or one "
                           "process", USAGE)
    _check_team(config, size)
    dist.init_process_group("gloo")
    return Team(dist.get_rank(), size)


def _check_team(config: Config, size: int) -> None:
    training, blocks = config.training, len(architecture_of(config.network).blocks)
    if training.parallel == "data":
        if training.parts % size:
            raise SnnfpgaError(f"Config training.parts must be a multiple of the {size} processes that share them, not "
                               f"{training.parts}; take --set training.parts={size}", USAGE)
        return
    if not find_rule(config.learning.rule).sends_forward_only:
        raise SnnfpgaError(f"Rule {config.learning.rule} cannot be trained with training.parallel=blocks, where "
                           "nothing comes back from one process to another; take truncated-local, or parallel=data",
                           USAGE)
    if blocks < size:
        raise SnnfpgaError(f"Config training.parallel=blocks needs a block for each of the {size} processes, not "
                           f"{blocks}; start fewer, or make more blocks", USAGE)


def check(config: Config) -> None:
    """Refuse parts of a batch where each would change the weights under the next.

    Raises
    ------
    SnnfpgaError
        If updates within a sample are asked for as well.
    """
    if config.training.parts > 1 and config.learning.update == "window":
        raise SnnfpgaError("Config training.parts adds up the gradients of the parts of a batch, which "
                           "learning.update=window does not wait for; take parts=1, or update=sample", USAGE)


class Pipe(Neighbours):
    """The blocks of this process, between those of its neighbours."""

    def __init__(self, team: Team) -> None:
        self._team = team

    def mine(self, blocks: int) -> list[int]:
        return [block for block in range(blocks) if owner(block, blocks, self._team.size) == self._team.rank]

    def below(self, events: Tensor, neurons: int) -> Tensor:
        """What the first block here sees in a window: (K, B, inputs) as given, or the spikes that a neighbour sends."""
        if self._team.rank == 0:
            return events
        spikes = torch.empty(*events.shape[:2], neurons, dtype=torch.uint8, device=events.device)
        dist.recv(spikes, self._team.rank - 1)
        return spikes.to(events.dtype)

    def above(self, spikes: Tensor) -> None:
        """Send the last block's spikes on."""
        if self._team.rank < self._team.size - 1:
            dist.send(spikes.to(torch.uint8), self._team.rank + 1)
