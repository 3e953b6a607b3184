"""What the pages say one can type: verbs, options and keys of the configuration that are there."""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from pydantic import ValidationError

from snnfpga.cli import VERBS, _app
from snnfpga.config import reference
from snnfpga.config.models import Config
from snnfpga.config.settings import apply

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")])
SECTIONS = tuple(name for name, field in Config.model_fields.items() if hasattr(field.annotation, "model_fields"))
# Words of a line that stand for others: RUN, ..., NAME=VALUE.
STANDS_FOR = re.compile(r"[A-Z_]+|\.\.\.|…")


def lines_of(text):
    """Commands of a page: whole lines of its blocks, and what stands between backticks; whether each is whole."""
    blocks = re.findall(r"^```(?:sh)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for line in "\n".join(blocks).replace("\\\n", " ").splitlines():
        if line.startswith(("snnfpga ", "$ snnfpga ")):
            yield shlex.split(line.removeprefix("$ "), comments=True)[1:], True
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for line in re.findall(r"`snnfpga\s+(?!->)([^`]+)`", prose):
        yield shlex.split(line.replace("[", "").replace("]", "")), False


@cache
def command(verb):
    return _app(verb).commands[verb]


def fault(words, whole):
    """What is wrong with the words of a command, or None."""
    verb, *rest = words
    if verb.startswith("--"):
        return None if verb in ("--help", "--version", "--install-completion") else f"no option {verb}"
    if verb not in VERBS:
        return f"no verb {verb}"
    known = {option: one for one in command(verb).params for option in one.opts if option.startswith("--")}
    own = rest[:rest.index("--")] if "--" in rest else rest        # the others are of the program for the board
    for at, word in enumerate(own):
        option = word.partition("=")[0]
        if option.startswith("--") and option != "--help" and option not in known:
            return f"{verb} has no option {option}"
        if option == "--set" and at + 1 < len(own) and "=" in own[at + 1]:
            unknown = unknown_key(own[at + 1])
            if unknown:
                return f"no key {unknown}"
    if whole and not any(STANDS_FOR.fullmatch(word) for word in rest):
        command(verb).make_context(verb, list(rest))        # types of values, and arguments that must be there
    return None


def unknown_key(setting):
    """The key that a setting names, where there is none; values are not looked at."""
    values = {}
    apply(values, setting)
    try:
        Config.model_validate(values)
    except ValidationError as error:
        unknown = [one["loc"] for one in error.errors() if one["type"] == "extra_forbidden"]
        return ".".join(map(str, unknown[0])) if unknown else None
    return None


@pytest.mark.parametrize("page", [page for page in PAGES if any(lines_of(page.read_text("utf-8")))],
                         ids=lambda page: page.name)
def test_commands_are_those_there_are(page):
    found = [(words, fault(words, whole)) for words, whole in lines_of(page.read_text("utf-8"))]
    assert not [f"snnfpga {shlex.join(words)}: {what}" for words, what in found if what]


@pytest.mark.parametrize("verb", VERBS)
def test_examples_of_help_are_those_there_are(verb):
    examples = command(verb).help.partition("Example")[2].splitlines()
    lines = [line.strip() for line in examples if line.strip().startswith("snnfpga ")]
    assert lines or verb in ("boards", "datasets", "rules", "demo", "doctor")
    assert not [(line, what) for line in lines if (what := fault(shlex.split(line)[1:], True))]


def test_keys_that_pages_name_are_there():
    known = set(re.findall(r"^\| `([\w.]+)`", reference.page(), re.MULTILINE))
    known = {key.replace(".N", "") for key in known}
    known |= {".".join(key.split(".")[:n]) for key in known for n in range(1, key.count(".") + 1)}
    named = {(page.name, key) for page in PAGES for key in re.findall(
        rf"`((?:{'|'.join(SECTIONS)})\.[a-z_.\d]*[a-z_\d])\b[^`(]*`", page.read_text("utf-8")) if not
        key.endswith((".npz", ".safetensors", ".py", ".md", ".v"))}
    assert len(named) > 100
    assert not sorted((page, key) for page, key in named if re.sub(r"\.\d+", "", key) not in known)


def test_what_is_not_there_is_found():
    assert fault(["trian"], True) == "no verb trian"
    assert fault(["train", "--epochs", "3"], True) == "train has no option --epochs"
    assert fault(["train", "--set", "training.epoch=3"], False) == "no key training.epoch"
