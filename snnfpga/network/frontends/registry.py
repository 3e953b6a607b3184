"""The front ends, and what the one that a configuration asks for says. A new one is a file here and one line."""

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ...config.network import LayerSettings, NetworkConfig
from ..architecture import Architecture, lost_source
from .base import FrontEnd
from .named import Notation
from .network_file import NetworkFile

# By how the name of ``network.file`` ends; the first is that of configurations without such a file.
FRONT_ENDS: dict[str, FrontEnd] = {
    "": Notation(),
    ".safetensors": NetworkFile(),
}


def architecture_of(config: NetworkConfig) -> Architecture:
    """The layers that a configuration asks for, in blocks.

    Raises
    ------
    SnnfpgaError
        If no front end reads its file, the front end refuses, or a layer adds currents that are not in its block.
    """
    found = _front_end(config).describe(config)
    number = lost_source(found.blocks)
    if number is not None:
        raise SnnfpgaError(f"Layer {number} of the network adds the currents of a layer (+) that is not in its block; "
                           "take one that is (+N is N layers below), raise network.block_depth, or put both in "
                           "one of network.blocks", USAGE)
    return found


def settings_of(config: NetworkConfig) -> list[LayerSettings]:
    """What each layer has: by its entry in ``network.layers``, else by the front end, else as the others."""
    return [config.of_layer(index, layer.known) for index, layer in enumerate(architecture_of(config).layers)]


def _front_end(config: NetworkConfig) -> FrontEnd:
    if config.file is None:
        return FRONT_ENDS[""]
    if config.architecture is not None or config.blocks != NetworkConfig().blocks:
        raise SnnfpgaError("Config network must have file, or architecture or blocks, not both; leave one out", USAGE)
    ending = config.file.suffix
    if not ending or ending not in FRONT_ENDS:
        read = ", ".join(filter(None, FRONT_ENDS)) or "none yet"
        raise SnnfpgaError(f"Config network.file must be of a kind that a front end reads ({read}), not {config.file}; "
                           "give network.architecture or network.blocks in its place", USAGE)
    return FRONT_ENDS[ending]
