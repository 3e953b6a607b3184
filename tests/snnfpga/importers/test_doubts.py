"""A wrong convention is not taken without a word: by the numbers of a file, and by spikes that were recorded."""

import numpy as np
import pytest

import snnfpga
from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.importers.conventions.base import Said
from snnfpga.importers.doubts import doubts
from snnfpga.importers.nir_file import read_graph
from tests.verbs import call

from .nir_files import chain, dyadic, lif, neurons, write

INPUTS, HIDDEN, CLASSES, STEPS, SAMPLES = 6, 12, 3, 12, 24
PLAIN = {"v_leak": np.zeros(3), "v_threshold": np.ones(3), "r": np.ones(3)}
# A LIF as each framework writes it, of a network that keeps 0.9 of a membrane.
WRITTEN = {
    "snntorch": {**lif(3, 0.9, 1.0)}, "norse": {**PLAIN, "tau": np.full(3, 1e-5), "v_reset": np.zeros(3)},
    "spikingjelly": {**lif(3, 0.9, 0.1)}, "sinabs": {**PLAIN, "tau": np.full(3, 9.49)},
}


@pytest.mark.parametrize("writer", WRITTEN)
@pytest.mark.parametrize("source", WRITTEN)
def test_the_numbers_of_one_framework_read_by_another(tmp_path, writer, source):
    graph, _ = read_graph(write(tmp_path / "a.nir", chain(("Linear", {"weight": np.eye(3)}), (
        "LIF", WRITTEN[writer]), inputs=3), None))
    # A file of snnTorch and one of SpikingJelly's LIFNode(decay_input=False) are one; spikes alone tell.
    if writer == source or (writer, source) == ("snntorch", "spikingjelly"):
        assert doubts(graph, source, Said()) == []
        return
    if writer == "norse" and source != "sinabs":
        with pytest.raises(SnnfpgaError, match=r"must be above the step of 0\.0001 s, not 1e-05 s"):
            doubts(graph, source, Said())
        return
    line, = doubts(graph, source, Said())
    assert line.startswith(f"numbers of the file speak against --from {source}: ")
    assert f"--from {writer}" in line


@pytest.mark.parametrize(("source", "r", "words"), [
    ("snntorch", 1.0, "has no leak, and snnTorch writes no such node"), ("sinabs", 1e4, "r of Node 1 (IF) is 10000, "
     "and Sinabs writes 1"), ("spikingjelly", 1.0, "r of Node 1 (IF) is 1, and SpikingJelly writes 10000")])
def test_neurons_without_a_leak(tmp_path, source, r, words):
    graph, _ = read_graph(write(tmp_path / "a.nir", chain(("Linear", {"weight": np.eye(3)}), (
        "IF", {"r": r, "v_threshold": 1.0}), inputs=3), None))
    assert words in doubts(graph, source, Said())[0]
    assert doubts(graph, "nir", Said(dt=1e-4, reset="zero", compare="above")) == []


def test_a_layer_that_can_never_fire_is_said(tmp_path):
    for weight, silent in ((np.zeros((3, 4)), True), (np.full((3, 4), 0.024), True), (np.full((3, 4), 0.026), False)):
        file = write(tmp_path / "a.nir", chain(("Linear", {"weight": weight}), ("LIF", lif(3, 0.9, 1.0)), inputs=4),
                     None)
        found = snnfpga.import_nir(file, "snntorch", settings=("network.weight_bits=16",), on_line=lambda line: None)
        assert any("no neuron of node 1 can reach its threshold" in line for line in found.warnings) == silent


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """``a.nir`` of snnTorch, whose every spike is in ``r.npz``."""
    monkeypatch.chdir(tmp_path)
    record(HIDDEN, 0.25)


def record(hidden, more):
    """The file of so many neurons and its spikes, those at the end more with ``more``."""
    rng = np.random.default_rng(0)
    first, second = dyadic(rng, hidden, INPUTS), dyadic(rng, CLASSES, hidden) + more
    write("a.nir", chain(("Linear", {"weight": first}), ("LIF", lif(hidden, 0.75, 1.0)), (
        "Linear", {"weight": second}), ("LIF", lif(CLASSES, 0.75, 1.0)), inputs=INPUTS), None)
    events = (rng.random((STEPS, SAMPLES, INPUTS)) < 0.5).astype(np.uint8)
    fields = {"steps": STEPS, "samples": SAMPLES, "input_shape": np.array([INPUTS]),
              "inputs_packed": np.packbits(events, -1)}
    for index, weight in enumerate((first, second)):
        events = neurons(events @ weight.T, keep=0.75, gain=1.0, threshold=1.0, above=True, reset="late")
        fields |= {f"layer{index}_counts": events.sum(0), f"layer{index}_spikes_packed": np.packbits(
            events.astype(np.uint8), -1)}
    np.savez("r.npz", **fields, predictions=events.sum(0).argmax(1))


def test_what_was_recorded_tells_conventions_apart(recorded, tmp_path, capsys):
    own = ("--check", "r.npz", "--set", "network.weight_bits=16")
    code, out, err = call(capsys, "import", "a.nir", "--from", "spikingjelly", *own, "--json")
    assert code == 1
    assert err.startswith("snnfpga: Counts of spikes are off by ")
    assert err.endswith(", and with --from snntorch by 0.00 % in floating point; nothing is written\n")
    assert '"fits": false' in out
    assert not list(tmp_path.glob("*.safetensors"))
    with pytest.raises(SnnfpgaError, match=r"^Counts of spikes are off by "):
        snnfpga.import_nir("a.nir", "spikingjelly", check="r.npz", on_line=lambda line: None)
    code, out, err = call(capsys, "import", "a.nir", "--from", "snntorch", *own, "--json")
    assert (code, err) == (0, "")
    assert '"off": 0.0' in out
    # Spikes of another network are no convention's.
    held = dict(np.load("r.npz"))
    np.savez("r.npz", **held | {"inputs_packed": ~held["inputs_packed"]})
    code, _, err = call(capsys, "import", "a.nir", "--from", "snntorch", "--check", "r.npz", "--overwrite")
    assert code == 1
    assert "no convention comes near (" in err


def test_an_output_that_was_never_recorded_to_fire(tmp_path, monkeypatch, capsys):
    """Its spikes are few beside the others', and no convention has none; classes are warned of."""
    monkeypatch.chdir(tmp_path)
    record(64, 0.0)
    held = dict(np.load("r.npz"))
    own = ("import", "a.nir", "--from", "snntorch", "--check", "r.npz", "--set", "network.weight_bits=16")
    np.savez("r.npz", **held | {"predictions": (held["predictions"] + 1) % CLASSES})
    code, out, err = call(capsys, *own)
    assert (code, err) == (0, f"Warning: 0 of {SAMPLES} samples have the class that the source predicted; is the "
                              "readout the source's, and are the classes in its order?\n")
    np.savez("r.npz", **{name: np.zeros_like(value) if name.startswith("layer1") else value
                         for name, value in held.items()})
    code, out, err = call(capsys, *own, "--overwrite")
    assert code == 1
    assert ", of none recorded" in out
    assert err.startswith("snnfpga: Counts of spikes of node 3 are off by ")
    assert ", and no convention comes near (--from " in err
    assert " by 100.00 % in a layer); were other samples recorded" in err
