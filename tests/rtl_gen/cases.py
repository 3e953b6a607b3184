"""Which case of a component runs on which simulator."""

import json
from collections.abc import Iterable

import pytest

from rtl_gen.contract.spec import NetworkSpec
from sim.bench import SPEC_VARIABLE


def on_both(cases: Iterable[str], verilator: str | None = None, slow: Iterable[str] = ()):
    """Every case on both simulators; in the fast suite on Icarus, which builds at once, and the one named on
    Verilator, which takes seconds to: what holds other components, whose cases are on Icarus alone there, names one.
    Cases named ``slow`` are not in the fast suite, but for that on Verilator.
    """
    cases, slow, named = list(cases), set(slow), {verilator} - {None}
    assert named <= set(cases), f"no case {verilator!r}"
    assert slow <= set(cases), f"no cases {slow - set(cases)}"
    pairs = [pytest.param(case, simulator, marks=(pytest.mark.slow,) * (case not in fast))
             for simulator, fast in (("icarus", set(cases) - slow), ("verilator", named)) for case in cases]
    return pytest.mark.parametrize(("case", "simulator"), pairs, indirect=["simulator"])


def verilator_slow(test):
    """A test of one case on both simulators; in the fast suite on Icarus alone."""
    both = ["icarus", pytest.param("verilator", marks=pytest.mark.slow)]
    return pytest.mark.parametrize("simulator", both, indirect=True)(test)


def handed(spec: NetworkSpec) -> dict[str, str]:
    """Environment by which a bench gets the network of a component that holds only a part of it."""
    return {SPEC_VARIABLE: json.dumps(spec.to_dict())}
