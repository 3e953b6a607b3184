import numpy as np

from rtl_gen.addresses import WeightAddress
from sim.runner import simulate

from .cases import on_both

CASES = {"13 rows": (13, 3), "16 rows": (16, 4), "one group": (5, 1), "one row": (1, 6)}    # rows, groups


@on_both(CASES)
def test_both_walks(case, simulator, tmp_path):
    rows, groups = CASES[case]
    simulate(WeightAddress(rows, groups), bench="sim.benches.addresses", build_dir=tmp_path, simulator=simulator,
             arrays={"rows": np.array(rows), "groups": np.array(groups)})
