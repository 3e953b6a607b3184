"""A rule of the user's that fails in training is one line that says where, and leaves no run in the way."""

import sys
from pathlib import Path

import pytest

from snnfpga.learning.registry import find_rule
from tests.verbs import call, small_data

QUICK = ["--set", "data.name=mine.npz", "--set", "network.blocks=[[8]]", "--set", "training.epochs=1"]

RULE = """
import torch
from dataclasses import replace
from snnfpga.learning.registry import find_rule
from snnfpga.learning.rule import Rule

def learn(network, settings, batch):
    found = find_rule("truncated-local").learn(network, settings, batch)
    {body}

def check(config):
    {check}

RULE = Rule(name="mine", source="here", keeps="", costs="", learn=learn, check=check)
"""
WANTED = ("must return a Learned with answers of ({batch}, 4) and a loss, or None, for each of 1 blocks, {what}; mend "
          "it there")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    small_data()


@pytest.mark.parametrize(("body", "says"), [
    ("raise ValueError('of mine')", "fails in my_rule.py, line 9: ValueError: of mine; mend it there"),
    ("raise SystemExit", "fails in my_rule.py, line 9: SystemExit; mend it there"),
    ("return found.nothing", "fails in my_rule.py, line 9: AttributeError: 'Learned' object has no attribute "
                             "'nothing'; mend it there"),
    ("torch.ones(2) @ torch.ones(3)", "fails in my_rule.py, line 9: RuntimeError: inconsistent tensor size, expected "
                                      "tensor [2] and src [3] to have the same number of elements, but got 2 and 3 "
                                      "elements respectively; mend it there"),
    ("return None", "in my_rule.py " + WANTED.format(batch=28, what="not NoneType")),
    ("return found.losses", "in my_rule.py " + WANTED.format(batch=28, what="not list")),
    ("return replace(found, answers=found.answers[:1])",
     "in my_rule.py " + WANTED.format(batch=28, what="not one with answers of (1, 4)")),
    ("return replace(found, answers=None)",
     "in my_rule.py " + WANTED.format(batch=28, what="not one with answers of NoneType")),
    ("return replace(found, losses=[])", "in my_rule.py " + WANTED.format(batch=28, what="not one with 0 losses")),
])
def test_what_fails_in_training_is_one_line(here, capsys, body, says):
    Path("my_rule.py").write_text(RULE.format(body=body, check="pass"))
    arguments = ["train", *QUICK, "--set", "learning.rule=my_rule.RULE", "--set", "training.batch=64"]
    assert call(capsys, *arguments) == (1, "", f"snnfpga: Learning rule my_rule.RULE {says}\n")
    assert not Path("runs").exists()


def test_what_fails_in_its_check_is_one_line(here, capsys):
    Path("my_rule.py").write_text(RULE.format(body="return found", check="config.nothing"))
    code, _, err = call(capsys, "train", *QUICK, "--set", "learning.rule=my_rule.RULE")
    assert (code, err) == (1, "snnfpga: Learning rule my_rule.RULE fails in my_rule.py, line 12: AttributeError: "
                              "'Config' object has no attribute 'nothing'; mend it there\n")


def test_what_no_line_of_it_led_to_stays_what_it_is(here):
    Path("my_rule.py").write_text("from dataclasses import replace\nfrom snnfpga.learning.bptt import RULE as found\n"
                                  "RULE = replace(found)\n")
    with pytest.raises(AttributeError):     # a mistake of ours, with its traceback
        find_rule("my_rule.RULE").learn(None, None, None)


def test_a_module_that_ends_the_process_is_one_line(here, capsys):
    Path("my_rule.py").write_text("raise SystemExit('bare')\n")
    assert call(capsys, "train", *QUICK, "--set", "learning.rule=my_rule.RULE") == (
        2, "", "snnfpga: Learning rule my_rule.RULE cannot be used: importing my_rule fails with SystemExit: bare; "
               "give module.name of a Rule, or a module that has a RULE, or take one that snnfpga rules lists\n")
