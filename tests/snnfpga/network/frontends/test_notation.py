import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.file import read_config
from snnfpga.config.models import Config
from snnfpga.config.network import NetworkConfig
from snnfpga.network.architecture import Architecture, Conv, Layer, Linear, Pool, cut
from snnfpga.network.frontends.notation import EXAMPLES, parse_blocks
from snnfpga.network.frontends.registry import architecture_of
from snnfpga.network.initial import initialise
from snnfpga.network.neuron import integrate
from snnfpga.network.shape import Grid, shape_of
from snnfpga.network.window import Flows, from_below


def test_tokens():
    assert parse_blocks([["SP2", "64C3S2P0G4"], ["AP2", "128R", "10"], ["P3", "7C1", "GAP"]]) == Architecture((
        (Layer(Conv(64, 3, 2, 0, 4), Pool("sum", 2)),),
        (Layer(Linear(128, True), Pool("mean", 2)), Layer(Linear(10))),
        (Layer(Conv(7, 1), Pool("or", 3)),)), Pool("mean", None))
    assert parse_blocks([["4C3", "4C3G2+1", "P2", "64", "64+12"]]).blocks[0][1:] == (
        Layer(Conv(4, 3, 1, None, 2), adds=1), Layer(Linear(64), Pool("or", 2)), Layer(Linear(64), adds=12))


@pytest.mark.parametrize(("blocks", "message"), [
    ([["64c3"]], f"Network notation has no token '64c3'; take one like {EXAMPLES}"),
    ([["0"]], f"Network notation has no token '0'; take one like {EXAMPLES}"),
    ([["3", "3R+1"]], f"Network notation has no token '3R+1'; take one like {EXAMPLES}"),
    ([["P2", "P2", "3"]], "Network notation has two poolings in a row before 'P2'; join them"),
    ([["3"], ["P2"]], "Block 1 of the network must have a layer, not P2; put its pooling at the end of the block "
                      "before"),
])
def test_faults(blocks, message):
    with pytest.raises(SnnfpgaError) as caught:
        parse_blocks(blocks)
    assert str(caught.value) == message


def test_depth_cuts_a_chain():
    chain = parse_blocks(["8C3-P2-4C3-16-GAP".split("-")])
    assert [len(block) for block in cut(chain, NetworkConfig(block_depth=1)).blocks] == [1, 1, 1]
    assert [len(block) for block in cut(chain, NetworkConfig(block_depth=2)).blocks] == [2, 1]
    assert [len(block) for block in cut(chain, NetworkConfig(block_depth="all")).blocks] == [3]
    assert cut(chain, NetworkConfig(block_depth=2)).layers == chain.layers
    assert cut(chain, NetworkConfig(block_depth=2)).pool == chain.pool == Pool("mean", None)


@pytest.mark.parametrize(("name", "layers", "last"), [
    ("vgg-9", 8, Grid(4, 4, 512)), ("vgg-11", 10, 4096), ("alexnet", 7, 1024), ("vgg-19", 18, 4096),
    ("mlp", 2, 256)])
def test_named_architectures_fit_an_image(name, layers, last):
    settings = [f"network.architecture={name}", "network.block_depth=all"]
    wanted, grid = architecture_of(read_config(None, settings).network), Grid(32, 32, 3)
    assert len(wanted.blocks[0]) == layers
    for layer in wanted.blocks[0]:
        grid = shape_of("Layer", layer, grid).outputs
    assert (grid if grid.places else grid.size) == last


@pytest.mark.parametrize(("settings", "message"), [
    (["network.architecture=vgg-10"], "No architecture is called 'vgg-10'; did you mean vgg-19? (or write one like "
                                      "64C3-P2-128)"),
    (["network.architecture=8-4", "network.blocks=[[3]]"],
     "Config network must have architecture or blocks, not both; leave one out"),
    (["network.block_depth=2"], "Config network.block_depth cuts network.architecture into blocks, and network.blocks "
                                "are blocks already; leave it out, or give an architecture"),
    (["network.architecture=32-P2-16", "network.block_depth=3"],
     "Config network.block_depth must be at most 2, the layers of network.architecture, not 3; take 2 or fewer, "
     "or all"),
])
def test_settings(settings, message):
    with pytest.raises(SnnfpgaError) as caught:
        architecture_of(read_config(None, settings).network)
    assert (str(caught.value), caught.value.exit_code) == (message, 2)


