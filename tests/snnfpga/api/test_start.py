"""``train(start=...)`` is ``snnfpga train --from``, and ``from_torch(check=...)`` compares as ``import --check``."""

from pathlib import Path

import numpy as np
import pytest

import snnfpga
from snnfpga.api.configure import settings_of
from tests.snnfpga.importers.nir_files import neurons
from tests.verbs import UNSEARCHED, call, small_data

ONE_EPOCH = {"training.epochs": 1, "on_chip.rate_shift": 8, "on_chip.readout_rate_shift": 2}


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """A network of snnTorch's kind on ``mine.npz``, in a file, and its recorded spikes."""
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    small_data()

    class Leaky(torch.nn.Module):
        beta, threshold, reset_mechanism, reset_delay = torch.tensor(0.5), torch.tensor(1.0), "subtract", True
        inhibition = state_quant = False

    torch.manual_seed(0)
    linear = torch.nn.Linear(8, 4, bias=False)
    with torch.no_grad():
        linear.weight.copy_(torch.round(64 * linear.weight) / 16)
    events = np.load("mine.npz")["spikes"].swapaxes(0, 1)
    spikes = neurons(events @ linear.weight.detach().numpy().T, keep=0.5, gain=1.0, threshold=1.0, above=True,
                     reset="late").astype(np.uint8)
    assert spikes.any()
    np.savez("recorded.npz", steps=6, samples=40, input_shape=np.array([8]), inputs_packed=np.packbits(events, -1),
             predictions=spikes.sum(0, dtype=int).argmax(1), layer0_counts=spikes.sum(0, dtype=int),
             layer0_spikes_packed=np.packbits(spikes, -1))
    found = snnfpga.from_torch([linear, Leaky()], (8,), data="mine.npz", check="recorded.npz",
                               on_line=lambda line: None)
    return found, found.network.save("imported.safetensors")


@pytest.mark.filterwarnings("ignore::snnfpga.SnnfpgaWarning")
def test_start_is_from(imported, capsys):
    found, network = imported
    layer, = found.check.layers
    assert (layer.differing, found.check.same_predictions) == (0, 40)
    mine = snnfpga.train(start=network, changes=ONE_EPOCH, training={"batch": 8}, out="runs/python")
    status, _, err = call(capsys, "train", "--from", "imported.safetensors", "--set", "training.epochs=1", *UNSEARCHED,
                          "--set", "training.batch=8", "--out", "runs/line")
    assert (status, err) == (0, "")
    theirs = snnfpga.load("runs/line")
    assert mine.config.network.file == network.path
    assert mine.network.spec == theirs.spec
    for ours, line in zip(mine.network.values.weights, theirs.values.weights, strict=True):
        assert [one.tolist() for one in ours] == [one.tolist() for one in line]


@pytest.mark.parametrize(("arguments", "line"), [
    ({"start": "absent.safetensors"}, "No run or network absent.safetensors; make one with: snnfpga train"),
    ({"start": ""}, "A network to start from must be a snnfpga.Network, a run's folder or the path of a network file, "
                    "not ''; snnfpga.load reads one"),
    ({"start": 3}, "A network to start from must be a snnfpga.Network, a run's folder or the path of a network file, "
                   "not 3; snnfpga.load reads one"),
    ({"start": "absent.safetensors", "config": {"seed": 1}},
     "A configuration beside start must be a YAML file, not {'seed': 1}; say what is to be otherwise by changes, or by "
     "tables such as training={...}"),
    ({"start": "absent.safetensors", "resume": True},
     "resume goes on with a run, which knows where it began; leave start out"),
])
def test_what_start_refuses(arguments, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(snnfpga.SnnfpgaError) as refused:
        snnfpga.train(**arguments)
    assert (str(refused.value), refused.value.exit_code) == (line, 2)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("arguments", "line"), [
    ({"changes": {"learning.window": None}}, "Config learning.window must be an integer, not None"),
    ({"training": {"threads": None}}, "Config training.threads must be an integer, not None"),
])
def test_none_is_refused_beside_start_as_without(imported, arguments, line):
    for start in ({}, {"start": imported[1]}):
        with pytest.raises(snnfpga.SnnfpgaError) as refused:
            snnfpga.train(**start, **arguments)
        assert str(refused.value) == line


def test_a_path_in_a_table_is_one():
    assert settings_of({"data.root": Path("/sets")}) == ('data.root="/sets"',)


def test_a_network_in_memory_is_no_start(imported):
    with pytest.raises(snnfpga.SnnfpgaError, match=r"must lie in a file, so that .* save it with network\.save"):
        snnfpga.train(start=imported[0])
