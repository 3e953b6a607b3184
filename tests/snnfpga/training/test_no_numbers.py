"""Weights that are no numbers, and a disk that is full, leave what was good."""

from dataclasses import replace
from pathlib import Path

import pytest

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.api.scope import Stopped
from snnfpga.learning import truncated_local
from snnfpga.learning.registry import RULES
from snnfpga.runs import metrics
from tests.snnfpga.training.small import config, contents, train


@pytest.mark.parametrize(("changes", "found"), [
    ({"learning": {"rule": "s-tllr", "traces": {"alpha_pre": 1e39}}}, "120 of 120 weights of block 0 layer 0"),
    ({"network": {"normalise": "weights"}, "training": {"rate": 1e38}}, "120 of 120 weights of block 0 layer 0"),
    # Float32 may round their sums, so they are looked at in each batch.
    ({"learning": {"rule": "s-tllr", "traces": {"alpha_pre": 1e39}},
      "network": {"blocks": [[8], [600], [8]], "weight_bits": 16, "membrane_bits": 20}},
     "96 of 96 weights of block 0 layer 0"),
])
def test_weights_that_are_no_numbers_are_not_kept(data, changes, found):
    """Every loss is finite: a membrane that is NaN never fires."""
    with pytest.raises(SnnfpgaError) as caught:
        train(config(data, **changes))
    assert (str(caught.value), caught.value.exit_code) == (
        f"Training stopped: {found} are NaN or infinite; lower training.rate, or the factors of learning.traces "
        "(snnfpga diagnose says how the layers stand). A checkpoint that was saved before stays", 1)
    assert {path.name for path in contents(Path("runs/small"))} & {"checkpoint.safetensors",
                                                                  "network.safetensors"} == set()


@pytest.mark.parametrize(("name", "batch", "found"), [
    ("blocks.0.layers.0.gain", 8, "12 of 120 weights of block 0 layer 0 are NaN or infinite"),
    ("blocks.1.learned_readout.linear.weight", 8, "the loss of block 1 is nan in epoch 2"),
    ("blocks.1.learned_readout.linear.weight", 90, "1 of 24 weights of the readout of block 1 are NaN or infinite")])
def test_a_good_checkpoint_stays_where_a_gradient_is_infinite(data, monkeypatch, name, batch, found):
    settings = config(data, network={"normalise": "weights"}, training={"batch": batch})
    folder = Path("runs/small")

    def stop(log, line):
        if line.epoch == 2:
            raise KeyboardInterrupt
        written(log, line)

    def spoil(network, settings, batch):
        learned = truncated_local.learn(network, settings, batch)
        network.get_parameter(name).grad[0, 0] = float("inf")
        return learned

    written = metrics.MetricsLog.write
    with monkeypatch.context() as patch:
        patch.setattr(metrics.MetricsLog, "write", stop)
        with pytest.raises(Stopped, match=r"^Stopped with 1 of 4 epochs done"):
            train(settings)
    before = (folder / "checkpoint.safetensors").read_bytes()
    monkeypatch.setitem(RULES, "truncated-local", replace(RULES["truncated-local"], learn=spoil))
    with pytest.raises(SnnfpgaError, match=f"^Training stopped: {found}; lower training.rate"):
        train(settings, resume=True)
    assert (folder / "checkpoint.safetensors").read_bytes() == before
    assert not (folder / "network.safetensors").exists()


def test_a_disk_that_fills_names_the_file(data, monkeypatch):
    def full(*arguments, **settings):
        raise OSError(28, "No space left on device")

    log = metrics.MetricsLog(Path(), 0)
    monkeypatch.setattr(metrics.json, "dumps", full)    # called while the line is written
    with pytest.raises(OSError, match="No space left") as caught:
        log.write(metrics.EpochMetrics(1, 0.0, 0.0, [None], 0.0, [0.0], [[0.0]]))
    assert caught.value.filename == "metrics.jsonl"
