"""Which case of a component runs on which simulator."""

import json
from collections.abc import Iterable

import pytest

from rtl_gen.contract.spec import NetworkSpec
from sim.bench import SPEC_VARIABLE


def on_both(cases: Iterable[str], verilator: str):
    """Every case on Icarus, which builds at once; on Verilator, which takes seconds to, the one named."""
    cases = list(cases)
    assert verilator in cases, f"no case {verilator!r}"
    pairs = [(case, "icarus") for case in cases] + [(verilator, "verilator")]
    return pytest.mark.parametrize(("case", "simulator"), pairs, indirect=["simulator"])


def handed(spec: NetworkSpec) -> dict[str, str]:
    """Environment by which a bench gets the network of a component that holds only a part of it."""
    return {SPEC_VARIABLE: json.dumps(spec.to_dict())}
