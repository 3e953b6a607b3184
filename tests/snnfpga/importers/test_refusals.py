"""What a file of NIR can have wrong: one line that names the node, the rule and what to do, and nothing written."""

import h5py
import numpy as np
import pytest

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.importers.conventions.base import Said
from snnfpga.importers.importing import import_nir
from tests.verbs import call

from .nir_files import chain, lif, write

GOOD = {"weight": np.eye(3, 4)}
LEVEL = ("LI", {"tau": 1e-3, "r": 1.0, "v_leak": 0.0})
END = ("LIF", lif(3, 0.5, 1.0))


def good(*parts, inputs=4, outputs=3):
    return chain(*(parts or (("Linear", GOOD), END)), inputs=inputs, outputs=outputs)


def second(**change):
    """A good LIF, changed."""
    return ("LIF", {**lif(3, 0.5, 1.0), **change})


CONV = {"weight": np.ones((2, 1, 3, 3)), "bias": np.zeros(2), "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
SPIKES = ("IF", {"v_threshold": 1.0, "r": 1.0})
POOL = {"kernel_size": np.array([2, 2]), "stride": np.array([2, 2]), "padding": np.array([0, 0])}
REFUSED = [
    (good(("Linear", GOOD), ("Threshold", {"threshold": 1.0})), None, {},
     "Node 1 (Threshold) has no counterpart here: known are Input, Output, Linear, Affine, Conv2d, SumPool2d, "
     "AvgPool2d, Flatten, Scale, IF, LIF, LI, CubaLIF; replace it, or leave it out"),
    (good(("Linear", {"weight": np.ones((3, 6000))}), END, inputs=6000), None, {"settings": ["network.weight_bits=16"]},
     "Block 0 layer 0 can charge a membrane up to 98828288 units, and float32 is exact below 16777216, even with "
     "membranes of 20 bits; take fewer network.weight_bits than 16"),
    (good(), None, {"settings": ["hardware.blocks.0.lanes=4", "hardware.blocks.1.lanes=4"]},
     "Config hardware.blocks must have at most 1 entries, one a block, not 2"),
    (good(("Linear", {"weight": np.full((3, 4), np.nan)}), END), None, {},
     "weight of Node 0 (Linear) must be finite, and 12 of 12 values are NaN or infinite; train it again, or mend "
     "it"),
    (good(("Linear", GOOD), second(tau=np.full(3, 8e-6))), None, {},
     "tau of Node 1 (LIF) must be above the step of 0.0001 s, not 8e-06 s; a smaller --dt, or where Norse wrote the "
     "file, whose time constants are too small by a factor dt, --from norse"),
    (good(("Linear", GOOD), second(tau=np.array([2e-4, 2e-4, 1e-3]))), None, {},
     "Node 1 must have one leak for all its neurons, not 0.5 .. 0.9; train with one, or split the layer"),
    (good(("Linear", GOOD), second(v_threshold=np.ones(5))), None, {},
     "Node 1 must have one value for each of its 3 neurons, or one for all, not 5; give it as many"),
    (good(("Linear", GOOD), second(v_threshold=np.zeros(3))), None, {},
     "v_threshold of Node 1 (LIF) must be above 0 and what a reset leaves, not 0; shift the membrane, or take it out"),
    (good(("Linear", GOOD), ("LIF", {"tau": np.ones(3)})), None, {},
     "Node 1 (LIF) must have v_threshold, and its parameters are tau; export it again"),
    (good(("Linear", {"weight": np.eye(3, 5)}), END), None, {},
     "Node 0 takes 5 inputs, and 4 reach it; mend the shape"),
    (good(("Linear", GOOD), ("Linear", {"weight": np.eye(3, 5)}), END), None, {},
     "Node 1 takes 5 inputs, and 3 reach it; mend the shape"),
    (good(("Linear", GOOD), ("IF", {"v_threshold": 1.0, "r": 7.0})), None, {},
     "r of Node 1 (IF) must be 1, or 1/dt = 10000, not 7; say with --gain what a current counts in the membrane"),
    (good(("Linear", GOOD), LEVEL, ("Linear", {"weight": np.eye(3)}), END), None, {},
     "Node 1 integrates and never fires (LI), which only the last node after a Linear can; take spiking neurons there"),
    (good(("Linear", GOOD), END, ("Linear", {"weight": np.eye(3)}), LEVEL), None, {},
     "Node 3 (LI) is a leaky readout, and no file says what of it is the answer; say --reading sum, last or "
         "maximum"),
    (good(END), None, {}, "Node 0 must follow connections, a Linear, an Affine or a Conv2d, not shape 4; add some"),
    (good(("Linear", GOOD)), None, {},
     "The graph must have a layer of spiking neurons at least, and has none; export a network of spiking neurons"),
    (good(("Conv2d", {**CONV, "weight": np.ones((2, 1, 3, 2))}), SPIKES, inputs=[1, 6, 6]), None, {},
     "weight of Node 0 (Conv2d) must be (filters, channels, kernel, kernel) with a square kernel, not of shape "
     "(2, 1, 3, 2); pad the kernel with zeros to a square"),
    (good(("Conv2d", {**CONV, "stride": np.array([1, 2])}), SPIKES, inputs=[1, 6, 6]), None, {},
     "stride of Node 0 (Conv2d) must be one whole number for both directions, not 1, 2; take it square"),
    (good(("Conv2d", {**CONV, "dilation": 2}), SPIKES, inputs=[1, 6, 6]), None, {},
     "dilation of Node 0 (Conv2d) must be 1, not 2; write the kernel out with zeros between"),
    (good(("Conv2d", {**CONV, "stride": 0}), SPIKES, inputs=[1, 6, 6]), None, {},
     "stride of Node 0 (Conv2d) must be at least 1, not 0; change it"),
    (good(("Linear", GOOD), second(tau=np.zeros(0))), None, {},
     "tau of Node 1 (LIF) must hold values, and is empty; give it some"),
    (good(), None, {"settings": ["network.layers.0.threshold=2"]},
     "--set 'network.layers.0.threshold=2' asks for what an imported network says itself; of a layer there can be set "
     "weight_bits, membrane_bits, current_bits"),
    (good(("Conv2d", CONV), SPIKES, inputs=[3, 6, 6]), None, {},
     "Node 0 takes 1 channels, and 3 reach it; mend the shape"),
    (good(("Conv2d", {**CONV, "input_shape": np.array([5, 5])}), SPIKES, inputs=[1, 6, 6]), None, {},
     "Node 0 takes a grid of 5 x 5, and 6 x 6 reach it; mend the shape"),
    (good(("Conv2d", CONV), SPIKES, ("SumPool2d", {**POOL, "stride": np.array([1, 1])}), inputs=[1, 6, 6]), None, {},
     "Node 2 (SumPool2d) must pool squares that do not overlap, without padding: stride 2 and padding 0 for its "
     "kernel_size 2, not 1 and 0; change the pooling, or take a convolution of that stride"),
    (good(("Conv2d", CONV), SPIKES, ("Linear", {"weight": np.ones((3, 32))}), END, inputs=[1, 6, 6]), None, {},
     "Node 2 sees a grid of 2 x 4 x 4 and needs a Flatten before it; add one"),
    (good(), [("input", "0"), ("0", "1"), ("1", "output"), ("1", "gone")], {},
     "Edge 1 -> gone must join nodes of the graph, and none is called gone (there are 0, 1, input, output); export it "
     "again, or mend the names"),
    (good(), [("input", "0"), ("0", "1")], {},
     "Node 1 (LIF) must lead to one node, not 0 (none); export a chain without branches"),
    (good(("Linear", GOOD), END, ("Linear", {"weight": np.eye(3)}), ("Linear", {"weight": np.eye(3)})),
     [("input", "0"), ("0", "1"), ("1", "output"), ("2", "3"), ("3", "2")], {},
     "Cycle 2 -> 3 -> 2 has no neuron, and so no step between its nodes; take it out"),
    ([*good(), ("second", "Output", {"shape": np.array([3])})],
     [("input", "0"), ("0", "1"), ("1", "output"), ("1", "second")], {},
     "The graph must have one Output, not 2 (output, second); export one path from one Input to one Output"),
    ([], [], {}, "The graph must have nodes, and has none; export a network"),
    (good(), None, {"settings": ["network.weight_bits=2"]},
     "The layer of node 1 must have weights of 3 bits at least, not 2, which are signs; import it with more, and train "
     "it with fewer"),
    (good(), None, {"settings": ["network.threshold=2"]},
     "--set 'network.threshold=2' asks for what an imported network says itself; of network there can be set "
     "weight_bits, readout_bits, membrane_bits, block_depth, layers, surrogate, surrogate_width, surrogate_height"),
    (good(), None, {"source": "nir"}, "--from nir needs --dt, the seconds of a step, which no file says; give it"),
    (good(), None, {"source": "sntorch"}, "No source convention is called 'sntorch'; did you mean snntorch?"),
    (good(), None, {"source": "sinabs", "said": Said(dt=1.0)},
     "--dt means nothing to --from sinabs, whose time constants are in steps; leave it out"),
    (good(), None, {"source": "snnfpga"},
     "Node 1 (LIF) has no grid in the file's metadata, which snnfpga export would have written; name the framework "
     "that "
     "wrote the file with --from"),
    (good(), None, {"reading": "sum"},
     "--reading says what of a leaky integrator (LI) at the end is the answer, and there is none; leave it out"),
]


@pytest.mark.parametrize(("nodes", "edges", "asked", "message"), REFUSED, ids=range(len(REFUSED)))
def test_one_line_names_the_node_and_the_rule(tmp_path, nodes, edges, asked, message):
    file = write(tmp_path / "a.nir", nodes, edges)
    with pytest.raises(SnnfpgaError) as caught:
        import_nir(file, **{"source": "snntorch", **asked})
    assert (str(caught.value), caught.value.exit_code) == (message, 2)


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda file: file.unlink(), "No file {}; name one that a framework's exporter of NIR wrote"),
    (lambda file: file.write_bytes(b"no"), "File {} is no HDF5, as files of NIR are; name what a framework's exporter "
                                           "of NIR wrote"),
    (lambda file: file.write_bytes(file.read_bytes()[:700]), "File {} is not a whole file of NIR ("),
    (lambda file: _change(file, "version", "2.1.0"),
     "File {} has version 2.1.0 of NIR, and this snnfpga knows 1.0.x; export it with an older nir, or install a newer "
     "snnfpga"),
    (lambda file: _change(file, "node/type", "Group"), "File {} is HDF5 without a graph of NIR (node, of type "
                                                       "NIRGraph); name what a framework's exporter of NIR wrote"),
])
def test_a_spoilt_file_leaves_nothing(tmp_path, monkeypatch, capsys, spoil, message):
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path / "a.nir", good(), None)
    spoil(file)
    code, out, err = call(capsys, "import", "a.nir", "--from", "snntorch")
    assert (code, out) == (2, "")
    assert err.startswith("snnfpga: " + message.format("a.nir"))
    assert err.count("\n") == 1
    assert not list(tmp_path.glob("*.safetensors"))


def _change(file, name, value):
    with h5py.File(file, "r+") as held:
        del held[name]
        held[name] = value
