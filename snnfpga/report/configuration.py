"""Every value of a run's configuration, and beside those that were left to the training what its network has."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.network import RATE_OFF, Network

from ..config.on_chip import AUTO
from ..runs.find import CONFIG, NETWORK
from ..runs.folder import read_run_config
from .page import Section
from .parts import Table

# Of a block: what a key of on_chip became. Shifts are as one gives them by hand, the rate of the block among them.
CHOSEN: dict[str, Callable[[BlockSpec, int], Sequence[int]]] = {
    "on_chip.rate_shift": lambda block, rate: [layer.update.rate_shift + rate for layer in block.layers],
    "on_chip.readout_rate_shift": lambda block, rate: [block.readout.rate_shift + rate] * block.readout.learned,
    "on_chip.feedback_shift": lambda block, rate: [layer.update.feedback_shift for layer in block.layers[1:]],
    "on_chip.logit_shift": lambda block, rate: [block.readout.logit_shift],
    "on_chip.dead_zone": lambda block, rate: [block.readout.dead_zone],
}
INTERVAL = "learning.update_interval"


def configuration(folder: Path, network: Network | None) -> Section:
    """The configuration of the run in ``folder``, of which ``network`` came; None where it is not finished."""
    about = ("Every value of the run; `snnfpga train` with this file makes the same weights again, bit for bit. Where "
             "a value was left to the training, what the network has is beside it.")
    path = folder / CONFIG
    if not path.exists():
        return Section("Configuration", about, missing=f"No `{CONFIG}` in this folder. `snnfpga train` writes it.")
    values = _flat(read_run_config(folder).model_dump(mode="json"))
    rows = [(key, _beside(key, value, network)) for key, value in values]
    sources = (path,) if network is None else (path, folder / NETWORK)
    return Section("Configuration", about, (Table(("key", "value"), rows, keys=True),), sources)


def _beside(key: str, value: Any, network: Network | None) -> str:
    """A value in words, and what the network has where that was not said."""
    said = "not set" if value is None else value if isinstance(value, str) else json.dumps(value)
    if network is None:
        return said
    if key == INTERVAL:
        chosen = in_blocks([[block.update_interval] for block in network.spec.blocks])
        return said if chosen in ("", said) else f"{said}; calibrated: {chosen}"
    if key not in CHOSEN or value not in (None, AUTO):
        return said
    rates = [0 if rate == RATE_OFF else rate for rate in network.rates]
    chosen = in_blocks([CHOSEN[key](block, rate) if block.directives.learns else []
                        for block, rate in zip(network.spec.blocks, rates, strict=True)])
    return f"{said}: {chosen}" if chosen else said


def in_blocks(values: Sequence[Sequence[int]]) -> str:
    """Values of each block and layer in words, one where they are all the same, and nothing where there is none."""
    known = {number: own for number, own in enumerate(values) if own}
    if len({value for own in known.values() for value in own}) == 1:
        return str(next(iter(known.values()))[0])
    return ", ".join(f"{' and '.join(map(str, own if len(set(own)) > 1 else own[:1]))} in block {number}"
                     for number, own in known.items())


def _flat(values: Any, key: str = "") -> list[tuple[str, Any]]:
    """A row for each value; tables within tables and lists of tables are named by dots and numbers."""
    if isinstance(values, dict):
        return [row for name, value in values.items() for row in _flat(value, f"{key}.{name}" if key else name)]
    if isinstance(values, list) and values and isinstance(values[0], dict):
        return [row for index, value in enumerate(values) for row in _flat(value, f"{key}[{index}]")]
    return [(key, values)]
