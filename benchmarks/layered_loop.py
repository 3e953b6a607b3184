"""Blocks of dense layers and convolutions that learn in compiled loops: what the reference computes, several times as
fast; held to it as :class:`dense_loop.DenseLoop` is.
"""

from typing import Any

import layer_learning as learning
import layer_sample as sample
import numpy as np
from dense_loop import COUNTED, Loop, plain
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import error_table
from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.grid import pooled_gates, squares
from sim.reference.rounding import addends

LARGEST = (1 << 31) - 1
FIRED, SKIPPED, LEARNED, SATURATED = range(len(COUNTED))
Narrow = NDArray[np.int32]
Bytes = NDArray[np.uint8]


def suits(spec: NetworkSpec) -> bool:
    """Whether the loops can run a network: plain neurons, convolutions of stride 1 only at the bottom of a block."""
    return all(plain(block) and all(map(_suits, block.layers))
               and all(layer.synapses.kind == "dense" for layer in block.layers[1:]) for block in spec.blocks)


def _suits(layer: LayerSpec) -> bool:
    synapses = layer.synapses
    counted = layer.pool is None or layer.pool.largest < 256
    return counted and not layer.weights.bias and (
        not synapses.recurrent if synapses.kind == "dense" else synapses.stride == synapses.groups == 1)


class LayeredLoop(Loop):
    """A network that learns as :class:`sim.reference.network.Reference` does; see :class:`dense_loop.Loop`."""

    checked = 4         # it would take a fifth of the time for 16

    def _suits(self, spec: NetworkSpec) -> bool:
        return suits(spec)

    def _block(self, network: Network, index: int) -> "_Block":
        return _Block(network, index)


class _Block:
    """State of a block, and what its samples leave in it."""

    def __init__(self, network: Network, index: int) -> None:
        self.spec: BlockSpec = network.spec.blocks[index]
        readout, steps = self.spec.readout, network.spec.max_steps
        self.seed = network.spec.seed
        self.numbers = [network.spec.layer_number(index, at) for at in range(self.spec.depth + 1)]
        self.layers = [_Layer(layer, stored, steps)
                       for layer, stored in zip(self.spec.layers, network.weights[index], strict=True)]
        self.readout = np.array(network.readouts[index], np.int32, order="C")
        self.read_weights = self.readout >> readout.shadow_bits
        self.table = np.array(error_table(readout.error_function), np.int64)
        self.number = np.array([network.window_numbers[index]], np.int64)
        self.counts = np.zeros(len(COUNTED), np.int64)
        self.answer, self.logit = np.zeros(readout.classes, np.int64), np.zeros(readout.classes, np.int64)
        self.error, self.rows = np.zeros(readout.classes, np.int64), np.zeros(readout.rows, np.int64)
        self.square = squares_of(readout.pool, readout.inputs)
        self.read = np.zeros((steps, readout.rows), np.uint8)

    @property
    def stored(self) -> tuple[Narrow, ...]:
        return tuple(layer.stored for layer in self.layers)

    def run(self, events: Bytes, label: int, rate: int, learn: bool) -> Bytes:
        """The spikes of a sample; a view."""
        steps, spec, readout = len(events), self.spec, self.spec.readout
        window = spec.window if learn else steps
        loss_start = spec.window - spec.loss_steps if learn else 0
        self.answer[:] = self.logit[:] = 0
        for layer in self.layers:
            layer.membrane[:] = 0
        for start in range(0, steps, window):
            span = slice(start, min(start + window, steps))
            seen = events[span]
            for layer in self.layers:
                self.counts[FIRED] += layer.forward(seen, span)
                seen = layer.spikes[span]
            read = seen
            if readout.pool is not None:
                read = self.read[span]
                sample.pooled(self.square, seen, readout.pool.kind == "sum", read)
            if readout.accumulate == "window":
                self.logit[:] = 0
            sample.read_out(read, loss_start, self.read_weights, self.rows, self.answer, self.logit)
            if learn and len(seen) > loss_start:
                if sample.errors(self.logit, label, readout.logit_shift, self.table, readout.dead_zone, self.error):
                    self._learn(span, loss_start, rate)
                else:
                    self.counts[SKIPPED] += 1
                self.number[0] = (self.number[0] + 1) & 0xFFFFFFFF
        return self.layers[-1].spikes[:steps]

    def _learn(self, span: slice, loss_start: int, rate: int) -> None:
        self.counts[LEARNED] += 1
        found = (self.read_weights @ self.error).astype(np.int32)[None]
        square = self.square
        for below, layer in zip([*self.layers[-2::-1], None], self.layers[::-1], strict=True):
            layer.credits(found, square, loss_start, span)
            if below is not None:
                found, square, loss_start = layer.back(below.gates[span]), layer.square, 0
        for layer, number in zip(self.layers, self.numbers, strict=False):
            self.counts[SATURATED] += layer.learn(span, rate, self._addends(layer.spec.update, rate, layer.spec.rows,
                                                                            number))
        readout = self.spec.readout
        delta = (self.rows[:, None] * self.error).astype(np.int32)
        self.counts[SATURATED] += learning.write(
            self.readout, self.read_weights, readout.shadow_bits, readout.stored_bits, readout.rate_shift + rate,
            self._addends(readout, rate, readout.rows, self.numbers[-1]), delta, (self.rows > 0).view(np.uint8))

    def _addends(self, of: Any, rate: int, rows: int, number: int) -> NDArray[np.int64]:
        return addends(of, rate, rows, self.seed, int(self.number[0]), number)


