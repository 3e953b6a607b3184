"""What Python may give for a configuration and for data, and how it is refused."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import snnfpga
from snnfpga.api.data import Data, data_given, named
from snnfpga.config.file import read_config
from snnfpga.data.npz import load_npz
from snnfpga.data.options import DataOptions


def test_a_configuration_is_what_the_command_line_makes_of_it(tmp_path):
    file = tmp_path / "one.yaml"
    file.write_text("seed: 3\nlearning: {window: 4, rule: ottt}\n")
    wanted = read_config(file, ["learning.window=8", "training.epochs=2", "network.blocks=[[4], [5]]"])
    assert snnfpga.configure(file, {"learning.window": 8}, training={"epochs": 2},
                             network={"blocks": [[4], [5]]}) == wanted
    assert snnfpga.configure({"seed": 3, "learning": {"window": 8, "rule": "ottt"}, "training": {"epochs": 2},
                              "network": {"blocks": [[4], [5]]}}) == wanted
    assert snnfpga.configure(snnfpga.configure(file), {"learning.window": 8}, training=wanted.training,
                             network=wanted.network) == wanted
    assert snnfpga.configure() == read_config(None)
    own = snnfpga.configure(data={"name": "mine.npz"})
    assert own == read_config(None, ["data.name=mine.npz"])
    assert own.name == "mine"
    assert not own.training.model_fields_set


class Neuron(torch.nn.Module):
    """A neuron that PyTorch alone could compute."""


@pytest.mark.parametrize(("given", "line"), [
    (dict(learning={"window": 0}), "Config learning.window must be at least 1, not 0"),
    (dict(lerning={}), "Config key 'lerning' is unknown; did you mean learning?"),
    (dict(config="none.yaml"), "Config none.yaml cannot be read"),
    (dict(changes={"learning.windows": 1}), "Config section learning has no key 'windows'; did you mean window?"),
    (dict(network={"neuron": Neuron}), "Config network.neuron must be the name of a neuron or value, not the module "
                                       "Neuron: the hardware and"),
    (dict(network={"neuron": Neuron()}), "Config network.neuron must be the name of a neuron or value, not the module "
                                         "Neuron: the hardware and"),
])
def test_a_configuration_is_refused_in_one_line(given, line):
    with pytest.raises(snnfpga.SnnfpgaError) as caught:
        snnfpga.configure(**given)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_config_made_by_hand_is_refused_in_one_line_too():
    with pytest.raises(snnfpga.SnnfpgaError, match=r"^Config learning.window must be at least 1, not 0$"):
        snnfpga.Config(learning={"window": 0})


DENSE = (np.arange(8 * 3 * 5).reshape(8, 3, 5) % 3 == 0).astype(np.uint8)


def loaded(data, tmp_path, **options):
    data.write(tmp_path / "data.npz")
    return load_npz(tmp_path / "data.npz", DataOptions(**options))


def test_samples_one_by_one_may_end_at_different_steps(tmp_path):
    pairs = [(torch.ones(2 + index % 2, 3), index % 2) for index in range(6)]
    found = loaded(data_given(pairs), tmp_path)
    assert found.train.spikes.shape[1:] == (3, 3)
    assert sorted({*found.train.lengths.tolist()}) == [2, 3]


def test_events_with_fields_become_steps(tmp_path):
    events = np.array([(0, 1, 0, 1), (50, 2, 1, 0)], dtype=[("t", int), ("x", int), ("y", int), ("p", int)])
    found = loaded(Data.from_samples([(events, 0), (events, 1)] * 5, sensor=(2, 3)), tmp_path, steps=2)
    assert found.sensor == (2, 3, 2)
    assert int(np.asarray(found.train.spikes[:]).sum()) == 2 * len(found.train)


def test_data_show_what_they_hold():
    assert repr(Data.of(DENSE, [0, 1] * 4, name="mine")) == "Data mine: spikes uint8 (8, 3, 5), label int64 (8,)"


def test_test_samples_apart(tmp_path):
    ones = np.ones((4, 2, 3))
    found = loaded(Data.of(ones, [0, 1, 0, 1], test=(ones[:2], [1, 0])), tmp_path)
    assert (len(found.train), found.test.labels.tolist()) == (4, [1, 0])


class Frame:
    """What is an array by its protocol alone, as a frame of pandas is."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


