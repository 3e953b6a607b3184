"""Networks of the test vectors that learn in more than dense layers, one a kind of what they learn in."""

import numpy as np

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.base import Synapses
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec

from .flat import flat_layer
from .initial import random_network

__all__ = ["LEARNING", "LEARNING_LABELS", "STEP_LABELS", "learning_samples"]

LEARNING_LABELS = [0, 2, 1, 2]


def _layer(synapses: Synapses, **others: object) -> LayerSpec:
    return flat_layer(**{
        "synapses": synapses, "weight_bits": 6, "shadow_bits": 4, "fraction_bits": 0, "bias": True, "membrane_bits": 9,
        "leak_shift": 2, "threshold": 16, "reset": "subtract", "surrogate": "boxcar", "surrogate_width": 16,
        "surrogate_height": 1, "rate_shift": 7, "rounding": "stochastic", "feedback_shift": 3, **others})


def _readout(inputs: int, **others: object) -> ReadoutSpec:
    return ReadoutSpec(**{
        "inputs": inputs, "classes": 3, "learned": True, "weight_bits": 6, "shadow_bits": 4, "rate_shift": 5,
        "rounding": "nearest", "error_function": "logistic", "logit_shift": 1, "dead_zone": 4,
        "accumulate": "window", **others})


def _network(name: str, seed: int, *blocks: tuple[tuple[LayerSpec, ...], ReadoutSpec]) -> Network:
    specs = tuple(BlockSpec(layers=layers, readout=readout, window=3, loss_steps=2 if readout.reading == "sum" else 3,
                            update_interval=1,
                            directives=Directives(lanes=4, memory="auto", engine="reverse"))
                  for layers, readout in blocks)
    return random_network(NetworkSpec(name=name, blocks=specs, max_steps=7, seed=seed), seed, density=0.4, gain=2.0)


def _convolutions() -> Network:
    """One layer behind a pool that sums, under a readout with a pool; then two, with groups, a stride and ``or``."""
    first = _layer(ConvSpec(height=3, width=2, channels=2, filters=3, kernel=3, padding=1),
                   pool=PoolSpec(kind="sum", size=2, height=5, width=4, channels=2, partial=True))
    lower = _layer(ConvSpec(height=3, width=2, channels=3, filters=4, kernel=2, padding=1), bias=False, reset="zero",
                   surrogate="triangle", surrogate_width=2, surrogate_height=5, rate_shift=7)
    # Of its 4 x 3 neurons the squares are 2 x 1; the column that they leave out learns nothing.
    upper = _layer(ConvSpec(height=2, width=1, channels=4, filters=4, kernel=2, stride=2, padding=1, groups=2),
                   pool=PoolSpec(kind="or", size=2, height=4, width=3, channels=4), leak_shift=None, rate_shift=6)
    return _network(
        "convolutions", 31,
        ((first,), _readout(18, pool=PoolSpec(kind="or", size=2, height=3, width=2, channels=3))),
        ((lower, upper), _readout(upper.outputs, feedback_shift=1, pool=PoolSpec(
            kind="sum", size=2, height=2, width=1, channels=4, partial=True))))


def _recurrence() -> Network:
    """A recurrent layer as the only one of a block, and as the lower and the upper one of others."""
    def layer(inputs: int, outputs: int, recurrent: bool, **others: object) -> LayerSpec:
        return _layer(DenseSpec(inputs=inputs, outputs=outputs, recurrent=recurrent), **others)

    alone = layer(8, 6, True, feedback_shift=1)
    lower = layer(6, 5, True, bias=False, surrogate="triangle", surrogate_width=2, surrogate_height=3, rate_shift=9)
    upper = layer(5, 6, True, reset="zero", feedback_shift=0, rate_shift=8)
    return _network("recurrence", 32, ((alone,), _readout(6)), ((lower, upper), _readout(6)))


