"""The learning rules by name. A new one is a module with a ``RULE`` and one entry in ``RULES``."""

from ..errors import USAGE, SnnfpgaError
from ..nearest import offer
from . import bptt, truncated_local
from .rule import Rule

RULES: dict[str, Rule] = {rule.name: rule for rule in (truncated_local.RULE, bptt.RULE)}


def find_rule(name: str) -> Rule:
    """The rule called ``name``.

    Raises
    ------
    SnnfpgaError
        If there is none; the nearest name is offered.
    """
    if name not in RULES:
        raise SnnfpgaError(f"No learning rule is called {name!r}; {offer(name, RULES)} (snnfpga rules lists them)",
                           USAGE)
    return RULES[name]
