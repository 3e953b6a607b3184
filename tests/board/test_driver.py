import ast
import runpy
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from board import driver
from board.host import archive
from board.pynq_z2.constants import BASE_ADDRESS, CLOCK_MHZ, WINDOW_BYTES
from board.registry import get
from rtl_gen.axi_lite import ADDRESS_BITS
from sim.reference.network import Reference
from tests.board.fake_link import FakeCore, FakeMmio
from tests.networks import network, samples

PYNQ_PYTHON = (3, 10)       # of the PYNQ 3.0 image


@pytest.fixture
def folder(tmp_path):
    """A driver folder as the build writes it."""
    board = get("pynq-z2")
    for path, contents in driver.files(network(), notes={}, extra=board.driver, example=board.example).items():
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
import board.host.host, board.pynq_z2.attach
from board.host import archive
network = archive.read(folder)
ours = [m for n, m in sys.modules.items() if n.split(".")[0] in ("board", "rtl_gen")]
assert len(ours) > 8 and all(m.__file__.startswith(folder) for m in ours), ours
print(network.spec.name)
"""
    done = subprocess.run([sys.executable, "-c", code, str(folder)], env={"PYTHONPATH": str(folder)},
                          cwd=folder.parent, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("small\n", "")
    sources = list(folder.rglob("*.py"))
    root = Path(driver.__file__).parents[1]
    whole = {path.relative_to(root).as_posix() for room in ("board/host", "rtl_gen/contract")
             for path in (root / room).rglob("*.py")}
    added = {f"{name.replace('.', '/')}.py" for name in get("pynq-z2").driver}
    packages = {"board/__init__.py", "board/pynq_z2/__init__.py", "rtl_gen/__init__.py"}
    assert {path.relative_to(folder).as_posix() for path in sources} == whole | added | packages | {"example.py"}
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


def test_example_learns_and_measures_on_what_it_did_not_learn_from(folder, board, tmp_path, monkeypatch, capsys):
    start = network()
    spikes, labels = samples(start.spec, 11)
    np.savez(tmp_path / "samples.npz", spikes=spikes.reshape(11, 7, 3, 4), label=labels)
    monkeypatch.setattr(sys, "argv", ["example.py", str(tmp_path / "top.bit"), str(tmp_path / "samples.npz"),
                                      "--learn", "2", "--held-out", "0.3", "--order", "file", "--schedule", "constant",
                                      "--clock-mhz", "80"])
    board.core.spec = start.spec
    board.core.values["digest"] = FakeCore(start).values["digest"]
    assert run_example(folder) == 0

    reference, lessons, test = Reference(start), slice(8), slice(8, None)
    before = (reference.evaluate(spikes[test]) == labels[test]).mean()
    reference.learn(np.concatenate([spikes[lessons]] * 2), np.concatenate([labels[lessons]] * 2))
    learned = archive.read(folder / "learned")
    assert learned.window_numbers == reference.network().window_numbers
    np.testing.assert_array_equal(learned.weights[0][0], reference.network().weights[0][0])
    right = (reference.evaluate(spikes[test]) == labels[test]).mean()
    printed = capsys.readouterr().out
    assert f"Accuracy before: {before:.4f} of 3 samples, not learned from\n" in printed
    assert f"Accuracy: {right:.4f} of 3 samples, not learned from\n" in printed
    assert "block1.synaptic_operations" in printed
    assert board.pynq.Clocks.fclk0_mhz == 80
    assert board.log == [("download", str(tmp_path / "top.bit")), ("mmio", BASE_ADDRESS, 0x1_0000)]


def run_example(folder):
    """Exit code of the program as a person starts it."""
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(folder / "example.py"), run_name="__main__")
    return left.value.code


@pytest.mark.parametrize(("arrays", "options", "line"), [
    ({"t": [1], "x": [1], "label": [1]}, (), "Samples PATH must hold dense spikes (N, T, inputs) and label (N,), and "
                                             "lack spikes; sort events into time steps with snnfpga export-samples"),
    ({"spikes": np.ones((4, 7, 12), np.uint8), "label": np.array([0, 1, 2, 3])}, ("--learn", "1"),
     "Samples PATH: label must be in 0..2, or -1 for none, not 3 (sample 3)"),
    ({"spikes": np.ones((4, 7, 12), np.uint8), "label": np.zeros(4, int)}, ("--learn", "1", "--held-out", "0.1"),
     "Of 4 samples 4 would be learned from; both those and the rest must be some"),
])
def test_example_says_in_a_line_what_is_wrong_before_it_loads(folder, board, tmp_path, monkeypatch, capsys, arrays,
                                                              options, line):
    path = tmp_path / "samples.npz"
    np.savez(path, **arrays)
    monkeypatch.setattr(sys, "argv", ["example.py", str(tmp_path / "top.bit"), str(path), *options])
    assert run_example(folder) == 2
    assert capsys.readouterr() == ("", f"example.py: {line.replace('PATH', str(path))}\n")
    assert board.log == []


def test_the_window_is_that_of_the_core_and_within_the_bus_master():
    assert WINDOW_BYTES == 1 << ADDRESS_BITS
    assert 0x4000_0000 <= BASE_ADDRESS <= 0x8000_0000 - WINDOW_BYTES        # GP0's (UG585, table 4-1)
    assert BASE_ADDRESS % WINDOW_BYTES == 0


def test_clock_and_address_stand_once():
    """In the sources of the board and of its vendor, by their value."""
    found = {BASE_ADDRESS: 0, CLOCK_MHZ: 0}
    for folder in ("pynq_z2", "xilinx"):
        for path in (Path(driver.__file__).parent / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value in found:
                    found[node.value] += 1
    assert found == {BASE_ADDRESS: 1, CLOCK_MHZ: 1}