@pytest.mark.parametrize(("tokens", "grid", "message"), [
    (["8", "4C3"], Grid(8, 8, 1), "Layer is a convolution and needs a grid, and what reaches it has 8 neurons without "
                                  "places; put it before the first layer of plain neurons"),
    (["P2", "4C5P0"], Grid(8, 8, 1), "Layer does not fit on 4 x 4 x 1: Convolution kernel must be an integer in 1..4 "
                                     "for a grid of 4 x 4 with padding 0, not 5"),
    (["AP3", "4"], Grid(8, 8, 1), "Layer takes a mean over 3 x 3, and means must be over a power of two; take SP3"),
    (["P9", "4"], Grid(8, 8, 1), "Layer does not fit on 8 x 8 x 1: Pool size must be an integer in 1..8 for a grid of "
                                 "8 x 8, not 9"),
])
def test_what_does_not_fit(tokens, grid, message):
    *first, last = parse_blocks([tokens]).blocks[0]
    for layer in first:
        grid = shape_of("Layer", layer, grid).outputs
    with pytest.raises(SnnfpgaError) as caught:
        shape_of("Layer", last, grid)
    assert str(caught.value) == message


@pytest.mark.parametrize(("settings", "message"), [
    (['network.blocks=[["4c3"]]'],
     "Config network.blocks.0.0 must be 1..65536 neurons, or a token such as 128R, 64C3 or P2, not '4c3'"),
    (["network.blocks=[[0]]"],
     "Config network.blocks.0.0 must be 1..65536 neurons, or a token such as 128R, 64C3 or P2, not 0"),
    (["network.architecture=4c3-8"], f"Network notation has no token '4c3'; take one like {EXAMPLES}"),
])
def test_tokens_in_a_configuration(settings, message):
    with pytest.raises(SnnfpgaError) as caught:
        architecture_of(read_config(None, settings).network)
    assert str(caught.value) == message


def test_a_number_is_an_architecture():
    assert architecture_of(read_config(None, ["network.architecture=128"]).network).blocks == ((Layer(Linear(128)),),)


def test_one_input_is_not_standardised():
    config = read_config(None, ["network.architecture=2C1G2", "network.normalise=weights"])
    with pytest.raises(SnnfpgaError, match=r"^Layer 0 of the network has one input a neuron"):
        initialise(config, torch.ones(2, 3, 32), 2, (4, 4, 2))


BEYOND = ("Layer 1 of the network adds the currents of a layer (+) that is not in its block; take one that "
          "is (+N is N layers below), raise "
          "network.block_depth, or put both in one of network.blocks")
ADDS = "Layer 1 of the network adds the currents of the layer 1 below, which has "


@pytest.mark.parametrize(("blocks", "message"), [
    ([["4C3"], ["4C3+1"]], BEYOND),
    ([["4C3", "4C3+2"]], BEYOND),
    ([["4C3", "6C3+1"]], f"{ADDS}4 x 4 x 4, and must have 4 x 4 x 6 as it has itself; change one of them"),
    ([["2C3", "8C3S2+1"]], f"{ADDS}4 x 4 x 2, and must have 2 x 2 x 8 as it has itself; change one of them"),
    ([["2C3", "32+1"]], f"{ADDS}4 x 4 x 2, and must have 32 neurons as it has itself; change one of them"),
    ([["8R", "8+1"]], f"{ADDS}8 recurrent neurons, and must have 8 neurons as it has itself; change one of them"),
])
def test_currents_that_cannot_be_added(blocks, message):
    config = Config.model_validate({"network": {"blocks": blocks}})
    with pytest.raises(SnnfpgaError) as caught:
        initialise(config, torch.ones(2, 3, 32), 2, (4, 4, 2))
    assert (str(caught.value), caught.value.exit_code) == (message, 2)


def test_what_is_added_makes_balanced_weights_smaller():
    """So that the currents of every layer are as spread as the threshold asks for, and not more layer by layer."""
    generator = torch.Generator().manual_seed(1)
    events = (torch.rand(20, 64, 32, generator=generator) < 0.3).float()
    config = Config.model_validate({"network": {"blocks": [[64] + ["64+1"] * 5]}})
    spec = initialise(config, events, 3).spec.blocks[0]
    network = initialise(config, events, 3)
    flows, spreads = Flows(frozenset(range(6))), []
    for layer, weights in zip(spec.layers, network.integers()[0].layers, strict=True):
        current = from_below(layer, weights.detach(), events, flows)
        spreads.append(float(current.square().mean().sqrt()) / layer.neuron.threshold)
        events = integrate(current, torch.zeros(64, 64), layer.neuron.threshold, layer)[0]
    assert spreads == pytest.approx([1.0] + [1.25] * 5, abs=0.3)
