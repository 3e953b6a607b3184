"""Spatial learning through time: no gradient through time at all.

Meng, Xiao, Yan, Wang, Lin, Luo: Towards memory- and time-efficient backpropagation for training spiking neural
networks, ICCV 2023. ``learning.select=random`` with ``selected_steps=K`` is its SLTT-K.
"""

from functools import partial

from .online import HONOURS, REFUSES, StepLearner, check_step_rule
from .rule import Rule
from .step_formula import step_formula
from .traces import Traces

LEARN = StepLearner(Traces(), "network")

RULE = Rule(
    name="sltt",
    source="Meng et al. 2023, ICCV (select random: SLTT-K)",
    keeps="one step of events and gates; membranes",
    costs="backpropagation through the layers in each selected step",
    honours=HONOURS,
    refuses=f"{REFUSES}, feedback dfa",
    check=partial(check_step_rule, name="sltt", signal="network"),
    step_labels=True, learn=LEARN, formula=step_formula(LEARN))
