"""PyTorch and the integer reference compute the same spikes, membranes and answers, whatever the network."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from sim.reference.flat import flat_layer
from sim.reference.network import Reference
from snnfpga.backends.evaluation import measure
from snnfpga.config.models import Config
from snnfpga.data.dataset import Split, assemble
from snnfpga.network.exact import check_exact
from snnfpga.network.inference import evaluate, run_block, weights_of
from snnfpga.network.initial import initialise
from snnfpga.network.regrid import WeightScale, move, scales
from snnfpga.network.window import BlockWeights
from snnfpga.training.trainer import Trainer
from tests.networks import changed, with_shifts


@st.composite
def layers(draw, inputs, outputs):
    membrane_bits = draw(st.integers(4, 14))
    plain = flat_layer(
        inputs=inputs, outputs=outputs, weight_bits=draw(st.integers(2, 8)), shadow_bits=draw(st.integers(0, 4)),
        fraction_bits=0, bias=draw(st.booleans()), membrane_bits=membrane_bits,
        leak_shift=draw(st.one_of(st.none(), st.integers(1, membrane_bits - 1))),
        threshold=draw(st.integers(1, min(40, (1 << (membrane_bits - 1)) - 1))),
        reset=draw(st.sampled_from(["subtract", "zero"])), surrogate="boxcar", surrogate_width=1, surrogate_height=1,
        rate_shift=4, rounding="nearest", feedback_shift=0,
        threshold_shift=draw(st.sampled_from([None, 0, 3, 20])))
    if plain.neuron.reset == "subtract" and draw(st.booleans()):
        plain = changed(plain, neuron__reset_amount=draw(st.integers(1, plain.neuron.membrane_max)))
    if not draw(st.booleans()):
        return plain
    sizes = sorted(draw(st.sets(st.integers(1, membrane_bits - 1), min_size=1, max_size=3)))
    signs = [1, *(draw(st.sampled_from([1, -1])) for _ in sizes[1:])]
    return with_shifts(plain, tuple(sign * size for sign, size in zip(signs, sizes, strict=True)))


def with_residual(draw, block):
    """``block`` with currents of an earlier layer added to those of its last one, where there is one of its size."""
    last = block[-1]
    fitting = [number for number, layer in enumerate(block[:-1], 1 - len(block))
               if layer.outputs == last.outputs and not layer.synapses.recurrent]
    if last.synapses.recurrent or not fitting or not draw(st.booleans()):
        return block
    shift, own_shift = draw(st.sampled_from([(0, 0), (3, 0), (0, 2)]))
    residual = ResidualSpec(below=-draw(st.sampled_from(fitting)), shift=shift, own_shift=own_shift)
    return [*block[:-1], replace(last, residual=residual)]


def on_grid(draw, height, width, channels):
    """A layer that sees a grid, perhaps pooled, by a convolution; and the grid of its neurons."""
    size = draw(st.integers(1, min(height, width, 3)))
    pool = PoolSpec(kind=draw(st.sampled_from(["or", "sum"])), size=size, height=height, width=width,
                    channels=channels, partial=draw(st.booleans()))
    if draw(st.booleans()):
        height, width = pool.out_height, pool.out_width
    else:
        pool = None
    groups = draw(st.sampled_from([part for part in (1, 2) if channels % part == 0]))
    padding = draw(st.integers(0, 2))
    conv = ConvSpec(
        height=height, width=width, channels=channels, filters=groups * draw(st.integers(1, 3)), padding=padding,
        kernel=draw(st.integers(1, min(3, min(height, width) + 2 * padding))), stride=draw(st.integers(1, 2)),
        groups=groups)
    return pool, conv


@st.composite
def specs(draw):
    steps, classes, blocks = draw(st.integers(1, 9)), draw(st.integers(2, 5)), []
    grid = (draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(1, 2)))
    size = math.prod(grid)
    for _ in range(draw(st.integers(1, 3))):
        block = []
        for _ in range(draw(st.integers(1, 3))):
            pool, conv = on_grid(draw, *grid) if grid and draw(st.booleans()) else (None, None)
            outputs = conv.outputs if conv else draw(st.one_of(st.just(size), st.integers(1, 10)))
            plain = draw(layers(size, outputs))
            synapses = conv or replace(plain.synapses, recurrent=draw(st.booleans()))
            current = draw(st.sampled_from([None, None, CurrentSpec(bits=12, leak_shifts=(1, -4)),
                                            CurrentSpec(bits=7, leak_shifts=(3,))]))
            block.append(replace(plain, pool=pool, synapses=synapses, current=current))
            block = with_residual(draw, block)
            size, grid = outputs, (conv.out_height, conv.out_width, conv.filters) if conv else None
        learned = draw(st.booleans())
        pool = None
        if grid and draw(st.booleans()):
            pool = PoolSpec(kind=draw(st.sampled_from(["or", "sum"])), size=draw(st.integers(1, max(grid[:2]))),
                            height=grid[0], width=grid[1], channels=grid[2], partial=True)
        blocks.append(BlockSpec(
            layers=tuple(block), window=1, loss_steps=1, update_interval=1,
            directives=Directives(lanes=1, memory="auto", engine="reverse"),
            readout=ReadoutSpec(
                inputs=size, classes=classes, learned=learned, weight_bits=draw(st.integers(2, 8)) if learned else 2,
                shadow_bits=draw(st.integers(0, 4)) if learned else 0, rate_shift=0, rounding="nearest",
                error_function="hard_sigmoid", logit_shift=0, dead_zone=0, accumulate="window", pool=pool)))
    return NetworkSpec(name="random", blocks=tuple(blocks), max_steps=steps, seed=0)


def random_network(spec, rng):
    """Stored weights over their whole range, so that membranes saturate."""
    def matrix(rows, columns, bits):
        return rng.integers(-1 << (bits - 1), 1 << (bits - 1), (rows, columns)).astype(np.int32)

    return Network(
        spec=spec, window_numbers=(0,) * len(spec.blocks),
        weights=tuple(tuple(matrix(layer.rows, layer.columns, layer.weights.stored_bits) for layer in block.layers)
                      for block in spec.blocks),
        readouts=tuple(matrix(block.readout.rows, spec.classes, block.readout.stored_bits) if block.readout.learned
                       else rng.choice(np.array([-1, 1], np.int32), (block.readout.rows, spec.classes))
                       for block in spec.blocks))


@settings(max_examples=60, deadline=None)
@given(spec=specs(), seed=st.integers(0, 1 << 32), density=st.sampled_from([0.1, 0.5, 1.0]))
def test_same_bits(spec, seed, density):
    rng = np.random.default_rng(seed)
    network = random_network(spec, rng)
    spikes = (rng.random((5, spec.max_steps, spec.inputs)) < density).astype(np.uint8)
    split = Split(spikes, rng.integers(0, spec.classes, 5))
    measured = measure(network, split, "reference", lambda *_: None)
    assert measured.differences.differing == {"spikes": 0, "membranes": 0, "answers": 0, "predictions": 0}
    neurons = sum(layer.outputs for block in spec.blocks for layer in block.layers)
    assert measured.differences.compared == {"spikes": 5 * spec.max_steps * neurons,
                                             "membranes": 5 * spec.max_steps * neurons,
                                             "answers": 5 * spec.classes * len(spec.blocks),
                                             "predictions": 5}
    np.testing.assert_array_equal(measured.predictions, measure(network, split, "torch", lambda *_: None).predictions)


def test_currents_of_grids_that_differ():
    """Layers of other weight bits lie on other grids; what they add is shifted to the finer, after a regrid too."""
    config = Config.model_validate({"network": {
        "blocks": [["4C3", "4C3+1", "4C3+2"], ["8", "8+1"]], "learn_threshold": True, "gain": 2.0,
        "layers": [{"weight_bits": bits} for bits in (8, 4, 10, 4, 8)]}})
    generator = torch.Generator().manual_seed(2)
    events = (torch.rand(6, 9, 32, generator=generator) < 0.5).to(torch.uint8)
    trained = initialise(config, events.float(), 3, (4, 4, 2))
    split = Split(events.transpose(0, 1).numpy(), np.arange(9) % 3)
    first, coarse, fine = (layer.residual for layer in trained.spec.blocks[0].layers)
    assert first is None
    assert (coarse.below, coarse.shift, fine.below, fine.own_shift) == (1, 0, 2, 0)
    assert coarse.own_shift > 0 < fine.shift
    with torch.no_grad():
        for block in trained.blocks:
            for weights in block.layers:
                weights.linear.weight[:, -1].uniform_(-0.3, 0.3, generator=generator)
    for _ in range(2):
        network = trained.export()
        assert not any(measure(network, split, "reference", lambda *_: None).differences.differing.values())
        rates = evaluate(network.spec, weights_of(network), split).rates
        assert all(0 < rate < 1 for block in rates for rate in block)
        finer = [WeightScale(grid.bits + 2, grid.fraction + 1 + number % 2)
                 for number, grid in enumerate(scales(trained))]
        move(trained, config, finer)
    shifts = {layer.neuron.threshold_shift for block in trained.spec.blocks for layer in block.layers}
    assert min(shifts) == 0 < max(shifts)
    units = [layer.weights.fraction_bits for layer in trained.spec.blocks[0].layers]
    for weights, layer, unit in zip(trained.blocks[0].layers, trained.spec.blocks[0].layers, units, strict=True):
        assert unit == weights.fraction + (layer.residual.own_shift if layer.residual else 0)


@pytest.mark.parametrize("network", [{"normalise": "weights", "bias": True}, {"surrogate": "arctan"}])
def test_a_trained_network_is_exported_as_it_is(network):
    config = Config.model_validate({"network": {"blocks": [[10], [9, 8]]} | network,
                                    "training": {"rate": 0.05, "batch": 4}})
    rng, labels = np.random.default_rng(5), np.arange(90) % 3
    rates = np.where(np.arange(12) // 4 == labels[:, None, None], 0.5, 0.1)
    data = assemble("made", (rng.random((90, 8, 12)) < rates).astype(np.uint8), labels, np.arange(90) < 30,
                    (1, 12, 1), 3)
    trainer = Trainer(config, data)
    before = trainer.network.export()
    accuracy = trainer.epoch().test_accuracies[-1]
    exported = trainer.network.export()
    assert (exported.weights[0][0] != before.weights[0][0]).any()
    measured = measure(exported, data.test, "reference", lambda *_: None)
    assert measured.differences.differing == {"spikes": 0, "membranes": 0, "answers": 0, "predictions": 0}
    assert measured.accuracy(data.test) == pytest.approx(accuracy)
    assert accuracy > 0.5


def wide_layer(inputs, weight_bits, membrane_bits, outputs=1):
    return flat_layer(
        inputs=inputs, outputs=outputs, weight_bits=weight_bits, shadow_bits=0, fraction_bits=0, bias=False,
        membrane_bits=membrane_bits, leak_shift=None, threshold=1, reset="subtract", surrogate="boxcar",
        surrogate_width=1, surrogate_height=1, rate_shift=0, rounding="nearest", feedback_shift=0)


def wide_spec(layer):
    return NetworkSpec(name="wide", max_steps=1, seed=0, blocks=(BlockSpec(
        layers=(layer,), window=1, loss_steps=1, update_interval=1,
        directives=Directives(lanes=1, memory="auto", engine="reverse"),
        readout=ReadoutSpec(inputs=layer.outputs, classes=2, learned=True, weight_bits=16, shadow_bits=0, rate_shift=0,
                            rounding="nearest", error_function="hard_sigmoid", logit_shift=0, dead_zone=0,
                            accumulate="window")),))


def test_what_float32_cannot_hold_is_refused():
    check_exact(wide_spec(wide_layer(500, 16, 16)))
    with pytest.raises(SpecError, match=r"^Block 0 layer 0 can charge a membrane up to 16809984 units, and float32 is "
                                        r"exact below 16777216; take fewer inputs, weight bits or membrane bits$"):
        check_exact(wide_spec(wide_layer(512, 16, 16)))
    with pytest.raises(SpecError, match=r"^Readout of block 0 can add 16777216 units in a step, and float32 is exact "
                                        r"below 16777216; take fewer neurons or weight bits$"):
        check_exact(wide_spec(wide_layer(1, 8, 8, outputs=512)))


def test_the_widest_membranes_are_exact():
    """Currents up to 2^23 on membranes of 24 bits, at both bounds, with and without a leak."""
    for leak_shift in (None, 1, 23):
        layer = wide_layer(255, 16, 24)
        layer = replace(layer, neuron=replace(layer.neuron, leak_shift=leak_shift, threshold=(1 << 23) - 1))
        spec = replace(wide_spec(layer), max_steps=6)
        check_exact(spec)
        for weight in (-(1 << 15), (1 << 15) - 1):
            network = Network(spec=spec, weights=((np.full((255, 1), weight, np.int32),),),
                              readouts=(np.ones((1, 2), np.int32),), window_numbers=(0,))
            sample = np.ones((6, 255), np.uint8)
            sample[3, 7] = 0
            wanted = Reference(network).run(sample, 0, learn=False, trace=True)
            found = run_block(spec.blocks[0], weights_of(network)[0], torch.from_numpy(sample).float()[:, None])
            np.testing.assert_array_equal(found.membranes[0][:, 0].numpy(), wanted.membranes[0][0])
            np.testing.assert_array_equal(found.spikes[0][:, 0].numpy(), wanted.spikes[0][0])


def test_residual_currents_and_thresholds_count_for_what_float32_can_hold():
    layer = wide_layer(4, 8, 8, outputs=4)
    added = replace(layer, residual=ResidualSpec(below=1, shift=14, own_shift=0))

    def spec(*layers):
        wide = wide_spec(layer)
        return replace(wide, blocks=(replace(wide.blocks[0], layers=layers),))

    check_exact(spec(layer, added))     # 4 * 128 * 2^14 = 2^23, and a little
    with pytest.raises(SpecError, match=r"^Block 0 layer 2 can charge a membrane up to 16778880 units"):
        check_exact(spec(layer, added, replace(added, residual=ResidualSpec(below=1, shift=1, own_shift=0))))
    learned = replace(layer, neuron=replace(layer.neuron, threshold_shift=0))
    rows = torch.tensor([[1.0]] * 4 + [[1e6]]).expand(5, 4)
    check_exact(spec(learned), [BlockWeights([rows], torch.zeros(4, 2))])     # a threshold is no current


def test_what_weights_do_not_reach_is_no_reason_to_refuse():
    spec = wide_spec(wide_layer(600, 16, 16, outputs=600))
    small, large = (BlockWeights([torch.full((600, 600), value)], torch.full((600, 2), value))
                    for value in (27000.0, 28000.0))
    check_exact(spec, [small])
    with pytest.raises(SpecError, match=r"^Block 0 layer 0 can charge a membrane up to 16832768 units"):
        check_exact(spec, [large])
    with pytest.raises(SpecError, match=r"^Readout of block 0 can add 16800000 units in a step"):
        check_exact(spec, [BlockWeights(small.layers, large.readout)])