class _Layer:
    """State of a layer, and what a sample leaves in it."""

    def __init__(self, layer: LayerSpec, stored: Narrow, steps: int) -> None:
        self.spec, synapses, neuron, surrogate = layer, layer.synapses, layer.neuron, layer.surrogate
        self.stored = np.array(stored, np.int32, order="C")
        self.weights = self.stored >> layer.weights.shadow_bits
        self.kernel: tuple[int, ...] | None = None
        if synapses.kind == "conv":
            self.kernel = (synapses.width, synapses.channels, synapses.out_height, synapses.out_width,
                           synapses.kernel, synapses.padding, synapses.filters)
            self.flipped = np.empty((synapses.channels, synapses.kernel, synapses.kernel, synapses.filters), np.int32)
            self.deltas = np.empty_like(self.flipped)
            self._flip()
        self.neuron = (-1 if neuron.leak_shift is None else neuron.leak_shift, neuron.threshold,
                       neuron.reset == "zero", neuron.membrane_min, neuron.membrane_max)
        self.surrogate = (surrogate.shape == "triangle", surrogate.width, surrogate.height)
        self.square = squares_of(layer.pool, synapses.inputs)
        self.pooled = np.zeros((steps, synapses.inputs), np.uint8)
        self.first, self.index = np.zeros(steps + 1, np.int64), np.zeros(steps * synapses.inputs + 1, np.int32)
        shape = (steps, layer.outputs)
        self.spikes, self.gates = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
        self.current, self.credit, self.told = (np.zeros(shape, np.int32) for _ in range(3))
        self.membrane = np.zeros(layer.outputs, np.int32)
        self.delta, self.feedback = np.zeros_like(self.stored), np.zeros((steps, synapses.inputs), np.int32)
        self.largest = 0

    def forward(self, events: Bytes, span: slice) -> int:
        """Spikes and gates of ``span``, kept; how many spikes."""
        steps = len(events)
        if self.spec.pool is None:
            self.seen = events
        else:
            self.seen = self.pooled[:steps]
            sample.pooled(self.square, events, self.spec.pool.kind == "sum", self.seen)
        sample.listed(self.seen, self.first, self.index)
        current = self.current[:steps]
        if self.kernel is None:
            sample.of_dense(self.first, self.index, self.seen, self.weights, current)
        else:
            sample.of_conv(self.kernel, self.first, self.index, self.seen, self.flipped.reshape(-1), current)
        return sample.fire(current, self.membrane, self.neuron, self.surrogate, self.spikes[span], self.gates[span])

    def credits(self, found: Narrow, square: NDArray[np.int64], loss_start: int, span: slice) -> None:
        """Credits of ``span``, kept, from the feedback ``found`` of squares."""
        told, spikes = self.told[:len(found)], self.spikes[span]
        learning.spread(square, found, told)
        self.largest = learning.credits(told, loss_start, self.neuron[0], self.neuron[2], spikes, self.gates[span],
                                     self.credit[:len(spikes)])

    def back(self, gates: Bytes) -> Narrow:
        """Feedback of the inputs from the credits, (R, inputs), where those below have open gates."""
        steps = len(gates)
        learning.back_through(self.weights, self.spec.update.feedback_shift, self.credit[:steps],
                           pooled_gates(self.spec.pool, gates), self.feedback[:steps])
        return self.feedback[:steps]

    def learn(self, span: slice, rate: int, addend: NDArray[np.int64]) -> int:
        """Write the weights; how many were saturated."""
        layer, credit = self.spec, self.credit[:len(self.seen)]
        events = int(self.first[len(self.seen)]) if self.kernel else len(self.seen)
        if self.largest * max(1, int(self.seen.max())) * events > LARGEST:
            raise OverflowError("sums of the loop need more than 32 bits; take the reference")
        if self.kernel is None:
            learning.sums_of_dense(self.first, self.index, self.seen, credit, self.delta)
            reached = self.seen.any(axis=0).view(np.uint8)
        else:
            learning.sums_of_conv(self.kernel, self.first, self.index, self.seen, credit, self.deltas.reshape(-1))
            # Back as the weights lie: the rows of a kernel backwards, channels last.
            self.delta[:] = self.deltas[:, :, ::-1].transpose(1, 2, 0, 3).reshape(self.delta.shape)
            reached = np.ones(len(self.delta), np.uint8)
        saturated = learning.write(self.stored, self.weights, layer.weights.shadow_bits, layer.weights.stored_bits,
                                layer.update.rate_shift + rate, addend, self.delta, reached)
        if self.kernel:
            self._flip()
        return saturated

    def _flip(self) -> None:
        sample.flipped(self.weights, self.spec.synapses.channels, self.spec.synapses.kernel, self.flipped)


def squares_of(pool: PoolSpec | None, inputs: int) -> NDArray[np.int64]:
    """Square of each input; without a pool each is one."""
    return np.arange(inputs) if pool is None else squares(pool)
