"""TESS: the traces of S-TLLR with a signal that each block makes itself.

Apolinario, Roy, Frenkel: TESS: a scalable temporally and spatially local learning rule for spiking neural networks,
IJCNN 2025. Its signal goes through fixed signs, ``network.readout=fixed``; with one layer a block nothing is
backpropagated. The factors are those of its event data runs, whose non-causal term is off.
"""

from functools import partial

from .online import HONOURS, REFUSES, TRACES, StepLearner, check_step_rule
from .rule import Rule
from .step_formula import step_formula
from .traces import Traces

LEARN = StepLearner(Traces(pre=0.5, post=0.2), "block")

RULE = Rule(
    name="tess",
    source="Apolinario, Roy, Frenkel 2025, IJCNN",
    keeps="one step of events and gates; a trace for each input and for each neuron; membranes",
    costs="the readout's product in each selected step; a multiply for each synapse",
    honours=HONOURS | TRACES,
    refuses=REFUSES,
    check=partial(check_step_rule, name="tess", signal="block"),
    step_labels=True, learn=LEARN, formula=step_formula(LEARN))
