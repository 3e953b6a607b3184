"""A network of ours as a graph of NIR: exact where its equations say what ours compute, and said where they do not."""

import json
import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.network import IntArray, Network
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.weights import read_weights

from ..network.specify import GRADIENT_UNIT
from ..runs.find import LOGIT_SCALE
from .conventions.snnfpga import DT
from .graph import Graph, Node
from .stages import Array

HALF = 0.5      # by so much below its threshold an integer fires neither more nor less, above or at


@dataclass(frozen=True, eq=False, kw_only=True)
class Exported:
    """A graph, and in what it is not what the network computes; a line each, and none where it is exact.

    ``read_back`` is whether :func:`.chain.chain_of` reads it: no layer adds currents of another.
    """

    graph: Graph
    approximate: tuple[str, ...]
    read_back: bool


@dataclass
class _Making:
    """What stands so far; ``shape`` is (neurons,) or (channels, rows, columns)."""

    shape: tuple[int, ...]
    nodes: list[Node] = field(default_factory=list)
    extra: list[tuple[str, str]] = field(default_factory=list)
    grids: dict[str, dict[str, object]] = field(default_factory=dict)
    approximate: dict[str, None] = field(default_factory=dict)
    resets: set[str] = field(default_factory=set)
    # Of each layer the nodes that its currents come from, its own spikes aside.
    currents: list[list[str]] = field(default_factory=list)

    def add(self, name: str, kind: str, **parameters: object) -> None:
        self.nodes.append(Node(name, kind, parameters))


def to_nir(network: Network, logit_fraction: int) -> Exported:
    """``network`` with its last readout, whose integer logits are multiples of ``2**-logit_fraction``.

    Raises
    ------
    SnnfpgaError
        If NIR has no node for a part of it.
    """
    spec = network.spec
    made = _Making(_input_shape(spec.blocks[0].layers[0]))
    made.add("input", "Input", shape=np.array(made.shape))
    number = 0
    for block, weights in zip(spec.blocks, network.weights, strict=True):
        for layer, stored in zip(block.layers, weights, strict=True):
            _layer(made, number, layer, stored)
            number += 1
    _readout(made, network, logit_fraction)
    made.add("output", "Output", shape=np.array(made.shape))
    if len(spec.blocks) > 1:
        made.approximate[f"the readouts of the first {len(spec.blocks) - 1} blocks, which answer nothing, are left "
                         "out"] = None
    if len(made.resets) > 1:
        made.approximate["layers reset in several ways, and readers take one for all"] = None
    if spec.input_max > 1:
        made.approximate[f"inputs count up to {spec.input_max}, which no file says: import it with --set "
                         f"data.input_max={spec.input_max}"] = None
    names = [node.name for node in made.nodes if not node.name.endswith(".own")]
    metadata = {"written_by": "snnfpga", "dt": str(DT), "compare": "reached", "reset": ",".join(sorted(made.resets)),
                "reading": spec.blocks[-1].readout.reading, "grids": json.dumps(made.grids),
                "exact": "yes" if not made.approximate else "approximately: " + "; ".join(made.approximate)}
    edges = (*pairwise(names), *made.extra)
    return Exported(graph=Graph({node.name: node for node in made.nodes}, tuple(edges), metadata),
                    approximate=tuple(made.approximate),
                    read_back=all(layer.residual is None for block in spec.blocks for layer in block.layers))


def logit_fraction(network: Network, notes: dict[str, str]) -> int:
    """The f of the multiples of 2^-f that integer logits of the last block are, by a file's notes or by its spec."""
    scale = notes.get(LOGIT_SCALE)
    return network.spec.blocks[-1].readout.logit_shift + GRADIENT_UNIT if scale is None else -round(
        math.log2(json.loads(scale)))


def _input_shape(layer: LayerSpec) -> tuple[int, ...]:
    grid = layer.pool or (layer.synapses if isinstance(layer.synapses, ConvSpec) else None)
    return (layer.inputs,) if grid is None else (grid.channels, grid.height, grid.width)


def _layer(made: _Making, number: int, layer: LayerSpec, stored: IntArray) -> None:
    name = f"layer{number}"
    _pool(made, name, layer.pool)
    # Behind a residual, weights lie on the coarser of two grids, and currents on the finer.
    scale = 2.0 ** -(layer.weights.fraction_bits - (layer.residual.own_shift if layer.residual is not None else 0))
    values = read_weights(stored, layer.weights.bits, layer.weights.shadow_bits) * scale
    bias = values[-1] if layer.weights.bias else None
    if isinstance(layer.synapses, ConvSpec):
        _conv(made, name, layer.synapses, values, bias)
    else:
        _dense(made, name, values[:layer.synapses.rows].T, bias)
    into = [made.nodes[-1].name]
    _neurons(made, f"{name}.neurons", layer, values, scale)
    if layer.synapses.recurrent:
        made.add(f"{name}.own", "Linear", weight=values[layer.synapses.rows:layer.event_rows].T)
        made.extra += [(f"{name}.neurons", f"{name}.own"), (f"{name}.own", f"{name}.neurons")]
    if layer.residual is not None:
        added = made.currents[number - layer.residual.below]
        made.extra += [(node, f"{name}.neurons") for node in added]
        into += added
    made.currents.append(into)


