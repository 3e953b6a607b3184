"""What is written as text stays text, in files and after --set; and no text brings the reader down."""

import math

import pytest
import yaml

from rtl_gen.contract.errors import SnnfpgaError, shown
from snnfpga.config.file import config_text, parse, read_config
from snnfpga.config.models import Config
from snnfpga.config.plain_yaml import YamlFault, load

TEXTS = ("1024-64-10", "2048-64-32", "2024-13-45", "2001-12-14t21:59:43.10-05:00", "1:20", "010", "1_0", "0x10", "0o17",
         "0b1", "1e3", "on", "off", "yes", "no", "y", "n", "=", "<<", "+5", "-0", ".5", "5.", "1.50", "9" * 5000,
         "1" * 400 + ".0", "infinity", "nan", "NULl")


@pytest.mark.parametrize("text", TEXTS)
def test_text_stays_as_it_is_written(text):
    assert load(text) == text
    assert load(f"network: {{architecture: {text}}}") == {"network": {"architecture": text}}
    assert load(f"- {text}\n- '{text}'\n- \"{text}\"\n- !!str {text}") == [text] * 4
    if len(text) < 1024:        # YAML's bound of a key on a line
        assert load(f"{text}: 1") == {text: 1}
    assert load(yaml.safe_dump(text)) == text


@pytest.mark.parametrize(("text", "value"), [
    ("", None), ("~", None), ("null", None), ("true", True), ("False", False), ("0", 0), ("-12", -12),
    ("123456789012345678", 123456789012345678), ("1.5", 1.5), ("-0.25", -0.25), ("1e-05", "1e-05"),
    ("1.5e-07", 1.5e-07), (".inf", math.inf), ("-.INF", -math.inf),
    ("'7'", "7"), ("'null'", "null"), ("'true'", "true"), ("[]", []),
    ("{}", {}), ("# nothing", None), ("|\n  a\n  b\n", "a\nb\n"), ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
])
def test_values(text, value):
    found = load(text)
    assert found == value
    assert type(found) is type(value)
    assert load(yaml.safe_dump(value)) == value


def test_nan():
    assert math.isnan(load(".nan"))


def deep(open_, close, count=3000):
    return open_ * count + close * count


@pytest.mark.parametrize(("text", "line", "reason"), [
    ("a: 1\nb: !!int foo", 2, "tag 'tag:yaml.org,2002:int' is not taken; write the value without it"),
    ("!!bool foo", 1, "tag 'tag:yaml.org,2002:bool' is not taken; write the value without it"),
    ("a: !!timestamp 2024-13-45", 1, "tag 'tag:yaml.org,2002:timestamp' is not taken; write the value without it"),
    ("a:\n  - !!binary '*'", 2, "tag 'tag:yaml.org,2002:binary' is not taken; write the value without it"),
    ("!!set {a, b}", 1, "tag 'tag:yaml.org,2002:set' is not taken; write the value without it"),
    ("!!python/object/apply:os.system [ls]", 1,
     "tag 'tag:yaml.org,2002:python/object/apply:os.system' is not taken; write the value without it"),
    ("!mine x", 1, "tag '!mine' is not taken; write the value without it"),
    (deep("[", "]"), 1, "lists and tables must be at most 50 deep"),
    (deep("{a: ", "}"), 1, "lists and tables must be at most 50 deep"),
    ("- " * 3000 + "a", 1, "lists and tables must be at most 50 deep"),
    ("x: 1\na: &a [*a]", 2, "'a' holds itself"),
    ("a: &a {b: *a}", 1, "'a' holds itself"),
    ("a: *nobody", 1, "found undefined alias 'nobody'"),
    ("? [1]\n: 2", 1, "a key must be a word"),
    ("a: 1\n'a': 2", 2, "key 'a' is given twice"),
    ("1: a\n1: b", 2, "key '1' is given twice"),
    ("a: &a {b: 1}\nc:\n  <<: *a", 3, "<<, which merges a table into another, is not taken; write its keys out"),
    ("a: 1\nb: \0", 2, "a character that YAML does not take, '\\x00'"),
    ("a: 1\n---\nb: 2", 2, "but found another document"),
    ("a: 'b", 1, "found unexpected end of stream"),
    ("a: \"\\q\"", 1, "found unknown escape character 'q'"),
    ("%YAML 9.9\n---\na: 1", 1, "found incompatible YAML document (version 1.* is required)"),
])
def test_faults_have_their_line(text, line, reason):
    with pytest.raises(YamlFault) as caught:
        load(text)
    assert (str(caught.value), caught.value.line) == (reason, line)
    with pytest.raises(SnnfpgaError) as told:
        parse(text, "c.yaml")
    assert str(told.value) == f"Config c.yaml is not valid YAML at line {line}: {reason}; mend it and run again"
    assert told.value.exit_code == 2


