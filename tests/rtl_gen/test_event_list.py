import numpy as np

from rtl_gen.event_list import EventList
from sim.runner import simulate

from .cases import on_both

CASES = {"not a power of two": (13, 3), "a power of two": (8, 4), "one input": (1, 2)}     # inputs, classes


@on_both(CASES, verilator="not a power of two")
def test_matches_a_list(case, simulator, tmp_path):
    indices, classes = CASES[case]
    simulate(EventList(indices, classes), bench="sim.benches.event_list", build_dir=tmp_path, simulator=simulator,
             arrays={"indices": np.array(indices), "classes": np.array(classes)})