def _residuals() -> Network:
    """Currents that are added, twice from one layer, learned thresholds, and a block whose weights have 1 bit."""
    def layer(**others: object) -> LayerSpec:
        return _layer(DenseSpec(inputs=7, outputs=7), **others)

    bottom = layer(threshold_shift=1)
    middle = layer(residual=ResidualSpec(below=1, shift=1, own_shift=0), bias=False, rate_shift=8)
    top = layer(residual=ResidualSpec(below=2, shift=0, own_shift=2), threshold_shift=0, rate_shift=9)
    last = layer(residual=ResidualSpec(below=1, shift=2, own_shift=0), rate_shift=8)
    grid = ConvSpec(height=7, width=1, channels=1, filters=2, kernel=3, padding=1)
    thresholds = _layer(grid, threshold_shift=0, threshold=10)
    signs = _layer(DenseSpec(inputs=14, outputs=6), weight_bits=1, threshold=2, surrogate_width=4, rate_shift=6,
                   leak_shift=None)
    return _network("residuals", 33, ((bottom, middle, top, last), _readout(7)),
                    ((thresholds, signs), _readout(6, weight_bits=1, shadow_bits=6)))


def _lingering() -> Network:
    """Currents that linger: in a recurrent layer under a plain one, and in a layer whose currents another adds."""
    lower = _layer(DenseSpec(inputs=8, outputs=6, recurrent=True), current=CurrentSpec(bits=7, leak_shifts=(1, -4)),
                   reset="zero", surrogate="triangle", surrogate_width=2, surrogate_height=3, rate_shift=9)
    plain = _layer(DenseSpec(inputs=6, outputs=5), feedback_shift=4)
    bottom = _layer(DenseSpec(inputs=5, outputs=6), current=CurrentSpec(bits=10, leak_shifts=(2,)), threshold=24)
    top = _layer(DenseSpec(inputs=6, outputs=6), current=CurrentSpec(bits=9, leak_shifts=(1,)), threshold_shift=0,
                 residual=ResidualSpec(below=1, shift=0, own_shift=1), leak_shift=None, threshold=40, rate_shift=9)
    return _network("lingering", 34, ((lower, plain), _readout(5)), ((bottom, top), _readout(6)))


def _counts() -> Network:
    """Inputs that come up to three times and count as often, under a layer of neurons and a block."""
    lower = _layer(DenseSpec(inputs=8, outputs=7), input_max=3, threshold=32, rate_shift=9)
    upper = _layer(DenseSpec(inputs=7, outputs=6), rate_shift=8)
    above = _layer(DenseSpec(inputs=6, outputs=5))
    return _network("counts", 35, ((lower, upper), _readout(6)), ((above,), _readout(5)))


def _leaky() -> Network:
    """Readouts that leak, of each reading: over two layers where levels are summed, and with a pool for the last."""
    lower, upper = (_layer(DenseSpec(inputs=inputs, outputs=outputs), threshold=24)
                    for inputs, outputs in ((8, 6), (6, 6)))
    middle = _layer(ConvSpec(height=3, width=2, channels=1, filters=2, kernel=2, padding=1), threshold=24, rate_shift=6)
    top = _layer(DenseSpec(inputs=24, outputs=7), current=CurrentSpec(bits=9, leak_shifts=(2,)), threshold=24)
    whole = {"accumulate": "cumulative", "logit_shift": 2, "dead_zone": 0}
    return _network("leaky", 35, ((lower, upper), _readout(6, leak_shift=2, rounding="stochastic", feedback_shift=1)),
                    ((middle,), _readout(24, leak_shift=1, reading="last", rate_shift=5, pool=PoolSpec(
                        kind="sum", size=2, height=4, width=3, channels=2, partial=True), **whole)),
                    ((top,), _readout(7, leak_shift=3, reading="maximum", **whole)))


LEARNING = {"convolutions": _convolutions, "recurrence": _recurrence, "residuals": _residuals,
            "lingering": _lingering, "leaky": _leaky, "counts": _counts}
# Of two samples the labels come with the steps: -1 is none.
STEP_LABELS: list[int | list[int]] = [0, [1, -1, 2, -1, -1, -1], [-1, -1, 2, -1, -1], 2]


def learning_samples(network: Network) -> list[list[list[int]]]:
    """Samples, (T, inputs) counts of events, of whole and of short windows, one for each of ``LEARNING_LABELS``."""
    generator = np.random.Generator(np.random.PCG64(network.spec.seed))
    most, lengths = network.spec.input_max + 2, (7, 6, 5, 3)
    return [((generator.random((steps, network.spec.inputs)) < 0.4)
             * generator.integers(1, most, (steps, network.spec.inputs))).tolist() for steps in lengths]