def test_what_aliases_repeat_is_bounded():
    """Nine lists of nine each would be 9^9 values."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    with pytest.raises(YamlFault, match=r"^there must be at most 10000 values, what aliases repeat among them$"):
        load(bomb)
    assert len(load(f"[{', '.join('1' * 1 for _ in range(9998))}]")) == 9998
    assert load("a: &a [1, 2]\nb: [*a, *a]")["b"] == [[1, 2], [1, 2]]


@pytest.mark.parametrize("text", ["1024-64-10", "1024-12-10", "2048-64-32", "8"])
def test_an_architecture_that_looks_like_a_date(tmp_path, text):
    (tmp_path / "c.yaml").write_text(f"network:\n  architecture: {text}\n")
    assert read_config(tmp_path / "c.yaml").network.architecture == text
    assert read_config(None, [f"network.architecture={text}"]).network.architecture == text


def test_numbers_and_words_by_what_a_key_asks_for():
    config = read_config(None, ["name=2024", "training.epochs=010", "training.rate=1e-3", "data.cache=on",
                                "network.bias=on", "hardware.learning=no", "network.keep=.5", "learning.rule=1.5"])
    assert (config.name, config.training.epochs, config.training.rate) == ("2024", 10, 0.001)
    assert (str(config.data.cache), config.network.bias, config.hardware.learning) == ("on", True, False)
    assert (config.network.keep, config.learning.rule) == (0.5, "1.5")
    for setting, wanted in (("network.bias==", "Config network.bias must be true or false, not '='"),
                            ("training.epochs=0x10", "Config training.epochs must be an integer, not '0x10'"),
                            ("training.epochs=1:20", "Config training.epochs must be an integer, not '1:20'"),
                            ("learning.rule=true", "Config learning.rule must be a number or text, not True"),
                            ("training.epochs=true", "Config training.epochs must be a number or text, not True"),
                            ("data.delays=[1, true]", "Config data.delays must be a number or text, not [1, True]"),
                            ("network.keep=false", "Config network.keep must be a number or text, not False"),
                            ("seed=!!int x", "--set seed takes a value in YAML, not '!!int x' (tag "
                             "'tag:yaml.org,2002:int' is not taken; write the value without it)")):
        with pytest.raises(SnnfpgaError) as caught:
            read_config(None, [setting])
        assert str(caught.value) == wanted


@pytest.mark.parametrize("name", [text for text in TEXTS if len(text) < 50])
def test_any_text_comes_back_from_a_run(name):
    config = Config(data={"name": name, "cache": name})
    assert Config.model_validate(parse(config_text(config), "config.yaml")) == config


@pytest.mark.parametrize("setting", [
    f"training.epochs={'9' * 5000}", f"network.architecture={'x' * 5000}", f"network.blocks=[{'[1],' * 4000}]",
    f"{'a' * 5000}=1", f"seed.{'a' * 5000}=1", f"{'a' * 5000}", f"seed=[{'x' * 5000}", f"network={'x ' * 3000}",
])
def test_a_long_value_is_not_printed_whole(setting):
    with pytest.raises(SnnfpgaError) as caught:
        read_config(None, [setting])
    assert len(str(caught.value)) < 400


def test_shown():
    assert shown("mine") == "'mine'"
    assert shown("x" * 98) == f"'{'x' * 98}'"
    assert shown("x" * 5000) == f"'{'x' * 49}... (5002 characters) ...{'x' * 49}'"
    assert shown(10**5000) == "an integer of thousands of digits"


def test_settings_of_lists_that_the_file_leaves_out(tmp_path):
    (tmp_path / "c.yaml").write_text("name: c\n")
    config = read_config(tmp_path / "c.yaml", ["network.layers.1.keep=0.5", "network.layers.0.bias=true",
                                               "network.layers.3.threshold=2", "network.blocks.1.0=32"])
    assert [layer.keep for layer in config.network.layers] == [None, 0.5, None, None]
    assert (config.network.layers[0].bias, config.network.layers[3].threshold) == (True, 2.0)
    assert config.network.blocks == ((128,), (32,))
    assert read_config(tmp_path / "c.yaml", ["network.layers.0={keep: 0.5}"]).network.layers[0].keep == 0.5
