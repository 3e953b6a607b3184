"""The Python in the pages on data, training and rules runs as it stands."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml

from snnfpga.config.models import Config
from tests.verbs import call

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["data.md", "training.md", "rules.md"])
def test_code_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = code(page, "python")
    assert blocks
    write_files(blocks)
    names = {}
    for block in blocks:
        exec(block, names)


def test_a_rule_of_ones_own_trains_costs_and_is_diagnosed(tmp_path, monkeypatch, capsys):
    """The lines of the page as they stand, and its formula is what is counted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    write_files(code("rules.md", "python"))
    lines = [line for block in code("rules.md", "sh") for line in block.splitlines()]
    assert [line.split()[:2] for line in lines] == [["snnfpga", verb] for verb in ("train", "cost", "diagnose")]
    for line in lines:
        status, out, err = call(capsys, *line.split()[1:], "--json")
        assert (status, err) == (0, "")
        if " cost " in line:
            cell, = json.loads(out)["cells"]
            assert cell["formula"]["cost"] == cell["cost"]
            assert cell["formula"]["peak_activation_bytes"] == pytest.approx(cell["peak_activation_bytes"], rel=0.05)
            assert cell["formula"]["absent"] == []


def code(page, language):
    """The blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


def write_files(blocks):
    """Write the blocks that begin with the name of a file to that file."""
    for block in blocks:
        name = re.match(r"# (\w+\.py)\n", block)
        if name:
            Path(name[1]).write_text(block)


def test_every_key_is_explained():
    text = (DOCS / "training.md").read_text()
    for section, model in Config.model_fields.items():
        keys = getattr(model.annotation, "model_fields", {})
        assert f"`{section}" in text
        for key in keys:
            assert re.search(rf"`({section}\.)?{key}`", text), f"{section}.{key}"


def test_the_defaults_in_the_table():
    text, defaults = (DOCS / "training.md").read_text(), Config()
    text = text.split("## The configuration")[1].split("## ")[0]
    for key, value in re.findall(r"^\| `(\w+\.\w+)` \| ([^|]+) \|", text, re.MULTILINE):
        section, name = key.split(".")
        found = getattr(getattr(defaults, section), name)
        if found is not None:
            assert yaml.safe_load(value) == yaml.safe_load(yaml.safe_dump(
                defaults.model_dump(mode="json")[section][name])), key
