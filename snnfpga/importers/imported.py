"""A chain as a network like any other: configured, with membranes as wide as they need be, in integers."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown
from rtl_gen.contract.limits import learning_refusals
from rtl_gen.contract.network import Network

from ..config.file import check
from ..config.models import Config
from ..config.settings import apply
from ..data.dataset import DataError, DataSet
from ..network.architecture import Architecture, Layer, cut
from ..network.exact import InexactError
from ..network.initial import initialise
from ..network.network import SpikingNetwork
from ..runs.find import LOGIT_SCALE
from .facts import LayerFacts
from .mapping import Mapped, mapped
from .matching import SourceLayer
from .silent import silent_layers
from .stages import Chain
from .width import WIDEST, wanted_bits

STEPS = 256             # of the longest sample, where neither data nor hardware.max_steps say
DRAWN = 256             # samples that membranes are measured by
FITTED_BY = 1024        # samples at most that grids are fitted to
# What of the section network an import leaves to the user; the file says the rest.
OPEN = ("weight_bits", "readout_bits", "membrane_bits", "block_depth", "layers", "surrogate", "surrogate_width",
        "surrogate_height")
BITS = ("weight_bits", "membrane_bits", "current_bits")     # of an entry of ``layers``


@dataclass(frozen=True, eq=False, kw_only=True)
class Imported:
    """A network that was imported.

    Attributes
    ----------
    network
        In integers.
    config
        What it was specified by.
    facts, warnings
        What was understood of each layer, and what is not as it was.
    sources
        As :class:`.mapping.Mapped`.
    trained
        The same, with float weights.
    """

    network: Network
    config: Config
    facts: tuple[LayerFacts, ...]
    warnings: tuple[str, ...]
    sources: tuple[SourceLayer, ...]
    trained: SpikingNetwork

    def notes(self, source: dict[str, Any], data: DataSet | None) -> dict[str, str]:
        """Notes of the network's file: where it comes ``from``, what was understood, and the data it was fitted to."""
        found = {LOGIT_SCALE: json.dumps(self.trained.blocks[-1].logit_scale), "imported": json.dumps(
            {**source, "layers": [asdict(facts) for facts in self.facts], "warnings": self.warnings})}
        if data is not None:
            found["data"] = self.config.data.model_copy(update={"steps": data.steps}).model_dump_json()
        return found


def config_of(name: str, settings: Iterable[str], data: str | None) -> Config:
    """The configuration of an import that is called ``name``: one block, changed by ``settings``.

    Raises
    ------
    SnnfpgaError
        If a setting is none, or says what the file says.
    """
    values: dict[str, Any] = {"name": name, "network": {"block_depth": "all"}}
    if data is not None:
        values["data"] = {"name": data}
    for setting in settings:
        section, _, key = setting.partition("=")[0].partition(".")
        first = key.split(".")[0]
        if section == "network" and first not in OPEN:
            raise SnnfpgaError(f"--set {shown(setting)} asks for what an imported network says itself; of network "
                               f"there can be set {', '.join(OPEN)}", USAGE)
        apply(values, setting)
        layers = values["network"].get("layers")
        if isinstance(layers, list) and any(key not in BITS for entry in layers if isinstance(entry, dict)
                                            for key in entry):
            raise SnnfpgaError(f"--set {shown(setting)} asks for what an imported network says itself; of a layer "
                               f"there can be set {', '.join(BITS)}", USAGE)
    return check(values)


