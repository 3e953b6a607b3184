"""What of folded blocks has no hardware is refused by its name, with the nearest that has."""

from dataclasses import replace

import pytest

from rtl_gen.contract.limits import hardware_refusals
from rtl_gen.contract.residual import ResidualSpec
from tests.folded_networks import conv, dense, folded_spec, pool
from tests.networks import changed

GROUPED = conv(4, 4, 2, 4, 3)
LARGEST = {"leak_shift": 2, "reading": "maximum", "accumulate": "cumulative"}
GROUPED = replace(GROUPED, synapses=replace(GROUPED.synapses, groups=2))


def directed(spec, **directives):
    (block,) = spec.blocks
    return replace(spec, blocks=(replace(block, directives=replace(block.directives, **directives)),))


@pytest.mark.parametrize("spec", [
    folded_spec(conv(4, 4, 2, 5, 3)), folded_spec(dense(9, 8), dense(8, 7)), folded_spec(dense(9, 8, recurrent=True)),
    folded_spec(conv(3, 3, 2, 6, 2, pool=pool("or", 2, 6, 6, 2)), learning=True),
    folded_spec(dense(9, 8, weight_bits=1), learning=True), folded_spec(dense(9, 8), answer="last", learning=True),
    folded_spec(conv(5, 5, 2, 6, 2), readout_pool=pool("sum", 2, 4, 4, 6), learning=True),
    folded_spec(dense(9, 8), dense(8, 8, residual=ResidualSpec(below=1, shift=0, own_shift=1)), learning=True),
    folded_spec(dense(9, 8, threshold_shift=0), dense(8, 8), learning=True),
    folded_spec(conv(4, 4, 2, 5, 3), learning=True, **LARGEST),
    directed(folded_spec(dense(9, 8), dense(8, 7), learning=True, **LARGEST), classes_per_cycle=1),
    directed(folded_spec(dense(9, 8), dense(8, 7), **LARGEST), classes_per_cycle=2)])
def test_what_folded_engines_serve_is_not_refused(spec):
    assert hardware_refusals(spec) == ()


@pytest.mark.parametrize(("spec", "line", "places", "change"), [
    (folded_spec(GROUPED),
     "Convolutions in hardware must have groups of 1, and block 0 has more; take groups 1, or evaluate it on torch or "
     "the reference", ("block 0 layer 0",), "groups of 1"),
    (folded_spec(dense(9, 8), changed(dense(8, 7), weights__bits=4)),
     "Layers of a block in hardware must have the same weight bits, not 8, 4 as block 0; make them equal, or make "
     "blocks of the layers", ("block 0",), "the same weight bits in all layers of a block"),
    (folded_spec(dense(9, 8), changed(dense(8, 7), weights__shadow_bits=1)),
     "Layers of a block in hardware must have the same shadow bits, not 4, 1 as block 0; make them equal, or make "
     "blocks of the layers", ("block 0",), "the same shadow bits in all layers of a block"),
    (folded_spec(dense(9, 8), changed(dense(8, 7), neuron__membrane_bits=10)),
     "Layers of a block in hardware must have the same membrane bits, not 12, 10 as block 0; make them equal, or make "
     "blocks of the layers", ("block 0",), "the same membrane bits in all layers of a block"),
    (folded_spec(*(dense(3, 3) for _ in range(513))),
     "A block in hardware must have at most 512 layers, not 513 as block 0 has; make two blocks of it", ("block 0",),
     "blocks of at most 512 layers"),
    (folded_spec(conv(4, 3, 2, 5, 1), dense(60, 60, residual=ResidualSpec(below=1, shift=0, own_shift=1))),
     "Layers in hardware that add currents of an earlier one must lie on a grid of the same pixels, and layer 1 of "
     "block 0 has 1 where the other has 12; evaluate it on torch or the reference", ("block 0 layer 1",),
     "layers of one grid"),
    (directed(folded_spec(conv(4, 4, 2, 5, 3)), reads=2),
     "A block that is not one layer of each input at each neuron must read 1 weight word in a cycle, not 2 as block 0; "
     "take 1 read", ("block 0",), "reads 1"),
    (directed(folded_spec(dense(9, 8), dense(8, 7), learning=True), unroll=True),
     "A block that is not one layer of each input at each neuron must not unroll its window, and block 0 does; take "
     "unroll false", ("block 0",), "unroll false"),
    (directed(folded_spec(conv(4, 4, 2, 5, 3), learning=True, **LARGEST), classes_per_cycle=2),
     "A readout that is read by maximum must, in a block that is to learn on chip, walk 1 class per cycle, not 2 as "
     "block 0; take 1, or none", ("readout of block 0",), "classes_per_cycle 1"),
    (folded_spec(dense(9, 8), readout_pool=pool("sum", 2, 2, 4, 1), learning=True),
     "A readout that pools a grid must, in a block that is to learn on chip, pool the grid that the last layer is, and "
     "that of block 0 pools another; take none, or hardware.learning false for the block, or evaluate it on torch or "
     "the reference", ("readout of block 0",), "a readout that pools the layer's own grid"),
    (folded_spec(dense(9, 8), conv(2, 4, 1, 3, 1), learning=True),
     "What reads a layer as a grid must, in a block that is to learn on chip, read the grid that the layer is, and "
     "what reads layer 0 of block 0 has another; cut the block there, or evaluate it on torch or the reference",
     ("block 0 layer 0",), "grids that are the layers' own")])
def test_what_they_do_not_is_refused(spec, line, places, change):
    found = hardware_refusals(spec)
    assert [refusal.line for refusal in found] == [line]
    assert (found[0].places, found[0].change) == (places, change)


def test_a_folded_block_learns_by_the_engine_that_is_built_for_it(monkeypatch):
    monkeypatch.setattr("rtl_gen.contract.block.kinds_in", lambda folder: ("another", "none", "reverse"))
    (found,) = hardware_refusals(directed(folded_spec(dense(9, 8), dense(8, 7), learning=True), engine="another"))
    assert found.line == ("A block that is not one layer of each input at each neuron must learn by the engine "
                          "reverse, not another as block 0; take reverse")
