"""S-TLLR: causal and non-causal traces, a temporal local learning rule inspired by spike-timing dependent plasticity.

Apolinario, Roy: S-TLLR: STDP-inspired temporal local learning rule for spiking neural networks, TMLR 2025. The factors
are those of its DVS Gesture runs; ``learning.traces`` changes them, ``learning.select=last`` restricts the signal to
the last steps as its experiments do. Psi is the network's own surrogate.
"""

from functools import partial

from .online import HONOURS, REFUSES, TRACES, StepLearner, check_step_rule
from .rule import Rule
from .step_formula import step_formula
from .traces import Traces

LEARN = StepLearner(Traces(pre=0.75, post=0.2, alpha_pre=1.0, alpha_post=-1.0), "network")

RULE = Rule(
    name="s-tllr",
    source="Apolinario, Roy 2025, TMLR",
    keeps="one step of events and gates; a trace for each input and for each neuron; membranes",
    costs="backpropagation through the layers in each selected step; a multiply for each synapse, an addition more "
          "where an event came",
    honours=HONOURS | TRACES,
    refuses=f"{REFUSES}, feedback dfa",
    recurrent=True,
    check=partial(check_step_rule, name="s-tllr", signal="network"),
    step_labels=True, learn=LEARN, formula=step_formula(LEARN))
