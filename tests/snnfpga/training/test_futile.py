"""What nothing is learned under is refused before training, and what little is learned under is said."""

from dataclasses import replace

import numpy as np
import pytest

from rtl_gen.contract.arithmetic import delta_max, readout_delta_max
from rtl_gen.contract.futile import futile_blocks, largest_error, least_steps, silent_layer
from sim.reference.initial import random_network
from sim.reference.network import Reference
from sim.reference.readout import errors
from snnfpga.api.train import _warn
from snnfpga.runs.metrics import EpochMetrics
from tests.networks import changed, network_spec
from tests.verbs import call

STEPS = 6


@pytest.fixture
def data(tmp_path, monkeypatch):
    """``mine.npz``: 20 samples to learn from, whose length is 6 steps, of 8 of them 2, and of 2 of those silent."""
    monkeypatch.chdir(tmp_path)
    spikes = np.random.default_rng(1).random((24, STEPS, 5)) < 0.5
    lengths = np.full(24, STEPS)
    lengths[:8] = 2
    spikes[:8, 2:] = False
    spikes[:2] = False
    spikes[2:, 0, 0] = True
    np.savez("mine.npz", spikes=spikes.astype(np.uint8), label=np.arange(24) % 2, length=lengths,
             split=np.array(["train"] * 20 + ["test"] * 4))
    return ("data.name=mine.npz", "network.blocks=[[8]]", "training.epochs=1", "training.batch=8",
            "learning.window=3", "training.validation=0", "hardware.lanes=4")


def train(capfd, data, *settings):
    return call(capfd, "train", "--json", *(word for setting in (*data, *settings) for word in ("--set", setting)))


@pytest.mark.parametrize(("settings", "line"), [
    (["learning.update_interval=3"],
     "Config learning.update_interval must be at most 2, the windows of the longest sample, not 3: nothing would be "
     "learned; take less, or a smaller learning.window"),
    (["learning.window=20", "learning.loss_steps=4", "hardware.max_steps=40"],
     "Config learning.window=20 with loss_steps=4, update_interval=1 and select=all leaves no step of the longest "
     "sample, which has 6, to learn from; take a smaller window or more loss_steps"),
    (["training.weight_decay=500", "training.rate=2e-3"],
     "Config training.weight_decay must be below 1 / training.rate, which is 500, not 500: in one step nothing of a "
     "weight would be left; take less"),
    (["learning.rule=decolle", "learning.error_threshold=1"],
     "Config learning.error_threshold must be below 1, the largest error of learning.loss=cross_entropy, not 1: "
     "nothing would be learned; take less"),
    (["learning.rule=tess", "learning.traces.alpha_pre=0"],
     "Config learning.traces.alpha_pre and alpha_post must not both be 0, where no layer would learn by rule tess; "
     "give one"),
    (["training.augment.cutout=5", "data.name=grid.npz"],
     "Config training.augment.cutout must be below 5, the longer side of the sensor, not 5: no event would be left"),
    (["on_chip.dead_zone=125"],
     "Block 0 can never learn on chip: its errors reach 125, and its dead zone counts those up to 125 as none; take a "
     "smaller on_chip.dead_zone, or set hardware.learning=false"),
    (["on_chip.rate_shift=31", "on_chip.readout_rate_shift=31", "hardware.rounding=nearest"],
     "Block 0 can never learn on chip: every change is rounded to 0; take a smaller on_chip.rate_shift, or "
     "hardware.rounding=stochastic, or set hardware.learning=false"),
])
def test_what_teaches_nothing_is_refused(settings, line, data, capfd):
    grid = np.ones((24, STEPS, 5, 5, 1), np.uint8)
    np.savez("grid.npz", spikes=grid, label=np.arange(24) % 2, split=np.array(["train"] * 20 + ["test"] * 4))
    code, out, err = train(capfd, data, *settings)
    assert (code, out, err.splitlines()) == (2, "", [f"snnfpga: {line}"])


def test_a_network_that_learns_nothing_on_chip_is_trained_where_it_need_not(data, capfd):
    code, _, err = train(capfd, data, "on_chip.dead_zone=127", "hardware.learning=false")
    assert (code, "never learn" in err) == (0, False)


def test_a_threshold_that_no_membrane_reaches_is_refused(data, capfd):
    code, out, err = train(capfd, data, "network.threshold=1e5", "network.initial=kaiming", "network.membrane_bits=24")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("snnfpga: Block 0 layer 0 can never fire: with the largest weights a membrane reaches ")


def test_short_and_silent_samples_are_said_with_their_share(data, capfd):
    code, _, err = train(capfd, data, "learning.loss_steps=1")
    lines = err.splitlines()
    assert code == 0
    assert lines[:2] == [
        "Warning: 40 % of the training samples (8 of 20) teach nothing: they have fewer than 3 steps, the first "
        "step that is learned from by learning.window, loss_steps and update_interval",
        "Warning: 10 % of the training samples (2 of 20) have no event, and no input of theirs can be learned from"]
    told = call(capfd, "learn", "runs/mine", "--json")[2].splitlines()
    assert [line for line in told if "learning made the network worse" not in line] == lines[:1]


