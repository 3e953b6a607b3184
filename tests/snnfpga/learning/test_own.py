"""A rule that stands in the user's folder and not in the registry."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from snnfpga.learning.registry import RULES, find_rule
from tests.verbs import UNSEARCHED, call

QUICK = ["--set", "training.epochs=1", "--set", "network.blocks=[[8], [8]]", "--set", "training.batch=256",
         *UNSEARCHED]
LOCAL = """
from snnfpga.errors import USAGE, SnnfpgaError
from snnfpga.learning.registry import find_rule
from snnfpga.learning.rule import Rule

def check(config):
    if config.learning.window != 4:
        raise SnnfpgaError(f"Rule of mine must have learning.window 4, not {config.learning.window}; leave it", USAGE)

RULE = mine = Rule(name="local", source="here", keeps="a window", costs="little", check=check,
                   learn=find_rule("truncated-local").learn)
number = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder on the path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def test_a_rule_without_a_formula_trains_and_is_counted(folder, capsys):
    Path("my_rules.py").write_text(LOCAL)
    rule = [*QUICK, "--set", "learning.rule=my_rules.mine"]
    code, out, err = call(capsys, "train", *rule, "--json", whole=True)
    assert code == 0
    assert err.startswith("Hardware: fits pynq-z2 ")
    accuracy = json.loads(out)["test_accuracy"]
    assert yaml.safe_load(Path("runs/digits/config.yaml").read_text())["learning"]["rule"] == "my_rules.mine"
    assert json.loads(call(capsys, "train", *QUICK, "--out", "runs/ours", "--json")[1])["test_accuracy"] == accuracy
    for arguments in (("runs/digits",), rule):
        code, out, _ = call(capsys, "diagnose", *arguments, "--json")
        assert (code, json.loads(out)["rule"]) == (0, "my_rules.mine")
        assert all(layer["gradient"] for layer in json.loads(out)["layers"])
    counted, = json.loads(call(capsys, "cost", *QUICK, "--json")[1])["cells"]
    code, out, _ = call(capsys, "cost", *rule, "--json")
    found, = json.loads(out)["cells"]
    assert (code, found["cost"], found["peak_activation_bytes"]) == (
        0, counted["cost"], counted["peak_activation_bytes"])
    reasons = ["Formula of rule my_rules.mine must be carried by it, and it carries none; go by what was counted",
               "Formula of kept bytes must have learning.feedback readout and a rule that carries one, not readout and "
               "my_rules.mine; go by what was measured"]
    assert found["formula"] == {"cost": None, "peak_activation_bytes": None, "absent": reasons}
    code, out, err = call(capsys, "cost", *rule)
    assert (code, out.count("none"), err) == (
        0, 2, "".join(f"No value by formula: {reason}\n" for reason in reasons))


def test_a_run_goes_on_by_it(folder, capsys, monkeypatch):
    from snnfpga.runs.metrics import MetricsLog

    Path("my_rules.py").write_text(LOCAL)
    longer = ["train", *QUICK, "--set", "training.epochs=2", "--set", "learning.rule=my_rules.mine"]
    written = MetricsLog.write

    def stop_in_the_second(log, line):
        if line.epoch == 2:
            raise KeyboardInterrupt
        written(log, line)

    whole = json.loads(call(capsys, *longer, "--out", "runs/whole", "--json")[1])
    with monkeypatch.context() as patch:
        patch.setattr(MetricsLog, "write", stop_in_the_second)
        assert call(capsys, *longer)[0] == 1
    code, out, _ = call(capsys, "train", "--resume", "--out", "runs/digits", "--json")
    assert (code, json.loads(out)["test_accuracy"]) == (0, whole["test_accuracy"])


def test_the_command_finds_it_in_its_folder(folder):
    """In a process of its own, which does not start with the folder in its path."""
    Path("my_rules.py").write_text(LOCAL)
    script = ("import sys\nfrom snnfpga.cli import main\nassert '' not in sys.path\n"
              "main(['cost', '--set', 'learning.rule=my_rules.mine', '--json'])")
    Path("elsewhere").mkdir()
    Path("elsewhere/script.py").write_text(script)
    done = subprocess.run([sys.executable, "elsewhere/script.py"], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["rule"] == "my_rules.mine"


def test_a_module_of_a_folder(folder):
    Path("my_folder").mkdir()
    Path("my_folder/local.py").write_text(LOCAL)
    found = find_rule("my_folder.local")
    assert (found.name, found.source) == ("my_folder.local", "here")
    assert find_rule("my_folder.local.mine").name == "my_folder.local.mine"
    assert find_rule("my_folder.local").name == "my_folder.local"       # now that its folder knows it by name
    assert "my_folder.local" not in RULES


def test_it_checks_a_configuration(folder, capsys):
    Path("my_rules.py").write_text(LOCAL)
    for verb in ("train", "cost", "diagnose"):
        for setting, line in (
                ("learning.window=3", "Rule of mine must have learning.window 4, not 3; leave it"),
                ("network.blocks=[[8R]]",
                 "Rule my_rules.mine is of feed-forward layers and cannot serve recurrent ones (R); take one of "
                 "truncated-local, bptt, bptt-checkpoint, ottt, otpe, s-tllr, or leave the R out")):
            assert call(capsys, verb, "--set", "learning.rule=my_rules.mine", "--set", setting) == (
                2, "", f"snnfpga: {line}\n")


@pytest.mark.parametrize(("path", "why"), [
    ("my_absent.mine", "no module my_absent is in {folder}, nor installed"),
    ("my_absent.sub.mine", "no module my_absent.sub is in {folder}, nor installed"),
    ("my_rules.absent", "my_rules has no absent"),
    ("my_rules.number", "what is there is of type int, not snnfpga.learning.rule.Rule"),
    ("my_rules.check", "what is there is of type function, not snnfpga.learning.rule.Rule"),
    ("my_folder.bare", "that module has no RULE"),
    ("my_broken.mine", "importing my_broken fails with SyntaxError: invalid syntax (my_broken.py, line 2)"),
    ("my_needy.mine", "importing my_needy fails with ModuleNotFoundError: No module named 'my_own_absent'"),
    ("my_failing.mine", "importing my_failing fails with KeyError: 'seven'"),
])
def test_what_is_no_rule(folder, capsys, path, why):
    Path("my_folder").mkdir()
    for name, text in {"my_rules": LOCAL, "my_folder/bare": "", "my_broken": "a = 1\nb = = 2\n",
                       "my_needy": "import my_own_absent\n", "my_failing": "{}['seven']\n"}.items():
        Path(f"{name}.py").write_text(text)
    assert call(capsys, "train", "--set", f"learning.rule={path}") == (
        2, "", f"snnfpga: Learning rule {path} cannot be used: {why.format(folder=folder)}; give module.name of a "
               "Rule, or a module that has a RULE, or take one that snnfpga rules lists\n")
    assert not Path("runs").exists()


def test_what_is_no_path_is_a_name(folder, capsys):
    for name in ("btpt.", "bp-tt.x"):
        code, _, err = call(capsys, "train", "--set", f"learning.rule={name}")
        assert (code, err.startswith(f"snnfpga: No learning rule is called '{name}'; ")) == (2, True)
