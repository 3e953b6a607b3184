"""``train --from``: a run that begins at a network which was trained or imported."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.data import DataConfig
from ..config.file import plain_config, read_config
from ..config.models import Config
from ..config.network import BLOCKS_OF_FILE, LayerConfig
from ..network.frontends.network_file import network_in, settings_in

RATE = 3e-4             # a sixth of the rate from random weights: these fit already
BY_LAYER = set(LayerConfig.model_fields) - {"gain", "leak"}


def started(path: Path, config: Path | None, settings: Sequence[str]) -> Config:
    """The configuration ``config``, changed by ``settings``, of a run that begins at the network file ``path``.

    The network is the file's. Where no configuration is named and no data is set, the data is what the file says it
    was trained on.

    Raises
    ------
    SnnfpgaError
        If the file is no network or has fixed readouts, or the configuration says of all layers what the file says of
        each.
    """
    network, notes = network_in(path)
    spec = network.spec
    given: dict[str, Any] = {"network.file": str(path), "network.block_depth": BLOCKS_OF_FILE,
                             **{f"network.{key}": value for key, value in settings_in(spec).items()},
                             "network.readout_bits": spec.blocks[-1].readout.weight_bits}
    if not any(block.directives.learns for block in spec.blocks):
        given["hardware.learning"] = False
    if config is None:
        given |= {"name": f"{spec.name[:94]}-tuned", "training.rate": RATE, **_data(notes, settings)}
    whole = [*(f"{key}={json.dumps(value)}" for key, value in given.items()), *settings]
    found = plain_config(whole) if config is None else read_config(config, whole)
    said = sorted(BY_LAYER & found.network.model_fields_set)
    if said:
        raise SnnfpgaError(f"Config network.{said[0]} is said of each layer by {path}; say it of a layer, as in --set "
                           f"network.layers.0.{said[0]}={json.dumps(getattr(found.network, said[0]))}", USAGE)
    return found


def _data(notes: dict[str, str], settings: Sequence[str]) -> dict[str, Any]:
    """The data of the notes, but where a setting names other data."""
    if any(setting.startswith("data.name=") for setting in settings):
        return {}
    try:
        data = DataConfig.model_validate_json(notes.get("data", ""))
    except ValidationError:
        return {}
    held = data.model_dump(mode="json", exclude_defaults=True)
    return {f"data.{key}": value for key, value in held.items()}
