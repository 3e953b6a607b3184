"""What a configuration asks of neurons that does not go together, refused before anything is loaded or trained."""

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.models import Config
from .frontends.registry import architecture_of, settings_of


def check(config: Config) -> None:
    """Thresholds that are learned need weights that can be 0; silent neurons must have no currents but their own.

    Raises
    ------
    SnnfpgaError
        If there are others.
    """
    if config.training.neuron_drop and any(layer.adds for layer in architecture_of(config.network).layers):
        raise SnnfpgaError("Config training.neuron_drop cannot silence layers that add currents of others (+); take 0, "
                           "or leave them out", USAGE)
    if not config.network.learn_threshold:
        return
    asked = {"network.weight_bits": config.network.weight_bits} | {
        f"training.regrid.{number}.weight_bits": entry.weight_bits
        for number, entry in enumerate(config.training.regrid)}
    for key, bits in asked.items():
        network = config.network.model_copy(update={"weight_bits": bits})
        if any(own.weight_bits == 1 for own in settings_of(network)):
            raise SnnfpgaError("Config network.learn_threshold needs weights of at least 2 bits in every layer, and by "
                               f"{key} and network.layers some have 1; take 2, or learn no thresholds", USAGE)