def imported(chain: Chain, config: Config, reading: str | None, data: DataSet | None) -> Imported:
    """The network that ``chain`` is under ``config``, its membranes as wide as ``data`` needs them.

    Raises
    ------
    NirError
        As :func:`.mapping.mapped`.
    DataError
        If the data does not fit.
    SpecError
        If there is no such network.
    """
    found = mapped(chain, config.network, reading)
    if data is not None:
        _check_data(found, data)
        found = mapped(chain, config.network, reading, _in_shape(_drawn(data, FITTED_BY, config.seed), chain.shape))
    config = config.model_copy(update={"network": config.network.model_copy(update={
        "readout": "learned", "readout_leak_shift": found.leak_shift, "reading": found.reading,
        "readout_bits": found.facts[-1].weight_bits})})
    events = _events(found, config, data)
    if "membrane_bits" not in config.network.model_fields_set and any(
            layer.known.membrane_bits is None for layer in found.architecture.layers):
        found = _measured(found, config, events, data is not None)
    trained = _made(config, events, found, found.architecture)
    refused, warnings = learning_refusals(trained.spec), list(found.warnings)
    if refused and "learning" not in config.hardware.model_fields_set:
        warnings.append(f"the network runs and does not learn on the chip ({refused[0].line})")
        config = config.model_copy(update={"hardware": config.hardware.model_copy(update={"learning": False})})
        trained = _made(config, events, found, found.architecture)
    warnings += [f"no neuron of node {found.facts[number].node} can reach its threshold, whatever comes in: the layer "
                 "never fires; are weights and threshold those of a trained network, and --from and --gain right?"
                 for number in silent_layers(trained)]
    bits = [layer.neuron.membrane_bits for block in trained.spec.blocks for layer in block.layers]
    facts = [replace(facts, membrane_bits=own) for facts, own in zip(found.facts, bits, strict=False)]
    return Imported(network=trained.export(), config=config, facts=(*facts, found.facts[-1]), warnings=tuple(warnings),
                    sources=found.sources, trained=trained)


def _check_data(found: Mapped, data: DataSet) -> None:
    if data.inputs != found.inputs or found.sensor not in (None, data.sensor):
        has = f"{data.inputs} inputs" if found.sensor is None else f"a sensor of {' x '.join(map(str, data.sensor))}"
        wants = found.inputs if found.sensor is None else " x ".join(map(str, found.sensor)) + \
            " (rows, columns, channels)"
        raise DataError(f"Data {data.name} must have {wants}{' inputs' if found.sensor is None else ''}, as the "
                        f"network's Input has, not {has}; give the data that it was trained for")
    if data.classes > found.classes:
        raise DataError(f"Data {data.name} must have at most {found.classes} classes, the outputs of the network, not "
                        f"{data.classes}; give the data that it was trained for")


def _events(found: Mapped, config: Config, data: DataSet | None) -> Tensor:
    """(T, B, inputs): samples to measure by, or silence."""
    if data is None:
        return torch.zeros(config.hardware.max_steps or STEPS, 1, found.inputs)
    return _drawn(data, DRAWN, config.seed)


def _drawn(data: DataSet, count: int, seed: int) -> Tensor:
    return torch.from_numpy(data.train.draw(count, seed).spikes[:]).transpose(0, 1).float()


def _in_shape(events: Tensor, shape: tuple[int, ...]) -> Tensor:
    """(T, B, inputs) in the order of a sensor's pixels as the source has them, (T, B, ...)."""
    if len(shape) != 3:
        return events
    channels, *sides = shape
    return events.unflatten(2, (*sides, channels)).movedim(-1, 2)


def _made(config: Config, events: Tensor, found: Mapped, whole: Architecture) -> SpikingNetwork:
    return initialise(config, events, found.classes, found.sensor, cut(whole, config.network))


def _measured(found: Mapped, config: Config, events: Tensor, by_data: bool) -> Mapped:
    """With membranes, all of one width, that hold twice what they reach, on the events or by a bound."""
    least = max(facts.largest.bit_length() + 1 for facts in found.facts)
    for bits in sorted({max(least, bits) for bits in (WIDEST, WIDEST - 1, WIDEST - 2, WIDEST - 4)}, reverse=True):
        layers = [_wide(layer, bits, bits) for layer in found.architecture.layers]
        try:
            trained = _made(config, events[:, :1] if not by_data else events, found,
                            replace(found.architecture, blocks=(tuple(layers),)))
            break
        except SpecError as error:
            last = error
    else:
        if not isinstance(last, InexactError):
            raise last
        what = str(last).partition("; ")[0]
        raise SpecError(f"{what}, even with membranes of {bits} bits; take fewer "
                        f"network.weight_bits than {config.network.weight_bits}") from last
    # Layers that take turns on an engine have membranes of one width.
    widest = max(wanted_bits(trained, events if by_data else None))
    layers = [_wide(layer, min(bits, widest), min(bits, widest + 1)) for layer in found.architecture.layers]
    return replace(found, architecture=replace(found.architecture, blocks=(tuple(layers),)))


def _wide(layer: Layer, bits: int, current: int) -> Layer:
    known = {"membrane_bits": bits}
    if layer.known.current_keep is not None:
        known["current_bits"] = current
    return replace(layer, known=layer.known.model_copy(update=known))
