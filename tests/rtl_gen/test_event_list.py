import numpy as np

from rtl_gen.event_list import EventList
from sim.runner import simulate

from .cases import on_both

# Inputs, classes, events read in a cycle, and the number of the first in its pair.
CASES = {"not a power of two": (13, 3, 1, 0), "a power of two": (8, 4, 1, 0), "one input": (1, 2, 1, 0),
         "pairs": (13, 3, 2, 0), "behind a bias": (8, 4, 2, 1), "one input behind a bias": (1, 2, 2, 1)}


@on_both(CASES)
def test_matches_a_list(case, simulator, tmp_path):
    indices, classes, reads, first = CASES[case]
    simulate(EventList(indices, classes, reads=reads, first=first), bench="sim.benches.event_list",
             build_dir=tmp_path, simulator=simulator,
             arrays={"indices": np.array(indices), "classes": np.array(classes), "reads": np.array(reads),
                     "first": np.array(first)})
