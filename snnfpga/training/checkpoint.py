"""A training run as it stood after an epoch: float weights and the optimiser's state, in safetensors; no pickle."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network import spec_digest
from rtl_gen.contract.regular import regular

from ..config.models import Config
from ..network.network import SpikingNetwork
from ..network.regrid import WeightScale, move, scales


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes
    ----------
    epochs
        Epochs done.
    seconds
        Time spent on them.
    peak_activation_bytes
        As :class:`~snnfpga.learning.memory.ActivationMeter` measured it.
    """

    epochs: int
    seconds: float
    peak_activation_bytes: int


@dataclass(frozen=True)
class Sources:
    """What a run learns from, by digest.

    Attributes
    ----------
    data
        Of the data set.
    teacher
        Of the logits that a teacher gives; empty where there is none.
    """

    data: str
    teacher: str


def save_checkpoint(path: Path, network: SpikingNetwork, optimiser: torch.optim.Optimizer, progress: Progress,
                    sources: Sources) -> None:
    """Write everything the next epoch depends on, whole or not at all."""
    metadata = {"spec": spec_digest(network.spec), "grids": json.dumps(scales(network)),
                "progress": json.dumps(vars(progress)), **vars(sources)}
    tensors = {f"network.{name}": values for name, values in _state(network).items()}
    for index, state in optimiser.state_dict()["state"].items():
        for key, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"optimiser.{index}.{key}"] = value
    tensors = {name: values.detach().cpu().contiguous() for name, values in tensors.items()}
    write_atomically(path, save(tensors, metadata=metadata))


def load_checkpoint(path: Path, network: SpikingNetwork, optimiser: torch.optim.Optimizer, sources: Sources,
                    config: Config) -> Progress:
    """Bring ``network``, made from ``config``, and ``optimiser`` to where the checkpoint left them.

    Raises
    ------
    SnnfpgaError
        If the file is absent, damaged, or of another network, other data or another teacher.
    """
    try:
        with safe_open(regular(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except FileNotFoundError:
        raise SnnfpgaError(f"No checkpoint {path} to resume from; train without --resume") from None
    except (SafetensorError, OSError) as error:
        raise SnnfpgaError(f"Checkpoint {path} is damaged ({error}); start anew with --overwrite") from None
    if metadata.get("data") != sources.data:
        raise SnnfpgaError(f"Checkpoint {path} is of a run on other data than there is now under the same name; bring "
                           "that data back, or start anew with --overwrite")
    if metadata.get("teacher", "") != sources.teacher:
        raise SnnfpgaError(f"Checkpoint {path} is of a run with another teacher than training.distill names now; bring "
                           "that file back, or train anew with snnfpga train --overwrite")
    found = [WeightScale(*scale) for scale in json.loads(metadata.get("grids", "[]"))]
    if len(found) == len(scales(network)):
        move(network, config, found)
    if metadata.get("spec") != spec_digest(network.spec):
        raise SnnfpgaError(f"Checkpoint {path} is of another network than this configuration gives; "
                           "start anew with --overwrite")
    with torch.no_grad():
        for name, values in _state(network).items():
            values.copy_(tensors[f"network.{name}"])
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    whole = optimiser.state_dict()
    whole["state"] = {}
    for name, values in tensors.items():
        if name.startswith("optimiser."):
            _, number, key = name.split(".")
            index = int(number)
            whole["state"].setdefault(index, {})[key] = laid_out(values, parameters[index])
    optimiser.load_state_dict(whole)
    return Progress(**json.loads(metadata["progress"]))


def laid_out(values: Tensor, parameter: Tensor) -> Tensor:
    """State of an optimiser as its parameter lies in memory: a fused one goes through both in that order."""
    return torch.empty_like(parameter).copy_(values) if values.shape == parameter.shape else values


def _state(network: nn.Module) -> dict[str, Tensor]:
    return network.state_dict()
