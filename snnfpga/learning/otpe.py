"""Online training with post-synaptic estimates, in its approximation that needs no state a synapse.

Summe, Schaefer, Joshi: Estimating post-synaptic effects for online training of feed-forward SNNs, 2023. A spike goes on
in the membrane above it: what a weight has done to spikes is summed with the leak,

    R[t] = decay * R[t-1] + psi_i[t] * pre_j[t]        approximated by        mean psi_i[t] * q_j[t]
    q_j[t] = pre_j[t] + decay * q_j[t-1]

with the mean of psi over the steps, weighted as those of the sum are; it stands for psi in the signal of the layers
below too. Exact where psi does not change.
"""

from functools import partial

from .online import HONOURS, REFUSES, StepLearner, check_step_rule
from .rule import Rule
from .step_formula import step_formula
from .traces import Traces

LEARN = StepLearner(Traces(pre="leak", effects=True), "network")

RULE = Rule(
    name="otpe",
    source="Summe, Schaefer, Joshi 2023 (approximate OTPE)",
    keeps="one step of events; two traces for each input, a mean for each neuron; membranes",
    costs="backpropagation through the layers in each selected step; a multiply for each synapse",
    honours=HONOURS | {"traces.restart"},
    refuses=f"{REFUSES}, feedback dfa",
    recurrent=True, experimental=True,
    check=partial(check_step_rule, name="otpe", signal="network"),
    step_labels=True, learn=LEARN, formula=step_formula(LEARN))
