"""What a file of NIR can hold that is no network's: none of it is read as something else."""

import json

import h5py
import numpy as np
import pytest

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.importers.importing import import_nir
from snnfpga.importers.nir_file import read_graph

from .nir_files import chain, lif, write
from .test_refusals import CONV, END, GOOD, SPIKES, good, second

KIND = "of Node 0 (Linear) must be real numbers, not"
TWICE = [("input", "0"), ("0", "1"), ("0", "1"), ("1", "output")]
PIXELS = ("Conv2d", {**CONV, "bias": np.ones(1)})


@pytest.mark.parametrize(("nodes", "edges", "message"), [
    (good(), TWICE, "Edge 0 -> 1 must be there once, not 2 times, which readers count once or add up; take it out, or "
                    "double the weights"),
    (good(outputs=4), None, "shape of the Output must be 3, which reaches it, not 4; export it again, or mend the "
                            "shape"),
    (good(inputs=[2, 2]), None, "shape of Node input (Input) must be (inputs) or (channels, rows, columns), not (2, 2);"
                                " export it without a batch"),
    (good(inputs=[1, 2, 2]), None, "Node 0 sees a grid of 1 x 2 x 2 and needs a Flatten before it; add one"),
    (good(inputs=4.5), None, "shape of Node input (Input) must be whole numbers in a row, not [4.5]; mend it"),
    (good(("Linear", {"weight": np.eye(3, 4) * (1 + 2j)}), END), None, f"weight {KIND} complex ones; mend it"),
    (good(("Linear", {"weight": np.eye(3, 4, dtype=bool)}), END), None, f"weight {KIND} truth values; mend it"),
    (good(("Linear", {"weight": np.full((3, 4), b"1.0")}), END), None, f"weight {KIND} text; mend it"),
    (good(("Linear", {"weight": h5py.Empty("f")}), END), None,
     f"weight {KIND} text or other objects; mend it"),
    (good(("Linear", {"weight": 2.0}), END), None,
     "weight of Node 0 (Linear) must be a matrix (outputs, inputs), not of shape (); mend the shape"),
    (good(("Linear", GOOD), second(tau="slow")), None,
     "tau of Node 1 (LIF) must be real numbers, not text; mend it"),
    (good(PIXELS, SPIKES, inputs=[1, 6, 6], outputs=[2, 4, 4]), None,
     "bias of Node 0 (Conv2d) must have 2 values, one a filter, not 1; give it as many"),
    (good(("Conv2d", {**CONV, "input_shape": np.array([6.5, 6.0])}), SPIKES, inputs=[1, 6, 6]), None,
     "input_shape of Node 0 (Conv2d) must be whole numbers in a row, not [6.5, 6.0]; mend it"),
    (good(("Conv2d", CONV), SPIKES, ("Flatten", {"start_dim": 0, "end_dim": -1, "input_type": b"2x4x4"}),
          ("Linear", {"weight": np.ones((3, 32))}), END, inputs=[1, 6, 6]), None,
     "input_type of Node 2 (Flatten) must be real numbers, not text; mend it"),
    (good(("Conv2d", CONV), SPIKES, ("Flatten", {"start_dim": 0, "end_dim": -1, "input_type": np.array([2, 5, 5])}),
          ("Linear", {"weight": np.ones((3, 32))}), END, inputs=[1, 6, 6]), None,
     "Node 2 flattens 2 x 5 x 5, and 2 x 4 x 4 reach it; mend the shape"),
], ids=range(15))
def test_what_is_no_network_is_refused(tmp_path, nodes, edges, message):
    with pytest.raises(SnnfpgaError) as caught:
        import_nir(write(tmp_path / "a.nir", nodes, edges), "sinabs" if "Conv2d" in str(nodes) else "snntorch")
    assert (str(caught.value), caught.value.exit_code) == (message, 2)


