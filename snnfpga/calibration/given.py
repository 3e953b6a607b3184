"""Settings of ``on_chip`` that a trained network takes without being trained again."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.network import Network

from ..config.file import read_config

PLACE = "on_chip."
OF_READOUT = {"readout_rate_shift": "rate_shift", "logit_shift": "logit_shift", "dead_zone": "dead_zone",
              "error_function": "error_function"}
OF_LAYER = ("rate_shift", "feedback_shift")


def with_settings(network: Network, settings: Iterable[str]) -> Network:
    """``network`` with ``on_chip.KEY=VALUE`` of ``settings`` in every block.

    Raises
    ------
    SnnfpgaError
        If one is of another section, or says how weights are stored, or is ``auto`` or null, which a training decides.
    """
    settings = list(settings)
    for setting in settings:
        key = setting.partition("=")[0].strip()
        if key.removeprefix(PLACE) not in (*OF_READOUT, *OF_LAYER) or not key.startswith(PLACE):
            raise SnnfpgaError(f"Learning can change {', '.join(PLACE + name for name in (*OF_LAYER, *OF_READOUT))}, "
                               f"not {key}; train with it instead", USAGE)
    asked = read_config(None, settings).on_chip
    names = [setting.partition("=")[0].strip().removeprefix(PLACE) for setting in settings]
    values = {name: getattr(asked, name) for name in names}
    for name, value in values.items():
        if value in (None, "auto"):
            raise SnnfpgaError(f"{PLACE}{name} must be a value here, not {value or 'null'}: training calibrates what "
                               "is auto; leave it out", USAGE)
    blocks = tuple(_changed(block, values) for block in network.spec.blocks)
    return replace(network, spec=replace(network.spec, blocks=blocks))


def _changed(block: BlockSpec, values: dict[str, Any]) -> BlockSpec:
    own = {name: values[name] for name in OF_LAYER if name in values}
    layers = tuple(replace(layer, update=replace(layer.update, **own)) for layer in block.layers)
    read = {field: values[name] for name, field in OF_READOUT.items() if name in values}
    if not block.readout.learned:
        read.pop("rate_shift", None)
    return replace(block, layers=layers, readout=replace(block.readout, **read))
