"""The front end of the configuration itself: ``network.blocks``, or ``network.architecture`` in the short notation.

Networks with names are lines of ``ARCHITECTURES``; a new one is one line.
"""

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ...config.nearest import offer
from ...config.network import NetworkConfig
from ..architecture import Architecture, cut
from .notation import parse_blocks

ARCHITECTURES: dict[str, str] = {
    "mlp": "256-256",
    # The convolutional stack of S-TLLR's and TESS's runs on DVS Gesture and CIFAR-10.
    "vgg-9": "64C3-128C3-P2-256C3-256C3-P2-512C3-512C3-P2-512C3-512C3-GAP",
    "vgg-11": "64C3-P2-128C3-P2-256C3-256C3-P2-512C3-512C3-P2-512C3-512C3-P2-4096-4096",
    "alexnet": "96C3-P2-256C3-P2-384C3-384C3-256C3-P2-1024-1024",
    "vgg-19": ("64C3-64C3-P2-128C3-128C3-P2-256C3-256C3-256C3-256C3-P2-512C3-512C3-512C3-512C3-P2-"
               "512C3-512C3-512C3-512C3-P2-4096-4096"),
}


class Notation:
    """A front end that knows layers alone: neurons are as the configuration says, and weights are drawn."""

    def describe(self, config: NetworkConfig) -> Architecture:
        """As :meth:`.base.FrontEnd.describe`."""
        if config.architecture is None:
            if config.block_depth != 1:
                raise SnnfpgaError("Config network.block_depth cuts network.architecture into blocks, and "
                                   "network.blocks are blocks already; leave it out, or give an architecture", USAGE)
            return parse_blocks([[str(token) for token in block] for block in config.blocks])
        if config.blocks != NetworkConfig().blocks:
            raise SnnfpgaError("Config network must have architecture or blocks, not both; leave one out", USAGE)
        notation = config.architecture
        if notation not in ARCHITECTURES and notation[:1].islower():
            raise SnnfpgaError(f"No architecture is called {shown(notation)}; {offer(notation, ARCHITECTURES)} "
                               "(or write one like 64C3-P2-128)", USAGE)
        return cut(parse_blocks([ARCHITECTURES.get(notation, notation).split("-")]), config)