@pytest.mark.parametrize("version", ["", "1", "1.0.8\n", "1..", "one", "²", "-1.0", "1." + "0" * 5000])
def test_a_version_that_is_none(tmp_path, version):
    with pytest.raises(SnnfpgaError, match=r"must say its version of NIR, such as 1\.0\.8, not ") as caught:
        import_nir(write(tmp_path / "a.nir", good(), None, version), "snntorch")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("setting", ["network.layers=[{threshold: 2}]", "network.layers.0={neuron: lif}",
                                     "network.layers=[{}, {weight_bits: 4, leak: false}]"])
def test_a_layer_is_not_set_to_what_the_file_says(tmp_path, setting):
    with pytest.raises(SnnfpgaError, match=r"asks for what an imported network says itself; of a layer there can be "):
        import_nir(write(tmp_path / "a.nir", good(), None), "snntorch", settings=(setting,))


def test_layers_that_are_no_list(tmp_path):
    with pytest.raises(SnnfpgaError, match=r"^Config network\.layers must be a list, not 3$"):
        import_nir(write(tmp_path / "a.nir", good(), None), "snntorch", settings=("network.layers=3",))


def test_axes_of_one_are_left_out(tmp_path):
    nodes = chain(("Linear", GOOD), ("LIF", lif(3, 0.5, 1.0)), inputs=[1, 1, 4], outputs=[1, 1, 3])
    assert import_nir(write(tmp_path / "a.nir", nodes, None), "snntorch").made.network.spec.inputs == 4


def test_metadata_that_are_no_text_are_left_out(tmp_path):
    file = write(tmp_path / "a.nir", good(), None)
    with h5py.File(file, "r+") as held:
        metadata = held["node"].create_group("metadata")
        for name, value in {"array": np.arange(3), "one": np.array([b"x", b"y"]), "empty": h5py.Empty("f"),
                            "nothing": np.zeros(0), "text": "said", "bytes": np.bytes_(b"kept"), "number": 0,
                            "share": 0.5, "grids": "[" * 100_000}.items():
            metadata[name] = value
        metadata.create_group("group")
        metadata["gone"] = h5py.SoftLink("/nowhere")
    graph, _ = read_graph(file)
    assert {name: text for name, text in graph.metadata.items() if name != "grids"} == {
        "text": "said", "bytes": "kept", "number": "0", "share": "0.5"}
    assert graph.grids() == {}
    import_nir(file, "snntorch")


@pytest.mark.parametrize("kind", [np.arange(3), np.array([b"LIF", b"IF"]), h5py.Empty("f")])
def test_a_type_that_is_no_text(tmp_path, kind):
    file = write(tmp_path / "a.nir", good(), None)
    with h5py.File(file, "r+") as held:
        del held["node/nodes/1/type"]
        held["node/nodes/1/type"] = kind
    with pytest.raises(SnnfpgaError, match=r"^Node 1 \(no type\) has no counterpart here: known are "):
        import_nir(file, "snntorch")


GRID = {"fraction": 4, "bits": 8, "membrane_bits": 16, "reset": "subtract"}
WRONG = "in the file's metadata must be"
NUMBER = "a whole number in"


def ours(tmp_path, grids):
    """A file as export would write it, but for the ``grids`` of its metadata, of which one is an integrator's."""
    nodes = good(("Linear", GOOD), END, ("Linear", {"weight": np.eye(3)}), ("LI", {"tau": 8e-4, "r": 8.0}))
    file = write(tmp_path / "a.nir", nodes, None)
    with h5py.File(file, "r+") as held:
        held["node/metadata/grids"] = grids if isinstance(grids, str) else json.dumps(grids)
    return file


READ = {"fraction": 0, "bits": 8, "reading": "sum"}


