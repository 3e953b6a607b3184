"""Random networks to start learning from."""

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec


def random_network(spec: NetworkSpec, seed: int, *, density: float = 0.15, gain: float = 1.0,
                   readout_share: float = 0.125) -> Network:
    """A network of random integer weights under which hidden neurons fire at a useful rate.

    Stored weights, shadow bits included, are uniform integers in ``-a .. a``, whose spread is ``a / sqrt(3)``. With a
    share ``density`` of a layer's inputs active in each step the current spreads by ``a * sqrt(density * rows / 3)``,
    with the rows that weigh events; ``a`` is what makes that ``gain`` thresholds. Biases, and what is added to
    thresholds, start at 0. A fixed readout gives each class +1 from half
    of the neurons and -1 from the others, at random; a learned one starts uniform within ``readout_share`` of its
    range.

    Parameters
    ----------
    seed
        Of NumPy's PCG64; the same seed gives the same network.
    density
        Mean share of the first block's inputs that are active in a step; hidden layers are taken to fire in 0.15.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    weights: list[tuple[NDArray[np.int32], ...]] = []
    readouts: list[NDArray[np.int32]] = []
    first = True
    for block in spec.blocks:
        layers = []
        for layer in block.layers:
            layers.append(_layer(layer, generator, density if first else 0.15, gain))
            first = False
        weights.append(tuple(layers))
        readouts.append(_learned_readout(block.readout, generator, readout_share) if block.readout.learned
                        else _fixed_readout(block.readout, generator))
    return Network(spec=spec, weights=tuple(weights), readouts=tuple(readouts),
                   window_numbers=(0,) * len(spec.blocks))


def _uniform(generator: np.random.Generator, bound: int, bits: int, shape: tuple[int, int]) -> NDArray[np.int32]:
    bound = max(1, min(bound, (1 << (bits - 1)) - 1))
    return generator.integers(-bound, bound + 1, shape).astype(np.int32)


def _layer(layer: LayerSpec, generator: np.random.Generator, density: float, gain: float) -> NDArray[np.int32]:
    # A threshold is in units of a weight, and a stored weight has shadow_bits below that.
    wanted = int(gain * (layer.neuron.threshold << layer.weights.shadow_bits))
    bound = isqrt(3 * wanted * wanted // max(1, round(density * layer.event_rows)))
    stored = _uniform(generator, bound, layer.weights.stored_bits, (layer.rows, layer.columns))
    stored[layer.event_rows:] = 0
    return stored


def _learned_readout(readout: ReadoutSpec, generator: np.random.Generator, share: float) -> NDArray[np.int32]:
    bound = int(share * (1 << (readout.stored_bits - 1)))
    return _uniform(generator, bound, readout.stored_bits, (readout.rows, readout.classes))


def _fixed_readout(readout: ReadoutSpec, generator: np.random.Generator) -> NDArray[np.int32]:
    signs = np.where(np.arange(readout.rows) % 2 == 0, 1, -1).astype(np.int32)
    return np.stack([generator.permutation(signs) for _ in range(readout.classes)], axis=1)
