"""Who learns from a readout that leaks: its levels carry credit from step to step."""

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.models import Config
from .registry import RULES, find_rule


def check(config: Config) -> None:
    """Refuse a leaky readout, or a way to read it, that the rest of the configuration has no place for.

    Raises
    ------
    SnnfpgaError
        If there is one.
    """
    network, learning = config.network, config.learning
    if network.readout_leak_shift is None:
        if network.reading != "sum":
            raise SnnfpgaError(f"Config network.reading={network.reading} needs network.readout_leak_shift, a leak of "
                               "the readouts; give one, or take sum", USAGE)
        return
    leaky = [name for name, rule in RULES.items() if rule.leaky]
    if not find_rule(learning.rule).leaky:
        raise SnnfpgaError(f"Rule {learning.rule} has no credit of earlier steps for network.readout_leak_shift; take "
                           f"{' or '.join(leaky)}, or a readout without a leak", USAGE)
    if learning.loss_at == "step":
        raise SnnfpgaError("Config learning.loss_at=step cannot serve network.readout_leak_shift, whose levels carry "
                           "credit to a window's end; take window, or a readout without a leak", USAGE)
    if config.training.warm_epochs:
        raise SnnfpgaError("Config training.warm_epochs cannot serve network.readout_leak_shift: rates know no order "
                           "of steps; take 0, or a readout without a leak", USAGE)
    if network.reading != "sum":
        _check_whole(config)


def _check_whole(config: Config) -> None:
    """The last level, or the largest, is one of the whole sample."""
    learning = config.learning
    wanted = {"accumulate": "cumulative", "answer": "all"}
    for key, value in wanted.items():
        found = getattr(learning, key)
        if found != value:
            raise SnnfpgaError(f"Config network.reading={config.network.reading} needs learning.{key}={value}, not "
                               f"{found}; take that, or the reading sum", USAGE)
    if learning.loss_steps not in (None, learning.window):
        raise SnnfpgaError(f"Config network.reading={config.network.reading} needs a loss in all steps of a window, "
                           f"{learning.window}, and learning.loss_steps is {learning.loss_steps}; leave it out, or "
                           "take the reading sum", USAGE)
