"""Every argument of every function from Python: of another kind it is refused in one line that names it."""

import inspect
import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import snnfpga
from rtl_gen.contract.errors import USAGE, shown
from snnfpga.api.arguments import checked, listed

REQUIRED = {"import_nir": {"path": "x.nir", "source": "nir"}, "from_torch": {"modules": [], "input_shape": (8,)},
            "export_nir": {"network": "x", "path": "x.nir"}, "verify": {"build": "x"}, "load": {"target": "x"},
            **{name: {"network": "x"} for name in ("build", "evaluate", "learn")}}
FUNCTIONS = ("build", "configure", "cost", "diagnose", "evaluate", "export_nir", "from_torch", "import_nir", "learn",
             "load", "train", "verify")
OWN = {"network", "start", "data", "rehearse", "modules"}       # of many kinds, which they check and explain themselves


class Odd:
    """What no argument may be."""


def arguments():
    for name in FUNCTIONS:
        for parameter in inspect.signature(getattr(snnfpga, name)).parameters.values():
            if parameter.kind is not parameter.VAR_KEYWORD:
                yield name, parameter.name


@pytest.mark.parametrize(("name", "argument"), [*arguments()])
def test_an_argument_of_another_kind_is_one_line(name, argument, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for wrong in (Odd(), np.zeros((3, 1000)), {3: [1] * 1000}):
        with pytest.raises(snnfpga.SnnfpgaError) as caught:
            getattr(snnfpga, name)(**REQUIRED.get(name, {}) | {argument: wrong})
        line = str(caught.value)
        if argument not in OWN or (name, argument) == ("import_nir", "data"):
            assert line.startswith(f"Argument {argument} of snnfpga.{name} must be ")
        assert caught.value.exit_code == USAGE
        assert "\n" not in line
        assert len(line) < 350
    assert os.listdir(tmp_path) == []


def test_every_function_is_looked_at():
    public = {name for name in snnfpga.__all__ if inspect.isfunction(getattr(snnfpga, name))}
    assert public == {*FUNCTIONS}


@pytest.mark.parametrize(("call", "line"), [
    (lambda: snnfpga.evaluate("x", samples=1.5),
     "Argument samples of snnfpga.evaluate must be an integer or None, not 1.5"),
    (lambda: snnfpga.evaluate("x", samples="3"),
     "Argument samples of snnfpga.evaluate must be an integer or None, not '3'"),
    (lambda: snnfpga.learn("x", samples=True),
     "Argument samples of snnfpga.learn must be an integer or None, not True"),
    (lambda: snnfpga.verify("x", samples=0), "Argument samples of snnfpga.verify must be at least 1, not 0"),
    (lambda: snnfpga.verify("x", seed=-1), "Argument seed of snnfpga.verify must be at least 0, not -1"),
    (lambda: snnfpga.learn("x", passes="2"), "Argument passes of snnfpga.learn must be an integer, not '2'"),
    (lambda: snnfpga.learn("x", passes=10**6), "Argument passes of snnfpga.learn must be at most 100000, not 1000000"),
    (lambda: snnfpga.learn("x", rates=1.5),
     "Argument rates of snnfpga.learn must be 0 .. 3 or 'off', or a list of one for each block, or None, not 1.5"),
    *((call, "A network must be a snnfpga.Network, a run's folder or the path of a network file, not None; "
             "snnfpga.load reads one")
      for call in (lambda: snnfpga.evaluate(None), lambda: snnfpga.learn(None), lambda: snnfpga.build(None),
                   lambda: snnfpga.export_nir(None, "x.nir"))),
    (lambda: snnfpga.load(None),
     "Argument target of snnfpga.load must be a run's folder or the path of a network file, not None"),
    (lambda: snnfpga.verify(None),
     "Argument build of snnfpga.verify must be a build's folder, or what snnfpga.build gave back, not None"),
    (lambda: snnfpga.build("x", board=None), "Argument board of snnfpga.build must be text, not None"),
    (lambda: snnfpga.build("x", unroll="no"),
     "Argument unroll of snnfpga.build must be true or false, or None, not 'no'"),
    (lambda: snnfpga.import_nir("x.nir", "nir", dt="1"),
     "Argument dt of snnfpga.import_nir must be a number or None, not '1'"),
    (lambda: snnfpga.load(""), "Argument target of snnfpga.load must be a run's folder or the path of a network file, "
                               "not ''"),
    (lambda: snnfpga.train((np.zeros((9, 2, 3)), np.zeros(9))),
     "Argument config of snnfpga.train must be a YAML file, a table of keys or a snnfpga.Config, or None, not (a "
     "float64 array of shape (9, 2, 3), a float64 array of shape (9,)); samples are given as data=(spikes, label)"),
    (lambda: snnfpga.cost(sweep=[0]), "Argument sweep of snnfpga.cost must be a table as {'window': [1, 2, 'T'], "
                                      "'block': [1, 'all']} or None, not [0]"),
])
def test_the_line_names_what_is_wanted_and_what_was_given(call, line):
    with pytest.raises(snnfpga.SnnfpgaError) as caught:
        call()
    assert str(caught.value) == line


@checked
def taken(*, count: snnfpga.api.arguments.Count = 1, share: snnfpga.api.arguments.Number = 0.5,
          flag: snnfpga.api.arguments.Flag = False, each: snnfpga.api.arguments.Wholes | None = None):
    return count, share, flag, each


def test_numbers_of_numpy_and_pytorch_are_numbers():
    found = taken(count=np.int64(3), share=np.float32(0.25), flag=np.bool_(True), each=np.array([2, 1]))
    assert found == (3, 0.25, True, [2, 1])
    assert [type(one) for one in found] == [int, float, bool, list]
    assert taken(count=torch.tensor(3), share=1, each=4) == (3, 1.0, False, [4])
    assert listed((1, "T")) == [1, "T"]


def test_what_python_says_of_a_name_it_does_not_know_stays():
    with pytest.raises(TypeError, match=r"taken\(\) got an unexpected keyword argument 'counts'"):
        taken(counts=3)


@pytest.mark.parametrize(("value", "text"), [
    (np.zeros((60, 6, 8), np.float32), "a float32 array of shape (60, 6, 8)"),
    (torch.zeros(100), "a torch.float32 Tensor of shape (100,)"),
    (np.zeros((60, 6), np.uint8), "a uint8 array of shape (60, 6)"),
    (SimpleNamespace(shape=(None, 3)), "a SimpleNamespace"),
    ([0] * 10000, "[0, 0, 0, 0, 0, 0, 0, 0, ...] (a list of 10000)"),
    (["a" * 90] * 3, "a list of 3"),
    ({"w": np.zeros((9, 9))}, "{'w': a float64 array of shape (9, 9)}"),
    (torch.nn.Sequential(torch.nn.Linear(2, 2)), "a Sequential"),
    (Odd(), "an Odd"), (Odd, "the class Odd"), (np.int64(6), "np.int64(6)"), (np.array([2]), "array([2])"),
    ("no\nbreak", r"'no\nbreak'"), ([1, "2"], "[1, '2']"),
])
def test_a_value_in_a_message_is_short(value, text):
    assert shown(value) == text


@pytest.mark.parametrize("write", ["save", "export", "samples"])
def test_a_place_that_cannot_be_written_is_one_line(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    network = snnfpga.Network(_network())
    data = snnfpga.Data.of(np.eye(4, dtype=int)[:, None], [0, 1, 0, 1])
    for place in ("folder", "none/x.file"):
        with pytest.raises(snnfpga.SnnfpgaError) as caught:
            {"save": network.save, "samples": data.write,
             "export": lambda place: snnfpga.export_nir(network, place)}[write](place)
        assert place.partition("/")[0] in str(caught.value)
        assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["folder"]


def _network():
    from tests.networks import network

    return network()
