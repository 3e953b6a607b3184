"""Networks by name, in the notation of :mod:`snnfpga.network.notation`. A new one is one line."""

from collections.abc import Sequence

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.nearest import offer
from ..config.network import NetworkConfig
from .notation import Architecture, Layer, parse_blocks

Blocks = tuple[tuple[Layer, ...], ...]

ARCHITECTURES: dict[str, str] = {
    "mlp": "256-256",
    # The convolutional stack of S-TLLR's and TESS's runs on DVS Gesture and CIFAR-10.
    "vgg-9": "64C3-128C3-P2-256C3-256C3-P2-512C3-512C3-P2-512C3-512C3-GAP",
    "vgg-11": "64C3-P2-128C3-P2-256C3-256C3-P2-512C3-512C3-P2-512C3-512C3-P2-4096-4096",
    "alexnet": "96C3-P2-256C3-P2-384C3-384C3-256C3-P2-1024-1024",
    "vgg-19": ("64C3-64C3-P2-128C3-128C3-P2-256C3-256C3-256C3-256C3-P2-512C3-512C3-512C3-512C3-P2-"
               "512C3-512C3-512C3-512C3-P2-4096-4096"),
}


def architecture_of(config: NetworkConfig) -> Architecture:
    """The layers that ``network.architecture`` or ``network.blocks`` asks for, in blocks.

    Raises
    ------
    SnnfpgaError
        If both are given, a token is none of the notation's, blocks are to be deeper than the network, or a layer adds
        currents that are not in its block.
    """
    found = _asked(config)
    number = lost_source(found.blocks)
    if number is not None:
        raise SnnfpgaError(f"Layer {number} of the network adds the currents of a layer (+) that is not in its block; "
                           "raise network.block_depth, or put both in one of network.blocks", USAGE)
    return found


def lost_source(blocks: Blocks) -> int | None:
    """The first layer of the whole network that adds currents from beyond its block."""
    layers = [(place, layer) for block in blocks for place, layer in enumerate(block)]
    return next((number for number, (place, layer) in enumerate(layers) if layer.adds > place), None)


def _asked(config: NetworkConfig) -> Architecture:
    if config.architecture is None:
        if config.block_depth != 1:
            raise SnnfpgaError("Config network.block_depth cuts network.architecture into blocks, and network.blocks "
                               "are blocks already; leave it out, or give an architecture", USAGE)
        return parse_blocks([[str(token) for token in block] for block in config.blocks])
    if config.blocks != NetworkConfig().blocks:
        raise SnnfpgaError("Config network must have architecture or blocks, not both; leave one out", USAGE)
    notation = config.architecture
    if notation not in ARCHITECTURES and notation[:1].islower():
        raise SnnfpgaError(f"No architecture is called {notation!r}; {offer(notation, ARCHITECTURES)} (or write one "
                           "like 64C3-P2-128)", USAGE)
    return cut(ARCHITECTURES.get(notation, notation).split("-"), config.block_depth)


def cut(tokens: Sequence[str], depth: int | str) -> Architecture:
    """One chain of layers in blocks of ``depth`` layers, or all of them in one.

    Raises
    ------
    SnnfpgaError
        If a token is none of the notation's, or there are fewer layers.
    """
    whole = parse_blocks([tokens])
    layers = whole.blocks[0]
    step = len(layers) if depth == "all" else int(depth)
    if step > len(layers):
        raise SnnfpgaError(f"Config network.block_depth must be at most {len(layers)}, the layers of "
                           f"network.architecture, not {depth}; take {len(layers)} or fewer, or all", USAGE)
    return Architecture(in_blocks(layers, step), whole.pool)


def in_blocks(layers: Sequence[Layer], depth: int) -> Blocks:
    """A chain of layers in blocks of ``depth``; the last may be shorter."""
    return tuple(tuple(layers[start:start + depth]) for start in range(0, len(layers), depth))
