"""The page of keys says what the models of the configuration say, and each key says something."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from snnfpga.config import reference
from snnfpga.config.models import Config

PAGE = Path(__file__).parents[3] / "docs" / "keys.md"
SECTIONS = [("", Config), *reference.sections(Config)]
FIELDS = [(f"{path}.{name}" if path else name, field)
          for path, model in SECTIONS for name, field in model.model_fields.items()]


def test_the_page_is_what_the_models_say():
    assert PAGE.read_text() == reference.page(), "docs/keys.md is out of date; write it again: make keys"


@pytest.mark.parametrize(("key", "field"), FIELDS, ids=[key for key, _ in FIELDS])
def test_every_key_is_described_in_sentences(key, field):
    assert field.description, f"{key} has no description"
    assert re.fullmatch(r"[A-Z`].*\.", field.description), f"{key}: {field.description!r} is no sentence"
    assert "|" not in field.description, f"{key}: a | would cut its row of the table"


@pytest.mark.parametrize(("path", "model"), SECTIONS[1:], ids=[path for path, _ in SECTIONS[1:]])
def test_every_section_is_described(path, model):
    assert model.__doc__ != reference.Section.__doc__, f"{path} has no docstring"


def test_every_section_is_found():
    assert [path for path, _ in SECTIONS[1:]] == [
        "data", "network", "network.layers.N", "learning", "learning.traces", "training", "training.augment",
        "training.regrid.N", "on_chip", "hardware", "hardware.blocks.N"]


def test_ranges_and_choices_are_in_words():
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `(\S+)` \| ([^|]+) \| ([^|]+) \|", PAGE.read_text(), re.M)}
    assert rows["learning.window"] == ("integer, 1 .. 65535", "`4`")
    assert rows["training.event_drop"] == ("number, at least 0 and below 1", "`0.0`")
    assert rows["network.threshold"] == ("number, above 0", "`1.0`")
    assert rows["network.reset"] == ("`subtract`, `zero`", "`subtract`")
    assert rows["network.blocks"] == ("list of: list of: token", "`[[128], [64]]`")
    assert rows["learning.traces.pre"] == ("number, 0 .. 1 or `leak` or null", "`null`")
    assert rows["training.regrid.N.after"] == ("integer, at least 1", "must be given")


def test_needs_no_framework():
    code = "import sys, snnfpga.config.reference; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
