"""The bench of whole blocks finds wrong what joins the engines that learn."""

import numpy as np

from ..cases import handed
from ..mutation import Target, folder, mutant_test, unchanged_test
from .test_learning_block import CASES, GAINS

__all__ = ["folder"]


def block(case):
    spec = CASES[case]
    return Target(lambda package: package("folded.block").FoldedBlock(spec, 0), "sim.benches.block",
                  {**handed(spec), "SNNFPGA_DUTY": "1.0", "SNNFPGA_STEPS": "2", "SNNFPGA_TIMEOUT_US": "400"},
                  {"samples": np.array(12), "density": np.array(0.3), "gain": np.array(GAINS.get(case, 0.7))})


TARGETS = {name: block(name) for name in ("two-layers", "three-dense")}
LEARNING, LINES = "folded/learning.py", "folded/reach_lines.py"

# A name, whether the quick run has it, the target that finds it, and one text of one file replaced.
MUTANTS = {
    "weights of the update in the reverse pass": (False, "two-layers", LEARNING, "Mux(found.busy, ", "Mux(0, "),
    "masks forgotten as the update begins": (False, "three-dense", LEARNING, "m.d.comb += update.start.eq(1)",
                                             "m.d.comb += [update.start.eq(1), update.forget.eq(1)]"),
    "lines of the first layer": (False, "three-dense", LINES, "line.eq(by_layer(self.layer, starts))", "line.eq(0)"),
}


test_an_unchanged_copy_passes = unchanged_test(TARGETS)
test_a_mutant_is_found = mutant_test(TARGETS, MUTANTS)
