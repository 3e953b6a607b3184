from rtl_gen.contract.current import CurrentSpec
from rtl_gen.forward import ForwardEngine
from sim.runner import simulate
from tests.networks import network_spec

from .cases import handed, on_both

CASES = {
    "five groups": network_spec(sizes=(18,), lanes=4, inputs=11, update_interval=2, window=3, loss_steps=2),
    "three groups": network_spec(sizes=(12,), lanes=4, window=4, loss_steps=1, reset="zero", bias=False, classes=3),
    "two groups": network_spec(sizes=(11,), lanes=8, window=2, surrogate="triangle", surrogate_width=3,
                               surrogate_height=7),
    "one group": network_spec(sizes=(5,), lanes=16, leak_shift=None, shadow_bits=0, threshold=100),
    "one lane": network_spec(inputs=1, sizes=(3,), lanes=1, window=1, classes=2, membrane_bits=8, threshold=90,
                             leak_shift=1),
    "signed shifts": network_spec(sizes=(14,), lanes=4, window=3, membrane_bits=10, threshold=100,
                                  leak_shifts=(3, -5, 7)),
    "reset amount": network_spec(sizes=(10,), lanes=4, window=2, membrane_bits=8, threshold=60, reset_amount=95),
    "two reads": network_spec(sizes=(18,), lanes=4, inputs=11, update_interval=2, window=3, loss_steps=2, reads=2),
    "two reads, no bias": network_spec(sizes=(11,), lanes=8, inputs=10, window=2, bias=False, reads=2),
    "two reads of one input": network_spec(inputs=1, sizes=(3,), lanes=1, window=1, classes=2, membrane_bits=8,
                                           threshold=90, leak_shift=1, reads=2),
    "currents": network_spec(sizes=(26,), lanes=4, window=3, learning=False, current=CurrentSpec(
        bits=9, leak_shifts=(1, -4)), leak_shifts=(3, -5, 7), threshold=100),
    "currents of one group": network_spec(sizes=(5,), lanes=8, reset="zero", learning=False, leak_shift=None,
                                          current=CurrentSpec(bits=12, leak_shifts=(2,)), threshold=150,
                                          membrane_bits=9),
    "currents of two reads": network_spec(sizes=(10,), lanes=2, reads=2, learning=False, threshold=150, bias=False,
                                          current=CurrentSpec(bits=9, leak_shifts=(2, 3, -4))),
    "signs": network_spec(sizes=(11,), lanes=4, window=3, weight_bits=1, threshold=3, membrane_bits=6,
                          surrogate_width=3),
    "signs, two reads, no bias": network_spec(inputs=9, sizes=(11,), lanes=4, window=3, weight_bits=1, shadow_bits=0,
                                              threshold=2, membrane_bits=6, surrogate_width=3, bias=False, reads=2),
    "frozen": network_spec(sizes=(9,), lanes=2, learning=False, membrane_bits=8, threshold=127, reset="zero",
                           surrogate="triangle", surrogate_width=0, surrogate_height=3),
}


# Each is met in another case too.
@on_both(CASES, slow=("two groups", "two reads of one input", "currents of one group", "signs, two reads, no bias"))
def test_matches_reference(case, simulator, tmp_path):
    spec = CASES[case]
    simulate(ForwardEngine(spec.blocks[0]), bench="sim.benches.forward", build_dir=tmp_path, simulator=simulator,
             environment=handed(spec))