@pytest.mark.parametrize(("own", "readout", "message"), [
    ({"fraction": "5"}, READ, f"fraction in the grid of Node 1 (LIF) {WRONG} {NUMBER} -8..24, not '5'"),
    ({"fraction": 5.0}, READ, f"fraction in the grid of Node 1 (LIF) {WRONG} {NUMBER} -8..24, not 5.0"),
    ({"fraction": 1e400}, READ, f"fraction in the grid of Node 1 (LIF) {WRONG} {NUMBER} -8..24, not inf"),
    ({"fraction": 10 ** 30}, READ, f"fraction in the grid of Node 1 (LIF) {WRONG} {NUMBER} -8..24, not 1{'0' * 30}"),
    ({"fraction": None}, READ, f"fraction in the grid of Node 1 (LIF) {WRONG} {NUMBER} -8..24, not None"),
    ({"bits": 99}, READ, f"bits in the grid of Node 1 (LIF) {WRONG} {NUMBER} 1..16, not 99"),
    ({"bits": True}, READ, f"bits in the grid of Node 1 (LIF) {WRONG} {NUMBER} 1..16, not True"),
    ({"membrane_bits": 40}, READ, f"membrane_bits in the grid of Node 1 (LIF) {WRONG} {NUMBER} 4..24, not 40"),
    ({"current_bits": [8]}, READ, f"current_bits in the grid of Node 1 (LIF) {WRONG} {NUMBER} 4..24, not [8]"),
    ({"amount": "x"}, READ, f"amount in the grid of Node 1 (LIF) {WRONG} {NUMBER} 1..8388607, not 'x'"),
    ({"amount": -4}, READ, f"amount in the grid of Node 1 (LIF) {WRONG} {NUMBER} 1..8388607, not -4"),
    ({"amount": 32768}, READ, f"amount in the grid of Node 1 (LIF) {WRONG} {NUMBER} 1..32767, which its membrane "
                              "holds, not 32768"),
    ({"reset": "foo"}, READ, f"reset in the grid of Node 1 (LIF) {WRONG} subtract or zero, not 'foo'"),
    ({"reset": "Zero"}, READ, f"reset in the grid of Node 1 (LIF) {WRONG} subtract or zero, not 'Zero'"),
    ({"reset": ["zero"]}, READ, f"reset in the grid of Node 1 (LIF) {WRONG} subtract or zero, not ['zero']"),
    ({}, [1], f"The grid of the readout {WRONG} a table, not [1]"),
    ({}, {**READ, "reading": "first"}, f"reading in the grid of the readout {WRONG} sum, last or maximum, not 'first'"),
    ({}, {**READ, "reading": {}}, f"reading in the grid of the readout {WRONG} sum, last or maximum, not {{}}"),
    ({}, {**READ, "fraction": 65}, f"fraction in the grid of the readout {WRONG} {NUMBER} -64..64, not 65"),
    ({}, {"bits": 8}, "The grid of the readout in the file's metadata must have both fraction and bits, and has one"),
])
def test_a_grid_that_export_does_not_write(tmp_path, own, readout, message):
    with pytest.raises(SnnfpgaError) as caught:
        import_nir(ours(tmp_path, {"1": GRID | own, "readout": readout}), "snnfpga")
    assert str(caught.value) == message + "; export the network again, or name another framework with --from"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("grids", ["[" * 100_000, "{", "[1]", "null", {"1": 3}, {"1": [GRID]}, {"1": None}])
def test_grids_that_are_none(tmp_path, grids):
    with pytest.raises(SnnfpgaError, match=r"^Node 1 \(LIF\) has no grid in the file's metadata, which snnfpga export"):
        import_nir(ours(tmp_path, grids), "snnfpga")


@pytest.mark.parametrize("fraction", [-64, 64])
def test_a_grid_that_weights_do_not_lie_on_is_another(tmp_path, fraction):
    made = import_nir(ours(tmp_path, {"1": GRID, "3": 5, "readout": {**READ, "fraction": fraction}}), "snnfpga").made
    assert made.facts[-1].fraction_bits == 6
    assert (made.facts[0].fraction_bits, made.facts[0].membrane_bits) == (4, 16)
