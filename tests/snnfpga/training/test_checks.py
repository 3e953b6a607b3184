"""One list of checks, whatever verb makes the network."""

import importlib
import pkgutil

import numpy as np
import pytest

import snnfpga
from snnfpga.training.checks import OF_CONFIG, OF_DATA
from tests.cue import cue_task
from tests.verbs import call

# One configuration that each of the list refuses, and how its line begins.
REFUSED = {
    "learning.registry": (["learning.rule=none"], "No learning rule is called 'none'"),
    "learning.leaky": (["network.reading=last"], "Config network.reading=last needs network.readout_leak_shift"),
    "learning.lingering": (["network.current_bits=12"], "Config network.current_bits means nothing without"),
    "network.refused": (["network.learn_threshold=true", "network.weight_bits=1"],
                        "Config network.learn_threshold needs weights of at least 2 bits"),
    "training.warm_start": (["training.warm_epochs=1", "network.blocks=[[8R]]"],
                            "Config training.warm_epochs cannot serve recurrent layers"),
    "training.parallel": (["training.parts=2", "learning.update=window"],
                          "Config training.parts adds up the gradients of the parts of a batch"),
    "network.regrid": (["training.epochs=1", "training.regrid=[{after: 1, weight_bits: 4}]"],
                       "Config training.regrid.0.after must be in 1..0"),
    "training.schedule": (["training.period=3"], "Config training.schedule must be cosine-restarts"),
    "training.flips": (["training.flip_threshold=0.1"], "Config training.flip_threshold means nothing"),
    "training.futile": (["training.weight_decay=500"], "Config training.weight_decay must be below 1 / training.rate"),
    "training.teacher": (["training.distill_weight=0.5"], "Config training.distill_weight means nothing"),
    "training.step_labels": (["data.name=STEPS", "learning.rule=bptt-checkpoint"],
                             "Rule bptt-checkpoint learns from one label a sample"),
}


@pytest.fixture
def labels_of_steps(tmp_path_factory):
    """A file whose steps have labels, to stand for STEPS."""
    path = tmp_path_factory.mktemp("data") / "steps.npz"
    spikes, labels = cue_task(samples=20, steps=16, channels=3)
    np.savez(path, spikes=spikes, step_label=labels)
    return str(path)


def test_every_feature_that_checks_is_in_the_list():
    """The checks of single rules apart, which the registry's calls."""
    found = {"check": set(), "check_data": set()}
    for room in ("network", "learning", "training"):
        package = importlib.import_module(f"snnfpga.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name == "snnfpga.training.checks" or module.name.endswith("_triton"):
                continue
            here = importlib.import_module(module.name)
            for name, functions in found.items():
                if getattr(getattr(here, name, None), "__module__", "") == module.name and not hasattr(here, "RULE"):
                    functions.add(getattr(here, name))
    assert (found["check"], found["check_data"]) == (set(OF_CONFIG), set(OF_DATA))
    assert len(OF_CONFIG) == len(found["check"]) == len(REFUSED)


@pytest.mark.parametrize("check", OF_CONFIG, ids=lambda check: check.__module__)
@pytest.mark.parametrize("verb", ["train", "cost", "diagnose"])
def test_every_verb_refuses_the_same(verb, check, labels_of_steps, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    settings, beginning = REFUSED[check.__module__.removeprefix(f"{snnfpga.__name__}.")]
    code, out, err = call(capsys, verb, *(word.replace("STEPS", labels_of_steps)
                                          for setting in settings for word in ("--set", setting)))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"snnfpga: {beginning}")
    assert not list(tmp_path.iterdir())
