"""Deep continuous local learning: a local readout in each block, and the presynaptic trace of the neuron.

Kaiser, Mostafa, Neftci: Synaptic plasticity dynamics for deep continuous local learning (DECOLLE), Frontiers in
Neuroscience 14:424, 2020. Its neuron filters its input twice, ours once, so that there is one trace and not two; its
readouts are random and fixed, ``network.readout=fixed``. ``learning.error_threshold`` updates only where an error
is larger (Payvand, Fouda, Kurdahi, Eltawil, Neftci: Error-triggered three-factor learning dynamics, 2019).
"""

from functools import partial

from .online import HONOURS, REFUSES, StepLearner, check_step_rule
from .rule import Rule
from .step_formula import step_formula
from .traces import Traces

LEARN = StepLearner(Traces(pre="leak"), "block")

RULE = Rule(
    name="decolle",
    source="Kaiser, Mostafa, Neftci 2020, Frontiers in Neuroscience 14:424",
    keeps="one step of events and gates; a trace for each input; membranes",
    costs="the readout's product in each selected step; a multiply for each synapse",
    honours=HONOURS | {"traces.restart", "error_threshold"},
    refuses=f"{REFUSES}, feedback labels with error_threshold",
    check=partial(check_step_rule, name="decolle", signal="block"),
    step_labels=True, learn=LEARN, formula=step_formula(LEARN))
