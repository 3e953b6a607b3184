"""What a rule that is not ours does wrong, as one line that names its file."""

import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from rtl_gen.contract.errors import FAILED, SnnfpgaError

from ..config.learning import LearningConfig
from ..network.network import SpikingNetwork
from .rule import Batch, Learned, Rule


def guarded(rule: Rule, file: str | None) -> Rule:
    """The same rule; what fails in its ``check`` or ``learn``, or is no :class:`Learned`, is an error that says where.

    Parameters
    ----------
    file
        Of the module that the rule stands in. An error that none of its lines led to is left as it is.
    """
    def learn(network: SpikingNetwork, settings: LearningConfig, batch: Batch) -> Learned:
        found = _called(rule, file, rule.learn, network, settings, batch)
        _check_learned(rule, file, network, batch, found)
        return found

    return replace(rule, learn=learn, check=lambda config: _called(rule, file, rule.check, config))


def _called(rule: Rule, file: str | None, act: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return act(*arguments)
    except SnnfpgaError:
        raise
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        if not lines:
            raise
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise SnnfpgaError(f"Learning rule {rule.name} fails in {_shown(file)}, line {lines[-1]}: {what}; mend it "
                           "there", FAILED) from error


def _check_learned(rule: Rule, file: str | None, network: SpikingNetwork, batch: Batch, found: Any) -> None:
    """Refuse what training would stumble over later, or take for something else."""
    blocks = network.spec.blocks
    wanted = (len(batch.labels), blocks[-1].readout.classes)
    if not isinstance(found, Learned):
        why = f"not {type(found).__name__}"
    elif not isinstance(found.answers, Tensor) or tuple(found.answers.shape) != wanted:
        shape = tuple(found.answers.shape) if isinstance(found.answers, Tensor) else type(found.answers).__name__
        why = f"not one with answers of {shape}"
    elif len(found.losses) != len(blocks):
        why = f"not one with {len(found.losses)} losses"
    else:
        return
    raise SnnfpgaError(f"Learning rule {rule.name} in {_shown(file)} must return a Learned with answers of {wanted} "
                       f"and a loss, or None, for each of {len(blocks)} blocks, {why}; mend it there", FAILED)


def _shown(file: str | None) -> str:
    return "its module" if file is None else Path(file).name
