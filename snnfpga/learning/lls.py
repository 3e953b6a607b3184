"""Local learning by signals that are synthesised at fixed places: no trace, no path through time, none through layers.

Apolinario, Roy, Kosta, Roy: LLS: local learning rule for deep neural networks inspired by neural activity
synchronization, WACV 2025. Its basis is a waveform for each class; with ``network.readout=fixed`` it is one of signs.
"""

from functools import partial

from .online import HONOURS, REFUSES, StepLearner, check_step_rule
from .rule import Rule
from .step_formula import step_formula
from .traces import Traces

LEARN = StepLearner(Traces(), "block")

RULE = Rule(
    name="lls",
    source="Apolinario et al. 2025, WACV",
    keeps="one step of events and gates; membranes",
    costs="the readout's product in each selected step",
    honours=HONOURS,
    refuses=REFUSES,
    check=partial(check_step_rule, name="lls", signal="block"),
    step_labels=True, learn=LEARN, formula=step_formula(LEARN))
