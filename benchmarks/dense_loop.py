"""Dense blocks that learn in one compiled loop a sample: what the integer reference computes, in a third of the time.

The reference is what counts: :class:`DenseLoop` lets it learn from the first samples of each call of ``learn`` as well,
from the weights that the loop has there, and stops where a prediction, a count or a weight differs.
"""

from typing import Any

import numpy as np
from dense_sample import run
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import error_table, readout_shift
from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.network import Reference

COUNTED = ("spikes", "windows_skipped", "windows_learned", "weight_saturations")     # in the order of dense_sample


def suits(spec: NetworkSpec) -> bool:
    """Whether the loop can run a network: plain blocks of one dense layer that is not recurrent."""
    return all(block.depth == 1 and block.layers[0].synapses.kind == "dense" and block.readout.pool is None
               and not block.layers[0].synapses.recurrent and block.layers[0].pool is None and plain(block)
               for block in spec.blocks)


def plain(block: BlockSpec) -> bool:
    """Whether a block has plain neurons and a learned readout, and learns from every window."""
    readout = block.readout
    return (block.update_interval == 1 and readout.learned and readout.weight_bits > 1 and readout.leak_shift is None
            and readout.feedback_shift is None and readout.answer == "all" and all(map(_plain, block.layers)))


def _plain(layer: LayerSpec) -> bool:
    return (layer.current is None and layer.residual is None and layer.weights.bits > 1
            and layer.neuron.kind == "lif" and layer.neuron.threshold_shift is None
            and layer.neuron.reset_amount is None)


class Loop:
    """A network that learns as :class:`sim.reference.network.Reference` does; ``rates`` may be set between samples.

    Raises
    ------
    ValueError
        If it does not suit; where it learns, if the reference says otherwise; OverflowError if a sum needs more than 32
        bits.
    """

    checked = 16        # samples of each call of ``learn`` that the reference learns from, too

    def __init__(self, network: Network) -> None:
        if not self._suits(network.spec):
            raise ValueError(f"Network {network.spec.name} must be one that the loop can run; take the reference")
        self.spec, self.rates = network.spec, list(network.rates)
        self._blocks = [self._block(network, index) for index in range(len(network.spec.blocks))]

    def _suits(self, spec: NetworkSpec) -> bool:
        """Whether the loop can run a network."""
        raise NotImplementedError

    def _block(self, network: Network, index: int) -> Any:
        """The state of a block, with ``run``, ``stored``, ``readout``, ``number``, ``counts`` and ``answer``."""
        raise NotImplementedError

    def network(self) -> Network:
        """The network as it stands."""
        return Network(spec=self.spec, readouts=tuple(block.readout.copy() for block in self._blocks),
                       weights=tuple(tuple(stored.copy() for stored in block.stored) for block in self._blocks),
                       window_numbers=tuple(int(block.number[0]) for block in self._blocks), rates=tuple(self.rates))

    @property
    def counters(self) -> list[dict[str, int]]:
        """Those of :data:`COUNTED` for each block."""
        return [dict(zip(COUNTED, block.counts.tolist(), strict=True)) for block in self._blocks]

    def clear_counters(self) -> None:
        for block in self._blocks:
            block.counts[:] = 0

    def learn(self, samples: NDArray[np.uint8], labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Learn from ``samples``, (N, T, inputs), one by one; the predictions on the way, (N,)."""
        reference = Reference(self.network())
        before = self.counters
        found = [self._run(sample, int(label), True)
                 for sample, label in zip(samples[:self.checked], labels[:self.checked], strict=True)]
        self._compare(reference, reference.learn(samples[:self.checked], labels[:self.checked]), found, before)
        found += [self._run(sample, int(label), True)
                  for sample, label in zip(samples[self.checked:], labels[self.checked:], strict=True)]
        return np.array(found, np.int64)

    def evaluate(self, samples: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Predictions, (N,), without learning."""
        return np.array([self._run(sample, 0, False) for sample in samples], np.int64)

    def _run(self, sample: NDArray[np.uint8], label: int, learn: bool) -> int:
        events = np.ascontiguousarray(sample)
        for block, rate in zip(self._blocks, self.rates, strict=True):
            events = block.run(events, label, rate, learn)
        return int(np.argmax(self._blocks[-1].answer))

    def _compare(self, reference: Reference, predictions: NDArray[np.int64], found: list[int],
                 before: list[dict[str, int]]) -> None:
        said, here = reference.network(), self.network()
        counted = [{name: now[name] - then[name] for name in COUNTED}
                   for now, then in zip(self.counters, before, strict=True)]
        same = (predictions.tolist() == found and said.window_numbers == here.window_numbers
                and all(np.array_equal(*pair) for one, other in zip(said.weights, here.weights, strict=True)
                        for pair in zip(one, other, strict=True))
                and all(np.array_equal(*pair) for pair in zip(said.readouts, here.readouts, strict=True))
                and [{name: counters[name] for name in COUNTED} for counters in reference.counters] == counted)
        if not same:
            raise ValueError("The loop must learn what the reference learns, and does not: mend the loop")


class DenseLoop(Loop):
    """A network of blocks that :func:`suits`."""

    def _suits(self, spec: NetworkSpec) -> bool:
        return suits(spec)

    def _block(self, network: Network, index: int) -> "_Block":
        return _Block(network, index)


class _Block:
    """State of a block, and what its samples leave in it."""

    def __init__(self, network: Network, index: int) -> None:
        spec = network.spec.blocks[index]
        (self.layer,), self.spec, self.of_readout = spec.layers, spec, spec.readout
        steps, neurons, classes = network.spec.max_steps, self.layer.outputs, spec.readout.classes
        self.key = (network.spec.seed, network.spec.layer_number(index, 0), network.spec.layer_number(index, 1))
        self.stored = (np.array(network.weights[index][0], np.int32, order="C"),)
        self.readout = np.array(network.readouts[index], np.int32, order="C")
        self.table = np.array(error_table(spec.readout.error_function), np.int64)
        self.number = np.array([network.window_numbers[index]], np.int64)
        self.counts = np.zeros(len(COUNTED), np.int64)
        self.spikes, self.gates = np.zeros((steps, neurons), np.uint8), np.zeros((steps, neurons), np.uint8)
        self.answer = np.zeros(classes, np.int64)

    def run(self, events: NDArray[np.uint8], label: int, rate: int, learn: bool) -> NDArray[np.uint8]:
        """The spikes of a sample; a view."""
        layer, of_readout, neuron = self.layer, self.of_readout, self.layer.neuron
        run(events, label, learn, self.stored[0], self.readout, self.key, self.number, self.counts, self.table,
            (layer.weights.shadow_bits, layer.weights.stored_bits, layer.update.rate_shift + rate,
              layer.update.rounding == "nearest", layer.weights.bias),
             (of_readout.shadow_bits, of_readout.stored_bits, readout_shift(of_readout) + rate,
              of_readout.rounding == "nearest"),
             (-1 if neuron.leak_shift is None else neuron.leak_shift, neuron.threshold, neuron.reset == "zero",
              neuron.membrane_min, neuron.membrane_max),
             (layer.surrogate.shape == "triangle", layer.surrogate.width, layer.surrogate.height),
             (self.spec.window, self.spec.window - self.spec.loss_steps, of_readout.accumulate == "window",
              of_readout.logit_shift, of_readout.dead_zone), self.spikes, self.gates, self.answer)
        return self.spikes[:len(events)]