@pytest.mark.parametrize(("spikes", "label"), [
    (DENSE.astype(float), [0, 1] * 4), (DENSE.tolist(), np.tile([0.0, 1.0], 4)), (DENSE > 0, Frame([0, 1] * 4)),
    (torch.tensor(DENSE, dtype=torch.float32, requires_grad=True), torch.tensor([0, 1] * 4)),
    (np.asfortranarray(DENSE), np.array([0, 1] * 4, object)), (np.repeat(DENSE, 2, axis=2)[:, :, ::2], (0, 1) * 4),
    (Frame(DENSE), [np.int64(0), np.int64(1)] * 4), (DENSE.astype(object), torch.tensor([0.0, 1.0] * 4))])
def test_samples_of_whatever_kind_are_the_same_samples(spikes, label, tmp_path):
    found = loaded(data_given((spikes, label)), tmp_path)
    wanted = loaded(data_given((DENSE, np.array([0, 1] * 4))), tmp_path)
    for half in ("train", "test"):
        ours, theirs = getattr(found, half), getattr(wanted, half)
        assert np.array_equal(ours.spikes[:], theirs.spikes[:])
        assert ours.labels.tolist() == theirs.labels.tolist()
    assert loaded(data_given([*zip(np.asarray(DENSE), [0, 1] * 4, strict=True)]), tmp_path).train.labels.tolist() == \
        wanted.train.labels.tolist()


@pytest.mark.parametrize(("give", "line"), [
    (lambda: data_given((DENSE, None)), "Data data: label must hold numbers, not None; convert it to an array of"),
    (lambda: data_given((DENSE, ["a", None] * 4)), "Data data: label must hold numbers, not 'a'; convert it"),
    (lambda: data_given(([[[1]], [[1], [0]]], [0, 1])), "Data data: spikes must be an array, all of whose rows are"),
    (lambda: data_given((np.array([DENSE[0], DENSE[1, :2]], object), [0, 1])), "Data data: spikes must be an array, a"),
    (lambda: snnfpga.train(data=(DENSE, [0.0, 1e20] * 4)), "Data data.npz: label must hold integers, not float64"),
    (lambda: Data.of(DENSE, [0, 1] * 4, test=(DENSE, 0)), "Data data: label must be one number for each sample, of"),
    (lambda: Data.from_samples({"spikes": DENSE}), "Data data must be a data set of pairs with a length, not {"),
    (lambda: data_given(DENSE), "Data must be a data set's name, the path of an .npz, a pair (spikes, labels)"),
    (lambda: data_given((DENSE, [0], 3)), "Data must be a data set's name, the path of an .npz, a pair (spikes"),
    (lambda: data_given({}), "Data must be a data set's name, the path of an .npz, a pair (spikes, labels)"),
    (lambda: data_given(b"mine.npz"), "Data must be a data set's name, the path of an .npz, a pair (spikes, labels)"),
    (lambda: data_given(torch.utils.data.DataLoader([(DENSE[0], 0)])), "Data must be a data set's name, the path of"),
    (lambda: snnfpga.train(data={}), "Data must be a data set's name, the path of an .npz, a pair (spikes, labels)"),
    (lambda: snnfpga.cost(data={}), "Data must be a data set's name, the path of an .npz, a pair (spikes, labels)"),
    (lambda: snnfpga.train(data=[(DENSE[0], 0.5)] * 4), "Data data.npz: label must hold integers, not float64 that"),
    (lambda: Data.from_samples(3), "Data data must be a data set of pairs with a length, not 3"),
    (lambda: Data.from_samples([(np.zeros(2, [("t", int)]), 0)], sensor=3),
     "Data data: sensor must be (height, width), not 3"),
    (lambda: Data.of(DENSE, [0, 1] * 4, test=3), "Data data: test must be a pair (spikes, label), not 3"),
    (lambda: Data.of(DENSE, [0, 1] * 4, name=3), "A name of data must be that of a file, without a folder, not 3"),
    (lambda: Data(3), "Data data must be a table of arrays by their names, not 3; snnfpga.Data.of takes spikes"),
    (lambda: data_given(3), "Data must be a data set's name, the path of an .npz, a pair (spikes, labels)"),
    (lambda: data_given([]), "Data data must have at least one sample, and has none"),
    (lambda: data_given([1, 2]), "Data data must give a pair (sample, label) for each index, not 1 (sample 0)"),
    (lambda: data_given([(np.ones((2, 3)), 0), (np.ones((2, 4)), 1)]),
     "Data data must have samples of shape (steps, 3), not (2, 4) (sample 1); give them the same inputs"),
    (lambda: Data.of(np.ones((2, 2, 3)), [0, 1], test=(np.ones((2, 2, 4)), [0, 1])),
     "Data data: test spikes must have shape (samples, 2, 3) as the others, not (2, 2, 4)"),
    (lambda: Data.from_samples([(np.zeros(2, [("t", int)]), 0)]), "Data data holds events, which do not say how large"),
    (lambda: Data.from_samples([(np.zeros(2, [("t", int)]), 0)], sensor=(2, 2)),
     "Data data must have events with the fields t, x, y, p, and sample 0 lacks x; name it so"),
    (lambda: snnfpga.train(data=(np.full((4, 2, 3), 0.5), [0, 1, 0, 1])), "Data data.npz: spikes"),
    (lambda: snnfpga.evaluate(3), "A network must be a snnfpga.Network, a run's folder or the path of a network file"),
])
def test_data_is_refused_in_one_line(give, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(snnfpga.SnnfpgaError) as caught:
        give()
    assert str(caught.value).startswith(line)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.endswith("lock")]


