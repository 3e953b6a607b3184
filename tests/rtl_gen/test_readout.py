from rtl_gen.readout import Readout
from sim.runner import simulate
from tests.grids import grid_spec
from tests.networks import network_spec

from .cases import handed, on_both

CASES = {
    "stochastic": network_spec(sizes=(18,), lanes=4, window=4, loss_steps=3, classes=5, rounding="stochastic",
                               shadow_bits=0, readout_rate_shift=5, feedback_shift=1, classes_per_cycle=2),
    "nearest": network_spec(sizes=(9,), lanes=8, window=3, classes=2, shadow_bits=4, readout_rate_shift=6,
                            update_interval=2, error_function="hard_sigmoid", dead_zone=40, logit_shift=5,
                            feedback_shift=3, classes_per_cycle=1),
    "fixed": network_spec(sizes=(12,), lanes=2, window=3, loss_steps=2, classes=5, learned=False,
                          accumulate="cumulative", logit_shift=-2, dead_zone=60, classes_per_cycle=3),
    "a row a cycle": network_spec(sizes=(11,), lanes=4, window=2, classes=7, readout_rate_shift=4,
                                  classes_per_cycle=64),
    "one neuron": network_spec(sizes=(1,), lanes=1, window=1, classes=3, readout_rate_shift=0, logit_shift=4),
    "levels summed": network_spec(sizes=(9,), lanes=4, learning=False, readout_leak_shift=2, loss_steps=2,
                                  shadow_bits=4),
    "last level": network_spec(sizes=(7,), lanes=4, learning=False, readout_leak_shift=1, reading="last",
                               accumulate="cumulative", learned=False),
    "largest level": network_spec(sizes=(9,), lanes=2, learning=False, readout_leak_shift=3, reading="maximum",
                                  accumulate="cumulative"),
    "levels summed learn": network_spec(sizes=(9,), lanes=4, window=5, readout_leak_shift=2, loss_steps=3, classes=3,
                                        rounding="stochastic", shadow_bits=2, readout_rate_shift=5),
    "last level learns": network_spec(sizes=(7,), lanes=4, window=3, readout_leak_shift=1, reading="last",
                                      accumulate="cumulative", update_interval=2, readout_rate_shift=4,
                                      classes_per_cycle=1),
    "largest level learns": network_spec(sizes=(9,), lanes=4, window=5, readout_leak_shift=2, reading="maximum",
                                         accumulate="cumulative", rounding="stochastic", shadow_bits=2, logit_shift=6,
                                         readout_rate_shift=5, feedback_shift=3),
    "largest level at once": network_spec(sizes=(6,), lanes=4, window=1, readout_leak_shift=1, reading="maximum",
                                          accumulate="cumulative", classes=3, readout_rate_shift=4, logit_shift=5),
    "largest level, fixed": network_spec(sizes=(7,), lanes=2, window=4, update_interval=2, readout_leak_shift=3,
                                         reading="maximum", accumulate="cumulative", learned=False, logit_shift=1),
    "largest level, every other window": network_spec(
        sizes=(9,), lanes=4, window=3, update_interval=2, readout_leak_shift=2, reading="maximum", classes=3,
        accumulate="cumulative", rounding="stochastic", shadow_bits=2, readout_rate_shift=5, logit_shift=5),
    "answer of the last window": network_spec(sizes=(9,), lanes=4, window=3, loss_steps=2, answer="last",
                                              accumulate="cumulative", classes_per_cycle=2),
    "answer of the last window alone": network_spec(sizes=(7,), lanes=4, window=2, answer="last", learned=False),
    "last answer of one that runs": network_spec(sizes=(7,), lanes=4, window=3, answer="last", learning=False),
    "last answer of levels": network_spec(sizes=(9,), lanes=4, window=3, learning=False, readout_leak_shift=2,
                                          answer="last"),
    "squares counted": grid_spec(grid=(4, 4, 2), filters=6, kernel=3, padding=1, readout_pool=("sum", 2), lanes=4,
                                 window=3, loss_steps=2, classes=3, readout_rate_shift=6, classes_per_cycle=2,
                                 rounding="stochastic", shadow_bits=2),
    "squares cut off": grid_spec(grid=(5, 4, 1), filters=3, kernel=2, readout_pool=("or", 2), lanes=4, window=2,
                                 classes=3, learned=False, dead_zone=20),
    "cut squares": grid_spec(grid=(3, 3, 1), filters=5, kernel=1, readout_pool=("sum", 2, True), lanes=2, window=2,
                             classes=2, readout_rate_shift=5, answer="last"),
    "a row a neuron of places": grid_spec(grid=(3, 2, 2), filters=5, kernel=1, lanes=4, window=2, classes=3,
                                          readout_rate_shift=4),
    "squares of one that runs": grid_spec(grid=(4, 4, 1), filters=3, kernel=1, readout_pool=("or", 3, True), lanes=4,
                                          learning=False, classes=3),
    "signs": network_spec(sizes=(9,), lanes=4, window=3, classes=5, readout_weight_bits=1, shadow_bits=4,
                          readout_rate_shift=4, rounding="stochastic", classes_per_cycle=2),
    "signs that run": network_spec(sizes=(9,), lanes=4, classes=3, readout_weight_bits=1, learning=False),
    "frozen": network_spec(sizes=(7,), lanes=4, learning=False),
}


# Each is met in another case too.
@on_both(CASES, slow=("one neuron", "answer of the last window alone",
                      "a row a neuron of places", "squares of one that runs", "signs that run", "frozen",
                      "largest level at once", "largest level, fixed", "largest level, every other window"))
def test_matches_reference(case, simulator, tmp_path):
    spec = CASES[case]
    simulate(Readout(spec, 0), bench="sim.benches.readout",
             build_dir=tmp_path, simulator=simulator, environment=handed(spec))
