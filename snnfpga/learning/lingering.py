"""Who learns through currents that linger: they carry credit from step to step."""

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.models import Config
from ..network.frontends.registry import settings_of
from .registry import RULES, find_rule


def check(config: Config) -> None:
    """Refuse currents that linger where the rest of the configuration has no place for them.

    Raises
    ------
    SnnfpgaError
        If there are such, or bits of currents that do not linger.
    """
    layers = settings_of(config.network)
    if any(own.current_keep is None and own.current_bits is not None for own in layers):
        raise SnnfpgaError("Config network.current_bits means nothing without network.current_keep, the share of "
                           "itself that a current keeps in a step; give that too, or leave the bits out", USAGE)
    if all(own.current_keep is None for own in layers):
        return
    if not find_rule(config.learning.rule).lingering:
        able = [name for name, rule in RULES.items() if rule.lingering]
        raise SnnfpgaError(f"Rule {config.learning.rule} has no credit of earlier steps for network.current_keep; take "
                           f"{' or '.join(able)}, or currents that do not linger", USAGE)
