"""The Python in the pages on data, training, rules and front ends runs as it stands."""

import re
from pathlib import Path

import pytest
import yaml

from snnfpga.config.models import Config
from snnfpga.network.frontends import registry

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["data.md", "training.md", "rules.md", "frontends.md"])
def test_code_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "FRONT_ENDS", dict(registry.FRONT_ENDS))      # a page adds one
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    names = {}
    for block in blocks:
        exec(block, names)


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
