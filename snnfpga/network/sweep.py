"""The same network over a table of windows and block depths, as ``--sweep window=1,2,T --sweep block=1,all`` asks."""

from collections.abc import Iterator, Mapping, Sequence

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ..config.models import Config
from ..config.network import NetworkConfig
from .architecture import in_blocks, lost_source
from .frontends.registry import architecture_of

Sweep = Mapping[str, Sequence[int]]
SWEPT = ("window", "block")
MOST_STEPS = 65535      # of any data


def parse(asked: Sequence[str], config: Config, steps: int) -> dict[str, list[int]]:
    """``window=1,2,T`` and ``block=1,2,all`` as numbers.

    Raises
    ------
    SnnfpgaError
        If something else is swept, a value is not in range, or layers that belong together would be cut apart.
    """
    found: dict[str, list[int]] = {}
    most = {"window": ("T", steps), "block": ("all", len(architecture_of(config.network).layers))}
    for word in asked:
        name, _, values = word.partition("=")
        if name not in SWEPT or not values:
            raise SnnfpgaError(f"Sweep must be window=1,2,T or block=1,2,all, not {shown(word)}", USAGE)
        if name in found:
            raise SnnfpgaError(f"Sweep of {name} is given twice; give its values together, as {name}=1,2", USAGE)
        letter, largest = most[name]
        numbers = [str(largest) if value == letter else value for value in values.split(",")]
        wrong = [value for value in numbers if not (value.isdecimal() and 1 <= int(value) <= largest)]
        if wrong:
            raise SnnfpgaError(f"Sweep of {name} must be of 1..{largest} or {letter}, not {shown(wrong[0])}", USAGE)
        found[name] = sorted({int(value) for value in numbers})
    _check_sources(config, found.get("block", []))
    return found


def _check_sources(config: Config, depths: Sequence[int]) -> None:
    chain = architecture_of(config.network).layers
    for depth in depths:
        lost = lost_source(in_blocks(chain, depth))
        if lost is not None:
            raise SnnfpgaError(f"Sweep block={depth} would cut layer {lost} of the network from the layer whose "
                               f"currents it adds (+); leave {depth} out", USAGE)


def size(cells: Sweep) -> int:
    """How many cells there are."""
    return len(cells.get("window", [0])) * len(cells.get("block", [0]))


def over(config: Config, cells: Sweep) -> Iterator[Config]:
    """A configuration for each cell, window by window; what is not swept stays as configured."""
    grouped = [regrouped(config, block) for block in cells["block"]] if "block" in cells else [config]
    for window in cells.get("window", [config.learning.window]):
        for one in grouped:
            yield one.model_copy(update={"learning": one.learning.model_copy(update={"window": window})})


def regrouped(config: Config, block: int) -> Config:
    """The same layers in blocks of ``block``; directives of single blocks go."""
    network = config.network
    if network.architecture is None and network.file is None:
        chain = "-".join(str(token) for tokens in network.blocks for token in tokens)
        network = network.model_copy(update={"architecture": chain, "blocks": NetworkConfig().blocks})
    return config.model_copy(update={"network": network.model_copy(update={"block_depth": block}),
                                     "hardware": config.hardware.model_copy(update={"blocks": ()})})


def depth(config: Config) -> int:
    """Layers in the deepest block."""
    return max(map(len, architecture_of(config.network).blocks))
