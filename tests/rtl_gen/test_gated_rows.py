import pytest

from rtl_gen.contract.declared import engines_of
from rtl_gen.contract.engines.readout import Readout
from rtl_gen.contract.plan import plan_of
from rtl_gen.gated_rows import GatedRows
from sim.runner import simulate
from tests.folded_networks import dense, folded_spec
from tests.networks import network_spec

from .cases import handed, on_both

CASES = {name: network_spec(sizes=(size,), lanes=4, classes_per_cycle=1)
         for name, size in (("three groups", 11), ("one group", 4))}


@on_both(CASES, verilator="three groups", slow=["one group"])
def test_a_bit_for_each_neuron(case, simulator, tmp_path):
    spec = CASES[case]
    simulate(GatedRows(spec.blocks[0]), bench="sim.benches.gated_rows", build_dir=tmp_path, simulator=simulator,
             environment=handed(spec))


@pytest.mark.parametrize("spec", [
    network_spec(classes_per_cycle=4), network_spec(classes_per_cycle=1, lanes=1),
    network_spec(classes_per_cycle=1, learning=False), folded_spec(dense(9, 8), dense(8, 6), learning=True)])
def test_where_no_row_is_passed_over_there_is_nothing(spec):
    """With a part a row, one lane, no learning, or more than a layer."""
    assert Readout(plan_of(spec.blocks[0])).gated is None
    assert not any(memory.name == "gated" and memory.width > 1 for memory in engines_of(spec.blocks[0]).memories)


def test_cycles_of_rows():
    """Rows of neurons without a gate take one cycle of four."""
    spec = CASES["three groups"]
    readout = Readout(plan_of(spec.blocks[0]))
    gated = [True, False, False, True, *[False] * 7]
    assert readout.walk_cycles(11) == 11 * readout.walk.parts == 44
    assert (readout.walk_cycles(4, gated), readout.walk_cycles(11, gated)) == (10, 17)
    assert readout.feedback_cycles(0) - readout.feedback_cycles(0, gated) == 2 * 3
    assert readout.feedback_cycles(2) - readout.feedback_cycles(2, gated) == 9 * 3
