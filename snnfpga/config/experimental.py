"""Options that are experimental: tested, and measured once by ``benchmarks/options.py``, and no more than that."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """A value of a key of the configuration.

    Attributes
    ----------
    setting
        As ``--set`` takes it.
    what
        What it does.
    source
        Where it comes from.
    """

    setting: str
    what: str
    source: str


OPTIONS = (
    Option("learning.select=top", "only a window's steps of largest error learn", "after ST-BPTT, BioCAS 2024"),
    Option("learning.skip", "steps with the fewest spikes give no gradient", "Singh et al. 2022, MICRO"),
    Option("learning.loss=squared_margin", "squared errors, but none for being surer", "after Chen, Li 2021"),
    Option("learning.traces.post_of=spikes", "S-TLLR's second trace is of spikes", "Apolinario, Roy 2025, TMLR"),
    Option("learning.feedback=random", "errors come back through fixed signs", "Lillicrap et al. 2016"),
    Option("learning.feedback=square", "errors come back through square waves", "Apolinario et al. 2025, WACV"),
    Option("learning.feedback=sign", "only the sign of an error comes back", "Frenkel, Lefebvre, Bol 2021 (sDFA)"),
    Option("learning.feedback=labels", "the label comes back, no error", "Frenkel, Lefebvre, Bol 2021"),
    Option("learning.feedback=dfa", "a block's error goes to each of its layers directly", "Nøkland 2016"),
    Option("learning.feedback=global-dfa", "the last error goes to every layer directly", "Nøkland 2016"),
    Option("training.schedule=cosine-restarts", "the rate starts again each period", "Eshraghian et al. 2022, AICAS"),
    Option("training.optimiser=bso", "weights of one bit flip, no float weights", "BSO 2025, ICML"),
    Option("training.optimiser=t-bso", "the same, by the spread of the gradients", "T-BSO 2025, ICML"),
    Option("training.neuron_drop", "neurons that are silent for a batch", "structured dropout, NeurIPS 2021"),
    Option("training.warm_epochs", "first the same weights as a network of rates", "tandem learning, Wu et al. 2023"),
    Option("training.distill", "a trained network's answer beside the labels", "HSD 2024, arXiv 2409.12507"),
    Option("data.coding=phase", "a value's bits, one a step", "Kim, Kim, Huh, Lee, Choi 2018"),
    Option("data.coding=sigma-delta", "a sigma-delta modulator of second order", "Yoon 2017"),
)
