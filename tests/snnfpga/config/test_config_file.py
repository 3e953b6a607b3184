"""A configuration is checked whole, and what is wrong with it is said in one line."""

import re
from pathlib import Path

import pytest

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.file import DEFAULT, check, parse, read_config, write_config
from snnfpga.config.models import Config
from snnfpga.config.section import section_in

ROOT = Path(__file__).parents[3]


def message(function, *arguments):
    with pytest.raises(SnnfpgaError) as caught:
        function(*arguments)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_default_is_the_file_in_configs():
    assert DEFAULT.read_text() == (ROOT / "configs" / "digits.yaml").read_text()
    assert read_config(None) == read_config(ROOT / "configs" / "digits.yaml")


def test_what_is_written_reads_back(tmp_path):
    config = read_config(None, ["learning.window=8", "network.leak_shift=null", "data.root=/data"])
    write_config(tmp_path / "config.yaml", config)
    assert read_config(tmp_path / "config.yaml") == config


def test_settings_override_the_file():
    config = read_config(None, ["learning.window=8", "hardware.blocks.0.lanes=4", "network.blocks=[[5, 6], [7]]",
                                "network.leak_shift=null", "training.rate=1e-4"])
    assert config.learning.window == 8
    assert [config.hardware.of_block(index).lanes for index in range(2)] == [4, config.hardware.lanes]
    assert config.network.blocks == ((5, 6), (7,))
    assert config.network.leak_shift is None
    assert config.training.rate == 1e-4


@pytest.mark.parametrize(("setting", "wanted"), [
    ("learnin.window=2", "Config key 'learnin' is unknown; did you mean learning?"),
    ("epochs=2", "Config key 'epochs' is unknown; did you mean training.epochs?"),
    ("rate=0.1", "Config key 'rate' is unknown; did you mean training.rate?"),
    ("learning.windw=2", "Config section learning has no key 'windw'; did you mean window?"),
    ("hardware.blocks.0.lane=4", "Config section hardware.blocks.0 has no key 'lane'; did you mean lanes?"),
    ("hardware.lanes=513", "Config hardware.lanes must be at most 512, not 513"),
    ("hardware.blocks.0.classes_per_cycle=0", "Config hardware.blocks.0.classes_per_cycle must be at least 1, not 0"),
    ("network.blocks.9=[4]", "--set network.blocks.9: '9' must be a position in 0..1 of the list"),
    ("network.blocks.x=[4]", "--set network.blocks.x: 'x' must be a position in 0..1 of the list"),
    ("network.layers.4096.keep=0.5",
     "--set network.layers.4096.keep: '4096' must be a position in 0..4095 of the list"),
    ("data.delays.0=4", "--set data.delays.0: '0' is no position in data.delays, which is empty; give the list whole, "
                        "as in --set 'data.delays=[1, 2]'"),
    ("network.layers.0.keep=1.5", "Config network.layers.0.keep must be below 1.0, not 1.5"),
    ("learning.window=0", "Config learning.window must be at least 1, not 0"),
    ("network.weight_bits=17", "Config network.weight_bits must be at most 16, not 17"),
    ("network.threshold=0", "Config network.threshold must be above 0.0, not 0"),
    ("network.blocks=[]", "Config network.blocks must be a list of at least 1 entry, not []"),
    ("network.blocks=7", "Config network.blocks must be a list, not 7"),
    ("network=7", "Config network must be a table of keys, not 7"),
    ("training.rate=fast", "Config training.rate must be a number, not 'fast'"),
    ("training.rate=.nan", "Config training.rate must be a finite number, not nan"),
    ("training.epochs=1.5", "Config training.epochs must be an integer, not 1.5"),
    ("on_chip.dead_zone=12.5", "Config on_chip.dead_zone must be an integer or 'auto', not 12.5"),
    ("on_chip.dead_zone=200", "Config on_chip.dead_zone must be at most 127 or 'auto', not 200"),
    ("on_chip.rate_shift=-1", "Config on_chip.rate_shift must be at least 0 or 'auto', not -1"),
    ("network.block_depth=0", "Config network.block_depth must be at least 1 or 'all' or 'file', not 0"),
    ("learning.traces.pre=own", "Config learning.traces.pre must be a number or 'leak', not 'own'"),
    ("data.root=3", "Config data.root must be a path, not 3"),
    ("network.readout=random", "Config network.readout must be 'learned' or 'fixed', not 'random'"),
    ("name=a b", "Config name must be letters, digits, - and _, not 'a b'"),
    ("name.part=3", "--set name.part names a part of what is one value, 'digits'"),
    ("seed", "--set takes key=value, not 'seed'; for example --set learning.window=8"),
    ("seed={", "--set seed takes a value in YAML, not '{' (expected the node content, but found '<stream end>')"),
])
def test_wrong_settings(setting, wanted):
    assert message(read_config, None, [setting]) == wanted


