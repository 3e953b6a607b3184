import ast
import runpy
import subprocess
import sys
import types

import numpy as np
import pytest

from board import archive, driver
from board.pynq_z2 import attach as attach_module
from board.pynq_z2 import ps7
from rtl_gen import protocol
from sim.reference.network import Reference
from tests.board.fake_link import FakeCore, FakeMmio
from tests.networks import network, samples

PYNQ_PYTHON = (3, 10)       # of the PYNQ 3.0 image


@pytest.fixture
def folder(tmp_path):
    """A driver folder as the build writes it."""
    for path, contents in driver.files(network(), extra=("board.pynq_z2", "board.pynq_z2.attach"),
                                       example="board.pynq_z2.example").items():
        target = tmp_path / "driver" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents)
    return tmp_path / "driver"


def test_driver_runs_on_numpy_alone(folder):
    """Nothing outside the folder is imported but NumPy, and an old Python can read it."""
    code = """
import sys
import board, rtl_gen, numpy
folder = sys.argv[1]
for name in ("amaranth", "torch", "safetensors", "cocotb", "snnfpga", "sim"):
    sys.modules[name] = None
import board.host, board.pynq_z2.attach
from board import archive
network = archive.read(folder)
ours = [m for n, m in sys.modules.items() if n.split(".")[0] in ("board", "rtl_gen")]
assert len(ours) > 8 and all(m.__file__.startswith(folder) for m in ours), ours
print(network.spec.name)
"""
    done = subprocess.run([sys.executable, "-c", code, str(folder)], env={"PYTHONPATH": str(folder)},
                          cwd=folder.parent, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("small\n", "")
    sources = list(folder.rglob("*.py"))
    assert len(sources) == 12
    for source in sources:
        ast.parse(source.read_text(), feature_version=PYNQ_PYTHON)


@pytest.fixture
def board(monkeypatch):
    """The module ``pynq`` of the image, with a core in Python behind its MMIO."""
    core, log = FakeCore(network(seed=9)), []

    class Bitstream:
        def __init__(self, name):
            self.name = name

        def download(self):
            log.append(("download", self.name))

    def mmio(base, length):
        log.append(("mmio", base, length))
        return FakeMmio(core, depth=16)

    pynq = types.ModuleType("pynq")
    pynq.Bitstream, pynq.MMIO, pynq.Clocks = Bitstream, mmio, types.SimpleNamespace(fclk0_mhz=None)
    monkeypatch.setitem(sys.modules, "pynq", pynq)
    return types.SimpleNamespace(core=core, log=log, pynq=pynq)


def test_example_learns_and_measures(folder, board, tmp_path, monkeypatch, capsys):
    start = network()
    spikes, labels = samples(start.spec, 8)
    np.savez(tmp_path / "samples.npz", spikes=spikes.reshape(8, 7, 3, 4), label=labels)
    monkeypatch.setattr(sys, "argv", ["example.py", str(tmp_path / "top.bit"), str(tmp_path / "samples.npz"),
                                      "--learn", "2", "--clock-mhz", "80"])
    board.core.spec = start.spec
    board.core.values["digest"] = FakeCore(start).values["digest"]
    runpy.run_path(str(folder / "example.py"), run_name="__main__")

    reference = Reference(start)
    reference.learn(np.concatenate([spikes, spikes]), np.concatenate([labels, labels]))
    learned = archive.read(folder / "learned")
    assert learned.window_numbers == reference.network().window_numbers
    np.testing.assert_array_equal(learned.weights[0][0], reference.network().weights[0][0])
    right = (reference.evaluate(spikes) == labels).mean()
    printed = capsys.readouterr().out
    assert f"Accuracy: {right:.4f} of 8 samples" in printed
    assert "block1.synaptic_operations" in printed
    assert board.pynq.Clocks.fclk0_mhz == 80
    assert board.log == [("download", str(tmp_path / "top.bit")), ("mmio", ps7.BASE_ADDRESS, 0x1_0000)]


def test_addresses_agree():
    assert attach_module.BASE_ADDRESS == ps7.BASE_ADDRESS
    assert protocol.MAILBOX_TX_STATUS < attach_module.WINDOW_BYTES
