"""The learning rules by name. A new one is a module with a ``RULE`` and one entry in ``RULES``.

One that is not ours needs no entry: it goes by the dotted path of where it stands.
"""

from functools import reduce

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ..config.learning import LearningConfig
from ..config.models import Config
from ..config.nearest import offer
from ..data.dataset import DataSet
from ..network.frontends.registry import architecture_of
from ..network.specify import longest_sample
from . import bptt, bptt_checkpoint, decolle, lls, otpe, ottt, own, sltt, stllr, tess, truncated_local
from .rule import Rule

RULES: dict[str, Rule] = {module.RULE.name: module.RULE for module in (
    truncated_local, bptt, bptt_checkpoint, sltt, ottt, otpe, stllr, tess, decolle, lls)}


def find_rule(name: str) -> Rule:
    """The rule called ``name``, or the one that stands where a dotted ``name`` says.

    Raises
    ------
    SnnfpgaError
        If there is none; the nearest name is offered.
    """
    if name not in RULES and own.is_path(name):
        return own.load(name)
    if name not in RULES:
        raise SnnfpgaError(f"No learning rule is called {shown(name)}; {offer(name, RULES)} (snnfpga rules lists them)",
                           USAGE)
    return RULES[name]


def check(config: Config) -> None:
    """Refuse what the rule of ``config`` cannot serve.

    Raises
    ------
    SnnfpgaError
        If the rule does not exist, or cannot serve what the configuration asks for; alternatives are named.
    """
    rule = find_rule(config.learning.rule)
    for key in sorted(set().union(*(other.honours for other in RULES.values())) - rule.honours):
        value = _value(config.learning, key)
        if value != _value(LearningConfig(), key):
            others = ", ".join(other.name for other in RULES.values() if key in other.honours)
            raise SnnfpgaError(f"Config learning.{key} means nothing to rule {rule.name}, yet is {value}; leave it "
                               f"out, or take one of {others}", USAGE)
    if not rule.recurrent and any(layer.recurrent for layer in architecture_of(config.network).layers):
        others = ", ".join(other.name for other in RULES.values() if other.recurrent)
        raise SnnfpgaError(f"Rule {rule.name} is of feed-forward layers and cannot serve recurrent ones (R); take one "
                           f"of {others}, or leave the R out", USAGE)
    rule.check(config)


def check_data(config: Config, data: DataSet) -> None:
    """Refuse a window longer than the longest sample.

    Raises
    ------
    SnnfpgaError
        If the rule of ``config`` learns in windows, and theirs is.
    """
    rule, longest = find_rule(config.learning.rule), longest_sample(config, data.steps)
    if rule.windowed and config.learning.window > longest:
        raise SnnfpgaError(f"Config learning.window of rule {rule.name} must be at most {longest}, the steps T of the "
                           f"longest sample, not {config.learning.window}; take learning.window={longest}, or "
                           "learning.rule=bptt, which has no window", USAGE)


def _value(settings: LearningConfig, key: str) -> object:
    return reduce(getattr, key.split("."), settings)