def keys_of(model, before=()):
    """Every key of the configuration, with the positions in lists of sections."""
    for name, field in model.model_fields.items():
        section, key = section_in(field.annotation), (*before, name)
        listed = section is not None and section is not field.annotation
        yield key
        if section is not None:
            yield from keys_of(section, (*key, 0) if listed else key)


@pytest.mark.parametrize("key", list(keys_of(Config)), ids=lambda key: ".".join(map(str, key)))
def test_every_key_is_refused_in_words(key):
    """No word of the library that checks, nor of Python, and one rule a key, whatever stands there."""
    refused = 0
    for wrong in (12.5, -(10**9), 10**9, "x y", [["x"]], {"x": 1}, True, None):
        value = wrong
        for part in reversed(key):
            value = [value] if part == 0 else {part: value}
        try:
            check(value)
        except SnnfpgaError as error:
            refused += 1
            said = str(error).partition(", not ")[0]
            assert not re.search(r"constrained|literal\[|function-|<|valid |Input|instance|dictionary|tuple", said)
    assert refused > 2


def test_several_faults_are_counted():
    assert message(check, {"seed": -1, "nmae": "x"}).endswith("(and 1 more)")


@pytest.mark.parametrize(("text", "wanted"), [
    ("data: [1,\nname: 2", "Config mine.yaml is not valid YAML at line 2: expected ',' or ']', but got '<stream end>'; "
                           "mend it and run again"),
    ("seed: 1\nlearning:\n  window: 2\n  window: 4\n", "Config mine.yaml is not valid YAML at line 4: key 'window' is "
                                                        "given twice; mend it and run again"),
    ("seed: 1\nseed: 2", "Config mine.yaml is not valid YAML at line 2: key 'seed' is given twice; mend it and run "
                         "again"),
    ("- 1\n- 2", "Config mine.yaml must hold a table of keys, not list"),
])
def test_wrong_files(text, wanted):
    assert message(parse, text, "mine.yaml") == wanted


def test_an_absent_file():
    assert message(read_config, Path("absent.yaml")) == (
        "Config absent.yaml cannot be read (No such file or directory); give a YAML file, or none for the default")


def test_an_empty_file_is_the_defaults(tmp_path):
    (tmp_path / "empty.yaml").write_text("")
    assert read_config(tmp_path / "empty.yaml") == Config()


def test_the_home_folder(tmp_path, monkeypatch):
    """A shell leaves ~ as it is within a word, and a file knows no shell."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "c.yaml").write_text("data: {name: ~/mine.npz, root: ~/data, cache: ~}\nnetwork: {file: ~/net.nir}\n")
    config = read_config(tmp_path / "c.yaml", ["training.distill=~/teacher.safetensors"])
    assert config.data.name == f"{tmp_path}/mine.npz"
    assert (config.data.root, config.data.cache) == (tmp_path / "data", None)
    assert (config.network.file, config.training.distill) == (tmp_path / "net.nir", tmp_path / "teacher.safetensors")
    assert read_config(None, ["data.name=~nobody-here/x.npz"]).data.name == "~nobody-here/x.npz"