def test_the_package_imports_at_once_and_all_its_names_are_there():
    code = ("import sys, snnfpga; assert not {'torch', 'numpy', 'rich', 'pydantic'} & {*sys.modules}; "
            "assert {*snnfpga.__all__} <= {*dir(snnfpga)}; from snnfpga import Config, train; assert callable(train); "
            "assert all(getattr(snnfpga, name) for name in snnfpga.__all__)")
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="has no 'trian'"):
        _ = snnfpga.trian


@pytest.mark.parametrize("arrays", [
    {"spikes": DENSE, "step_label": np.zeros((8, 3), np.int64)},
    {"t": np.zeros(3), "offset": np.arange(9) // 3, "segment_offset": np.zeros(9, np.int64)},
    {"spikes": DENSE, "label": np.arange(8) % 2},
])
def test_all_samples_in_memory_are_of_the_half_that_is_asked_for(arrays):
    with named(arrays, "test") as path:
        assert np.load(path)["split"].tolist() == ["test"] * 8


@pytest.mark.parametrize(("values", "line"), [
    (np.ma.array(DENSE, mask=DENSE > 0), "spikes must be an array without a mask"),
    (torch.tensor(DENSE).to(torch.bfloat16), "not torch.bfloat16 as torch.strided; give .to_dense(), or .float()"),
    (torch.tensor(DENSE).float().to_sparse(), "not torch.float32 as torch.sparse_coo; give .to_dense(), or .float()"),
])
def test_what_numpy_would_not_hold_is_named(values, line):
    with pytest.raises(snnfpga.SnnfpgaError) as refused:
        data_given((values, np.arange(8) % 2))
    assert line in str(refused.value)


def test_samples_too_few_to_hold_one_out_are_refused_before_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(snnfpga.SnnfpgaError, match="has no test samples"):
        snnfpga.train(data=(DENSE[:3], [0, 1, 2]), training={"epochs": 1}, network={"blocks": [[7]]})
    assert not list(tmp_path.iterdir())
