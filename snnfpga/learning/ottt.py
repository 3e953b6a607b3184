"""Online training through time: the presynaptic trace has the neuron's own leak.

Xiao, Meng, Zhang, He, Lin: Online training through time for spiking neural networks, NeurIPS 2022, equation 7.
``learning.update=window`` updates after every step (its OTTT-O), ``sample`` after the last (OTTT-A).
"""

from functools import partial

from .online import HONOURS, REFUSES, StepLearner, check_step_rule
from .rule import Rule
from .step_formula import step_formula
from .traces import Traces

LEARN = StepLearner(Traces(pre="leak"), "network")

RULE = Rule(
    name="ottt",
    source="Xiao et al. 2022, NeurIPS (update sample: OTTT-A, window: OTTT-O)",
    keeps="one step of events and gates; a trace for each input; membranes",
    costs="backpropagation through the layers in each selected step; a multiply for each synapse",
    honours=HONOURS | {"traces.restart"},
    refuses=f"{REFUSES}, feedback dfa",
    recurrent=True,
    check=partial(check_step_rule, name="ottt", signal="network"),
    step_labels=True, learn=LEARN, formula=step_formula(LEARN))