def _pool(made: _Making, name: str, pool: PoolSpec | None) -> None:
    if pool is None or pool.size == 1:
        return
    if pool.partial and (pool.height % pool.size or pool.width % pool.size):
        raise SnnfpgaError(f"The pool before {name} counts squares of {pool.size} that the border of {pool.height} x "
                           f"{pool.width} cuts, for which NIR has no node; take a size that divides both", USAGE)
    both = np.array([pool.size, pool.size])
    made.shape = (pool.channels, pool.out_height, pool.out_width)
    made.add(f"{name}.pool", "SumPool2d", kernel_size=both, stride=both, padding=np.array([0, 0]))
    if pool.kind == "or":
        # Neurons that one event makes fire, and that forget all in a reset to zero, say whether any came.
        full = np.ones(made.shape)
        made.add(f"{name}.any", "IF", r=_float(full), v_threshold=_float(full * HALF), v_reset=_float(full * 0))
        made.grids[f"{name}.any"] = {"reset": "zero"}
        made.resets.add("zero")


def _conv(made: _Making, name: str, conv: ConvSpec, values: Array, bias: Array | None) -> None:
    weight = values[:conv.rows].T.reshape(conv.filters, conv.kernel, conv.kernel, -1).transpose(0, 3, 1, 2)
    both = np.ones(2, np.int64)
    made.add(f"{name}.conv", "Conv2d", input_shape=np.array([conv.height, conv.width]), weight=_float(weight),
             stride=both * conv.stride, padding=both * conv.padding, dilation=both, groups=np.int64(conv.groups),
             bias=_float(np.zeros(conv.filters) if bias is None else bias))
    made.shape = (conv.filters, conv.out_height, conv.out_width)


def _dense(made: _Making, name: str, weight: Array, bias: Array | None) -> None:
    """Connections of ``weight`` (outputs, inputs), their inputs in the order that the grid has here."""
    if len(made.shape) == 3:
        channels, height, width = made.shape
        weight = weight.reshape(-1, height, width, channels).transpose(0, 3, 1, 2).reshape(len(weight), -1)
        made.add(f"{name}.flatten", "Flatten", start_dim=np.int64(0), end_dim=np.int64(-1),
                 input_type=np.array(made.shape))
    parts = {"weight": _float(weight)} | ({} if bias is None else {"bias": _float(bias)})
    made.add(f"{name}.weights", "Linear" if bias is None else "Affine", **parts)
    made.shape = (len(weight),)


def _neurons(made: _Making, name: str, layer: LayerSpec, values: Array, unit: float) -> None:
    """Neurons whose thresholds, and a row of these in ``values`` of weights of ``unit``, are on the layer's grid."""
    own, scale = layer.neuron, 2.0 ** -layer.weights.fraction_bits
    thresholds = np.full(layer.columns, float(own.threshold))
    if own.threshold_shift is not None:
        row = np.round(values[layer.event_rows] / unit) * 2.0 ** own.threshold_shift
        thresholds = np.clip(thresholds + row, 1, own.membrane_max)
    if own.reset == "zero":
        thresholds = thresholds - HALF
    if len(made.shape) == 3:
        thresholds = thresholds[:, None, None]
    full = np.ones(made.shape)
    made.resets.add(own.reset)
    amount = own.reset_amount
    if own.reset != "zero":
        made.approximate["a spike subtracts from a membrane, which no file says (the metadata do)"] = None
    if amount is not None:
        made.approximate["a spike takes another amount off a membrane than the threshold, which no file says (the "
                         "metadata do)"] = None
    if own.keep < 1.0 or layer.current is not None:
        made.approximate["leaks are rounded down here, and not elsewhere"] = None
    parts = {"v_threshold": _float(full * thresholds * scale), "v_reset": _float(full * 0), "r": _float(full)}
    tau = DT / (1.0 - own.keep) if own.keep < 1.0 else math.inf
    if layer.current is not None:
        if own.keep >= 1.0:
            raise SnnfpgaError(f"Neurons of {name} have currents that linger and no leak, for which NIR has no node; "
                               "take a leak", USAGE)
        synapse = DT / (1.0 - layer.current.keep)
        made.add(name, "CubaLIF", **parts | {"r": _float(full * tau / DT), "v_leak": _float(full * 0),
                 "tau_mem": _float(full * tau), "tau_syn": _float(full * synapse), "w_in": _float(full * synapse / DT)})
    elif own.keep < 1.0:
        made.add(name, "LIF", **parts | {"tau": _float(full * tau), "r": _float(full * tau / DT),
                                         "v_leak": _float(full * 0)})
    else:
        made.add(name, "IF", **parts)
    made.grids[name] = {"fraction": layer.weights.fraction_bits, "bits": layer.weights.bits,
                        "membrane_bits": own.membrane_bits, "reset": own.reset,
                        **({} if amount is None else {"amount": amount}),
                        **({} if layer.current is None else {"current_bits": layer.current.bits})}


def _readout(made: _Making, network: Network, fraction: int) -> None:
    readout = network.spec.blocks[-1].readout
    values = read_weights(network.readouts[-1], readout.weight_bits, readout.shadow_bits) if readout.learned else \
        network.readouts[-1]
    # The class is the neuron with most spikes: no connections are needed to say so.
    counts = values.shape[0] == values.shape[1] and values[0, 0] > 0 and np.array_equal(
        values, values[0, 0] * np.eye(len(values), dtype=np.int32))
    made.grids["readout"] = {"fraction": fraction, "bits": readout.weight_bits}
    if readout.leak_shift is not None:
        made.grids["readout"]["reading"] = readout.reading
    if counts and readout.leak_shift is None and len(made.shape) == 1:
        return
    _pool(made, "readout", readout.pool)
    _dense(made, "readout", values.T * 2.0 ** -fraction, None)
    if readout.leak_shift is None:
        return
    full, tau = np.ones(made.shape), DT * 2.0 ** readout.leak_shift
    made.approximate["leaks are rounded down here, and not elsewhere"] = None
    made.add("readout.levels", "LI", tau=_float(full * tau), r=_float(full * tau / DT), v_leak=_float(full * 0))


def _float(values: Array) -> np.ndarray:
    return np.asarray(values, np.float32)