def test_a_network_that_no_sample_teaches_does_not_learn(data, capfd):
    assert train(capfd, data)[0] == 0
    short = np.random.default_rng(1).random((9, 2, 5)) < 0.5
    np.savez("short.npz", spikes=short.astype(np.uint8), label=np.arange(9) % 2)
    assert call(capfd, "learn", "runs/mine", "--data", "short.npz", "--json")[0] == 0
    assert train(capfd, data, "learning.loss_steps=1", "name=late")[0] == 0
    code, out, err = call(capfd, "learn", "runs/late", "--data", "short.npz", "--json")
    assert (code, out) == (2, "")
    assert err == ("snnfpga: Network runs/late/network.safetensors learns from samples of at least 3 steps, and the "
                   "longest has 2; train it with a smaller learning.window or update_interval, or more loss_steps\n")


def test_an_epoch_without_a_loss_is_said_once(capfd):
    warned = set()
    for epoch in (1, 2):
        _warn(EpochMetrics(epoch, 0.0, 0.1, [None, None], 0.5, [0.5], [[0.2]]), warned)
    _warn(EpochMetrics(3, 0.0, 0.1, [None, 0.5], 0.5, [0.5], [[0.2]]), set())
    assert capfd.readouterr().err == "Warning: epoch 1 had no loss in any block: nothing was learned in it\n"


def reference_changes(spec, seed):
    """Whether the reference changes any stored value in some long samples of every event and of few."""
    reference = Reference(random_network(spec, seed, density=0.5))
    generator = np.random.default_rng(seed)
    for number in range(8):
        events = generator.random((spec.max_steps, spec.inputs)) < (0.2, 0.5, 1.0)[number % 3]
        reference.run(events.astype(np.uint8), number % spec.classes, learn=True)
    return reference.counters[0]["weights_written"] > 0


def test_a_block_is_futile_exactly_where_a_bound_says_so():
    """One unit below each bound the block learns, and at the bound no sample moves a weight."""
    spec = network_spec(inputs=8, sizes=(9,), window=3, max_steps=6, rate_shift=3, readout_rate_shift=3)
    block = spec.blocks[0]

    def with_block(**values):
        return replace(spec, blocks=(replace(block, **values),))

    def zoned(zone):
        return with_block(readout=replace(block.readout, dead_zone=zone))

    def shifted(rate, readout_rate):
        return with_block(layers=(changed(block.layers[0], update__rate_shift=rate),),
                          readout=replace(block.readout, rate_shift=readout_rate))

    layer_bits, readout_bits = delta_max(block, 0).bit_length(), readout_delta_max(block).bit_length()
    cases = {zoned(125): True, zoned(124): False, with_block(update_interval=3): True,
             with_block(update_interval=2): False, shifted(layer_bits + 1, readout_bits + 1): True,
             shifted(layer_bits + 1, readout_bits): False}
    for case, futile in cases.items():
        assert (futile_blocks(case) == {}) is not futile
        if futile:
            assert not reference_changes(case, 1)
    assert least_steps(with_block(update_interval=2, loss_steps=1).blocks[0]) == 6
    assert futile_blocks(network_spec(learning=False, dead_zone=127)) == {}


def test_no_error_is_above_the_largest():
    for function in ("logistic", "hard_sigmoid"):
        for shift in (-2, 0, 3, 12, 20):
            readout = replace(network_spec(error_function=function, logit_shift=shift).blocks[0].readout, inputs=3)
            reach = 2 * 3 * 128
            logits = np.array([-reach, -1, 0, 1, reach], np.int64)
            table = np.array([int(p) for p in _table(function)], np.int64)
            met = max(int(np.abs(errors(logits, label, shift, table, 0)).max()) for label in range(5))
            assert met == largest_error(readout, 2)


def _table(function):
    from rtl_gen.contract.arithmetic import error_table
    return error_table(function)


@pytest.mark.parametrize("leak", [None, 1, 3])
def test_a_layer_is_silent_only_where_no_weights_make_it_fire(leak):
    """The largest weights and every event: what does not fire then never does."""
    for threshold in range(100, 3000, 150):
        spec = network_spec(inputs=2, sizes=(1,), weight_bits=8, shadow_bits=0, leak_shift=leak, threshold=threshold,
                            surrogate_width=9, max_steps=9, window=3, bias=False)
        network = random_network(spec, 1)
        network.weights[0][0][:] = 127
        fired = Reference(network).run(np.ones((9, 2), np.uint8), 0, learn=False, trace=True).spikes[0][0].any()
        if silent_layer(spec) is not None:
            assert not fired
        else:
            assert fired or threshold > 2 * 127 * 1.9      # the bound is a little above what is reached
