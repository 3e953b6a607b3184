"""One block, all engines together, against the reference."""

import numpy as np
import pytest

from rtl_gen.block import Block
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.limits import check_hardware
from sim.runner import simulate
from tests.networks import network_spec

from .cases import on_both

CASES = {
    "learned-nearest": dict(),
    "ahead": dict(ahead=5, window=2, sizes=(9,)),
    "learned-stochastic": dict(rounding="stochastic", shadow_bits=0, rate_shift=5, readout_rate_shift=4),
    "fixed-stochastic": dict(learned=False, rounding="stochastic"),
    "one-lane-one-step": dict(lanes=1, window=1, sizes=(7,)),
    "triangle-zero-reset": dict(lanes=16, window=3, surrogate="triangle", surrogate_width=4, surrogate_height=5,
                                reset="zero", leak_shift=None, bias=False, accumulate="cumulative", loss_steps=2,
                                error_function="hard_sigmoid"),
    "every-other-window": dict(lanes=8, window=2, update_interval=2, sizes=(40,), inputs=30),
    "frozen": dict(learning=False, lanes=2),
    "currents": dict(learning=False, current=CurrentSpec(bits=10, leak_shifts=(1, -4)), threshold=120,
                     readout_leak_shift=2, reset_amount=137),
    "currents-learn": dict(current=CurrentSpec(bits=10, leak_shifts=(1, -4)), threshold=120, window=5, reset="zero",
                           classes_per_cycle=1),
    "currents-unrolled": dict(current=CurrentSpec(bits=12, leak_shifts=(2,)), threshold=120, window=3, unroll=True,
                              rounding="stochastic", lanes=3, leak_shifts=(2, -4, 6)),
    "signed-shifts": dict(leak_shifts=(2, -4, 6), window=5, rounding="stochastic"),
    "five-lanes": dict(lanes=5, window=3, sizes=(18,), reset="zero", classes_per_cycle=1),
    "two-reads": dict(reads=2, sizes=(18,), window=3, update_interval=2, classes_per_cycle=1),
    "two-reads-no-bias": dict(reads=2, lanes=8, bias=False, rounding="stochastic", shadow_bits=0, rate_shift=5),
    "signs": dict(weight_bits=1, readout_weight_bits=1, threshold=3, membrane_bits=8, surrogate_width=3, shadow_bits=4,
                  rounding="stochastic", window=3, bias=False),
    "last-answer": dict(answer="last", window=3, loss_steps=2, accumulate="cumulative", sizes=(9,)),
    "levels": dict(readout_leak_shift=2, window=5, loss_steps=3, sizes=(9,), readout_rate_shift=6, feedback_shift=2,
                   classes_per_cycle=2),
    "last-level": dict(readout_leak_shift=1, reading="last", accumulate="cumulative", window=3, learned=False,
                       current=CurrentSpec(bits=10, leak_shifts=(1, -4)), threshold=120, unroll=True),
    "largest-level": dict(readout_leak_shift=2, reading="maximum", accumulate="cumulative", window=5, sizes=(9,),
                          classes=3, readout_rate_shift=6, feedback_shift=2, rounding="stochastic", logit_shift=5),
    "saturating": dict(membrane_bits=8, threshold=60, shadow_bits=4, rate_shift=0, readout_rate_shift=0, dead_zone=20),
}
# Stalls on every port: of the source and of both sinks.
DUTIES = {"learned-stochastic": "0.5", "two-reads": "0.5", "every-other-window": "0.5"}


# Groups that are nearly full, and one that is more padding than neurons; no power of two.
SLOW_CASES = {
    "three-lanes": dict(lanes=3, sizes=(20,), update_interval=2),
    "many-lanes": dict(lanes=128, sizes=(150,), inputs=8, window=2, reads=2),
    "forty-lanes": dict(lanes=40, sizes=(50,), window=2, rounding="stochastic", shadow_bits=0, rate_shift=5),
}

# Each is met in another case, or in benches of the engines, or on Verilator, too.
LONG = (*SLOW_CASES, "learned-nearest", "fixed-stochastic", "one-lane-one-step", "every-other-window", "currents",
        "signed-shifts", "two-reads-no-bias", "last-answer")


@on_both(CASES | SLOW_CASES, verilator="learned-nearest", slow=LONG)
def test_matches_reference(case, simulator, tmp_path):
    spec = network_spec(**(CASES | SLOW_CASES)[case])
    simulate(Block(spec, 0), bench="sim.benches.block", build_dir=tmp_path, simulator=simulator,
             environment={"SNNFPGA_DUTY": DUTIES.get(case, "1.0")},
             arrays={"samples": np.array(20), "density": np.array(0.3), "gain": np.array(0.5)})


def test_a_window_longer_than_a_sample_is_refused():
    with pytest.raises(SpecError, match=r"^Window of block 0 must be in 1..3, the longest sample, not 4$"):
        network_spec(window=4, max_steps=3)


@pytest.mark.parametrize(("spec", "message"), [
    (network_spec(sizes=(3,) * 17),
     "A network in hardware must have at most 16 blocks, not 17; run it on torch or the reference"),
    (network_spec(inputs=65537, sizes=(3,)),
     "A block in hardware must have at most 65536 inputs and neurons, not 65537 as block 0 has; make it smaller")])
def test_what_indices_cannot_tell_apart_is_refused(spec, message):
    with pytest.raises(SpecError) as caught:
        check_hardware(spec)
    assert str(caught.value) == message
