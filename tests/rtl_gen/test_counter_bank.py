import json

import pytest

from rtl_gen.counter_bank import CounterBank
from sim.runner import simulate


@pytest.mark.parametrize(("largest", "bits"), [((1, 2), 5), ((1, 16, 3, 1, 42), 8)])
def test_counts(icarus, tmp_path, largest, bits):
    bank = CounterBank({f"c{n}": most for n, most in enumerate(largest)}, bits=bits)
    simulate(bank, bench="sim.benches.counter_bank", build_dir=tmp_path, simulator=icarus,
             environment={"LARGEST": json.dumps(largest), "BITS": str(bits)})
