"""Grids, recurrence, residuals, thresholds and 1 bit equal the transcription of ``docs/arithmetic.md``, counters too."""

import pytest

from rtl_gen.contract.protocol import BLOCK_COUNTERS

from .test_reference_mutants import folder, plain_copy
from .test_reference_naive import compare
from .wild_case import wild_network

__all__ = ["folder"]

MUTANTS = (
    ("grid.py", "np.add if pool.kind", "np.bitwise_or if pool.kind"),
    ("grid.py", "y // pool.size, x // pool.size", "x // pool.size, y // pool.size"),
    ("synapses/conv.py", "y + padding - ky", "y - ky"),
    ("synapses/conv.py", "group = c // part", "group = c % groups"),
    ("synapses/conv.py", "(ky * kernel + kx) * part", "(kx * kernel + ky) * part"),
    ("synapses/conv.py", "operations += count * each", "operations += count * filters"),
    ("synapses/conv.py", "operations += count * each", "operations += each"),
    ("synapses/dense.py", "read += count", "read += 1"),
    ("synapses/dense.py", "stored[inputs + i, j]", "stored[i, j]"),
    ("forward.py", "own[:] = trace.spikes[span][-1]", "own[:] |= trace.spikes[span][-1]"),
    ("forward.py", "(current << own_shift) + flow[span]", "(current + flow[span]) << own_shift"),
    ("block.py", "flows[layer - residual.below] << residual.shift", "flows[layer - 1] << residual.shift"),
    ("neurons/threshold.py", "stored[layer.event_rows]", "stored[layer.rows - 1]"),
    ("neurons/threshold.py", "np.clip(found, 1, neuron.membrane_max)", "found"),
    ("block.py", "int(counts.sum()) * readout.classes", "int((counts > 0).sum()) * readout.classes"),
)


def test_equals_the_transcription():
    seen, kinds = dict.fromkeys(BLOCK_COUNTERS, 0), set()
    for seed in range(250):
        reference = compare(seed, draw=wild_network)
        for counters in reference.counters:
            for name, value in counters.items():
                seen[name] += value
        for block in reference.spec.blocks:
            kinds |= features(block)
    assert min(seen.values()) > 0, f"a counter was never moved: {seen}"
    assert kinds == {"conv", "groups", "recurrent", "or", "sum", "residual", "threshold", "1 bit", "readout pool",
                     "1-bit readout", "conv after pool"}


def features(block):
    found = {"readout pool": block.readout.pool is not None,
             "1-bit readout": block.readout.learned and block.readout.weight_bits == 1}
    for layer in block.layers:
        conv = layer.synapses.kind == "conv"
        has = {"conv": conv, "groups": conv and layer.synapses.groups > 1, "recurrent": layer.synapses.recurrent,
               "residual": layer.residual is not None, "threshold": layer.neuron.threshold_shift is not None,
               "1 bit": layer.weights.bits == 1, "conv after pool": conv and layer.pool is not None,
               **{kind: layer.pool is not None and layer.pool.kind == kind for kind in ("or", "sum")}}
        found |= {name: found.get(name, False) or value for name, value in has.items()}
    return {name for name, value in found.items() if value}


@pytest.mark.slow
def test_equals_the_transcription_on_many_networks():
    for seed in range(1000, 4000):
        compare(seed, draw=wild_network)


@pytest.mark.parametrize("number", range(len(MUTANTS)))
def test_a_mutant_is_found(folder, number):
    make = plain_copy(folder, f"reference_copy_wild_{number}", *MUTANTS[number])
    for seed in range(300):
        try:
            compare(seed, make, wild_network)
        except (AssertionError, IndexError, TypeError, ValueError):
            return
    raise AssertionError(f"not found: {MUTANTS[number]}")
