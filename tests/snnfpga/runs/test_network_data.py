"""What a network's file remembers of its data carries over to other data where it applies."""

from rtl_gen.contract.network_file import write
from snnfpga.config.data import DataConfig
from snnfpga.runs.network_data import data_of
from tests.networks import network


def test_what_carries_over_to_other_data(tmp_path):
    trained = DataConfig(name="nmnist-1100", steps=12, step_us=9, pool=2, root=tmp_path)
    file = network()
    write(tmp_path / "n.safetensors", file, notes={"data": trained.model_dump_json()})

    def config(name):
        return data_of(tmp_path / "n.safetensors", file.spec, name, None)

    assert config(None) == config("nmnist-1100") == trained
    assert config("nmnist") == trained.model_copy(update={"name": "nmnist"})
    assert config("digits") == DataConfig(name="digits", steps=12, root=tmp_path)
    assert config("mine.npz") == trained.model_copy(update={"name": "mine.npz"})
