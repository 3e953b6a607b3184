"""Grids, recurrence, residuals, thresholds and weights of 1 bit equal the transcription of ``docs/arithmetic.md``."""

import pytest

from rtl_gen.contract.protocol import BLOCK_COUNTERS

from .test_reference_mutants import folder, plain_copy
from .test_reference_naive import compare
from .wild_case import wild_network

__all__ = ["folder"]

MUTANTS = (
    ("grid.py", 'pool.kind == "sum"', 'pool.kind == "or"'),
    ("grid.py", "y // pool.size, x // pool.size", "x // pool.size, y // pool.size"),
    ("grid.py", "np.where(square == CUT_OFF, 0, values[:, square])", "values[:, square]"),
    ("grid.py", "(gates != 0).astype(np.uint8)", "gates"),
    ("synapses/conv.py", "y + kernel.padding - ky", "y - ky"),
    ("synapses/conv.py", "kernel.channels // kernel.part", "kernel.channels % kernel.part"),
    ("synapses/conv.py", "(ky * kernel.size + kx) * kernel.part", "(kx * kernel.size + ky) * kernel.part"),
    ("synapses/conv.py", "operations += count * (stop - start) * kernel.each",
     "operations += count * (stop - start) * filters"),
    ("synapses/conv.py", "operations += count * (stop - start) * kernel.each",
     "operations += (stop - start) * kernel.each"),
    ("synapses/conv.py", "touched[i, f] |= alive[o, f]", "touched[i, f] = 1"),
    ("synapses/conv.py", "touched[i, f] |= alive[o, f]", "touched[i, f] = alive[o, f]"),
    ("synapses/conv.py", "touched[-1, f] |= alive[o, f]", "touched[-1, f] = 1"),
    ("synapses/conv.py", "delta[i, f] += count * credit[p, o, f]", "delta[i, f] += credit[p, o, f]"),
    ("synapses/conv.py", "alive[o, group] * np.int64(wanted[p, index])", "alive[o, group]"),
    ("synapses/conv.py", "f // kernel.each] += credit[p, o, f] != 0", "f // kernel.each] += 1"),
    ("synapses/conv.py", "(total + half) >> feedback_shift", "total >> feedback_shift"),
    ("synapses/conv.py", "min(max(rounded, -FEEDBACK_MAX - 1), FEEDBACK_MAX)", "rounded"),
    ("synapses/dense.py", "read += count", "read += 1"),
    ("synapses/dense.py", "stored[inputs + i, j]", "stored[i, j]"),
    ("synapses/dense.py", "alive * np.int64(wanted[p, i])", "alive"),
    ("synapses/dense.py", "np.hstack([events, own]) if own.size else events", "events"),
    ("synapses/dense.py", "layer.synapses.rows:layer.event_rows", "1:layer.outputs + 1"),
    ("update.py", "delta[j] += count * credit[p, j]", "delta[j] += credit[p, j]"),
    ("weight.py", "stored >= 0", "stored > 0"),
    ("forward.py", "own[:] = trace.spikes[span][-1]", "own[:] |= trace.spikes[span][-1]"),
    ("forward.py", "(current << own_shift) + flow[span]", "(current + flow[span]) << own_shift"),
    ("block.py", "flows[layer - residual.below] << residual.shift", "flows[layer - 1] << residual.shift"),
    ("block.py", "np.vstack([before,", "np.vstack([0 * before,"),
    ("block.py", "int(window.read.sum()) * readout.classes", "int((window.read > 0).sum()) * readout.classes"),
    ("backward.py", "if p + 1 < len(signal):", "if p + 1 < len(signal) - 1:"),
    ("backward.py", "lasting[p + 1:p + 2]", "lasting[p:p + 1]"),
    ("backward.py", "signal[span] += back", "signal[span] = back"),
    ("backward.py", "multiplies += products\n        here", "here"),
    ("backward.py", "lasting[p + 1:p + 2]", "membrane[p + 1:p + 2]"),
    ("backward.py", "other.current << residual.shift", "other.current"),
    ("backward.py", "other.current << residual.shift", "other.membrane << residual.shift"),
    ("backward.py", "credit << layer.residual.own_shift", "credit"),
    ("backward.py", "found[0].current", "found[0].membrane"),
    ("backward.py", "spec.rows * spec.classes", "spec.inputs * spec.classes"),
    ("backward.py", "spread(above.pool, signal), products", "spread(above.pool, signal), 0"),
    ("neurons/share.py", "carry = carried[j]", "carry = 0"),
    ("neurons/threshold.py", "stored[layer.event_rows]", "stored[layer.rows - 1]"),
    ("neurons/threshold.py", "np.clip(found, 1, neuron.membrane_max)", "found"),
    ("layer_update.py", "-injected <<", "injected <<"),
    ("layer_update.py", "gates * credit.feedback", "credit.feedback"),
    ("layer_update.py", "credit.membrane.reshape", "credit.current.reshape"),
    ("layer_update.py", "weighed(layer, credit.current)", "weighed(layer, credit.membrane)"),
    ("layer_update.py", "found[0] + live", "found[0] + layer.columns"),
)

# What only a network in several hundred shows.
RARE = (("backward.py", "lasting[p + 1:p + 2]", "membrane[p + 1:p + 2]"),)


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


@pytest.mark.parametrize("number", [pytest.param(number, marks=(pytest.mark.slow,) * (mutant in RARE))
                                    for number, mutant in enumerate(MUTANTS)])
def test_a_mutant_is_found(folder, number):
    make = plain_copy(folder, f"reference_copy_wild_{number}", *MUTANTS[number])
    for seed in range(2000):
        try:
            compare(seed, make, wild_network)
        except (AssertionError, IndexError, TypeError, UnboundLocalError, ValueError):
            return
    raise AssertionError(f"not found: {MUTANTS[number]}")
